using System.Text.Json.Nodes;

namespace Godwit.Tests.Cli;

/// <summary>Branches that are landed as users do it: real git and real sandboxes.</summary>
public sealed class LandRunTests : IDisposable
{
    private const string Add = "def add(a, b):\n    return a + b\n";
    private const string Tests = "import unittest, calc\nclass Add(unittest.TestCase):\n    def test_add(self):\n        self.assertEqual(calc.add(1, 2), 3)\n";
    private const string Check = "python3 -m unittest discover -s tests -t .";

    private readonly Program _command = new();

    public void Dispose() => _command.Dispose();

    [Fact]
    public void Land_GoodBadAndConflictingBranches_LandsTheGoodOnesWithEvidence()
    {
        var folder = Repository();
        folder.Branch("one", "one.txt", "1\n");
        folder.Branch("bad", "calc.py", "def add(a, b):\n    return a - b\n");
        folder.Branch("other-one", "one.txt", "eins\n");
        folder.Branch("two", "calc.py", "def add(a, b):\n    return b + a\n");
        var main = folder.Git("rev-parse", "HEAD");
        var (exit, output, error) = _command.Run("land", "one", "bad", "other-one", "two^{commit}", "--check", Check, "--json");
        Assert.True(exit == 3, error);
        var run = JsonNode.Parse(output)!;
        Assert.Equal("verified", run["state"]!.ToString());
        Assert.Equal(
            ["one True", "two^{commit} True", "bad False", "other-one False"],
            run["branches"]!.AsArray().Select(one => $"{one!["name"]} {one["landed"]!.GetValue<bool>()}"));
        Assert.Contains("conflicts with what was landed before it in one.txt", run["branches"]![3]!["reason"]!.ToString(), StringComparison.Ordinal);
        Assert.Contains("AssertionError: -1 != 3", run["branches"]![2]!["reason"]!.ToString(), StringComparison.Ordinal);

        var (id, branch) = (run["run"]!.ToString(), run["branch"]!.ToString());
        Assert.Equal(main, folder.Git("rev-parse", "HEAD"));
        Assert.Equal("1\n", folder.Git("show", $"{branch}:one.txt"));
        Assert.Equal("def add(a, b):\n    return b + a\n", folder.Git("show", $"{branch}:calc.py"));
        Assert.Contains("Write one.txt for one", folder.Git("log", "--format=%s", branch), StringComparison.Ordinal);
        var signers = Path.Combine(_command.Home, "runs", id, "evidence", "allowed_signers");
        Assert.Equal(
            "G Land two^{commit}\nG Land one\nN base\n",
            folder.Git("-c", $"gpg.ssh.allowedSignersFile={signers}", "log", "--first-parent", "--format=%G? %s", branch));

        var evidence = run["evidence"]!.ToString();
        var told = _command.Run("verify", evidence);
        Assert.Equal(0, told.Exit);
        Assert.Contains("Left out: bad at", told.Output, StringComparison.Ordinal);
        var envelope = JsonNode.Parse(File.ReadAllText(evidence))!;
        var payload = Convert.FromBase64String(envelope["payload"]!.ToString());
        var changed = System.Text.Encoding.UTF8.GetString(payload).Replace("\"bad\"", "\"sad\"", StringComparison.Ordinal);
        envelope["payload"] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(changed));
        File.WriteAllText(evidence + ".changed", envelope.ToJsonString() + "\n");
        Assert.Contains("changed", _command.Run("verify", evidence + ".changed").Error, StringComparison.Ordinal);

        Assert.Equal(0, _command.Run("apply", id).Exit);
        Assert.Equal("1\n", File.ReadAllText(Path.Combine(folder.Path, "one.txt")));
        Assert.Contains("2 of 4 branches landed", _command.Run("report", id, "--markdown").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Land_BaseIsRed_StopsWithThatWord()
    {
        var folder = Repository("def add(a, b):\n    return a - b\n");
        folder.Branch("one", "one.txt", "1\n");
        var (exit, _, error) = _command.Run("land", "one", "--check", Check);
        Assert.Equal(1, exit);
        Assert.Contains("the base is red: check-1 failed: AssertionError: -1 != 3", error, StringComparison.Ordinal);
    }

    /// <summary>A branch that takes tests away passes by what is left of them, and isn't landed; and a resume ends as the run would have.</summary>
    [Fact]
    public void Land_TestsTakenAway_IsLeftOutAndAResumeSaysSo()
    {
        var folder = Repository();
        File.WriteAllText(Path.Combine(folder.Path, "tests", "test_more.py"), Tests);
        folder.Commit("Test it twice");
        folder.Branch("weak", "tests/test_more.py", "import unittest\n");
        folder.Branch("fine", "fine.txt", "1\n");
        var (exit, _, error) = _command.Run("land", "weak", "fine", "--check", Check);
        Assert.True(exit == 3, error);
        Assert.Contains("fine     landed as", error, StringComparison.Ordinal);
        Assert.Matches("weak     .* ran 1 tests, and the base ran [2-9]", error);
        Assert.Equal(3, _command.Run("resume", "last").Exit);
    }

    /// <summary>A goal file of the base says what must pass, its tests among it, whatever a branch makes of them.</summary>
    [Fact]
    public void Land_GoalFile_ItsChecksAndTestsHold()
    {
        var folder = Repository(goal: $$"""
            goal: A calculator
            playbook: build
            tests: ["tests/**"]
            checks: [{name: unit, run: {{Check}}}]
            acceptance: [{id: A1, says: It adds, run: "python3 -c 'import calc; assert calc.add(2, 2) == 4'", keep: yes}]
            """);
        folder.Branch("loosened", "tests/test_calc.py", "import unittest\n");
        folder.Branch("kept", "calc.py", "def add(a, b):\n    return 3\n");
        folder.Branch("more", "tests/test_more.py", Tests);
        var (exit, output, error) = _command.Run("land", "loosened", "kept", "more", "--json");
        Assert.True(exit == 3, error);
        var branches = JsonNode.Parse(output)!["branches"]!.AsArray();
        Assert.Equal(["more True", "kept False", "loosened False"], branches.Select(one => $"{one!["name"]} {one["landed"]!.GetValue<bool>()}"));
        Assert.Contains("A1 failed", branches[1]!["reason"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal("it changes tests/test_calc.py, which the goal file protects", branches[2]!["reason"]!.ToString());
        Assert.Contains("check A1 (sha256", _command.Run("verify", JsonNode.Parse(output)!["evidence"]!.ToString()).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nothing says what must pass; give --check \"your tests\"", "one")]
    [InlineData("nothing says what must pass; give --check \"your tests\"", "one", "--build", "true")]
    [InlineData("one is named twice; name each branch once", "one", "one", "--check", "true")]
    [InlineData("main is part of HEAD already; leave it out", "main", "--check", "true")]
    [InlineData("has no commit 'nowhere'", "nowhere", "--check", "true")]
    [InlineData("the base could not be checked: check-1 ", "one", "--check", "no-such-tool")]
    public void Land_AskedWrongly_SaysWhat(string words, params string[] arguments)
    {
        Repository().Branch("one", "one.txt", "1\n");
        var (exit, _, error) = _command.Run(["land", .. arguments]);
        Assert.NotEqual(0, exit);
        Assert.Contains(words, error, StringComparison.Ordinal);
    }

    private GitFolder Repository(string calc = Add, string? goal = null)
    {
        (string, string)[] files = [("calc.py", calc), .. goal is null ? ((string, string)[])[] : [("godwit.yaml", goal)]];
        var path = _command.WorkingFolder = _command.Folder("repository", files);
        _command.Folder(Path.Combine("repository", "tests"), ("__init__.py", ""), ("test_calc.py", Tests));
        return GitFolder.Of(path);
    }
}
