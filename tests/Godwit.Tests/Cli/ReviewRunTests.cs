using System.Diagnostics;
using System.Text.Json;

namespace Godwit.Tests.Cli;

/// <summary>Reviews as users run them: real git and real sandboxes, and a reviewer whose replies lie in a mailbox.</summary>
public sealed class ReviewRunTests : AgentRunFixture
{
    private const string Right = "def clamp(value, low, high):\n    return max(low, min(high, value))\n";
    private const string Wrong = "def clamp(value, low, high):\n    return max(low, min(low, value))\n";

    private const string First = "change-reviewer-1-1-1";

    private const string Open = """{"calls": [{"name": "read", "arguments": {"path": "clamp.py"}}]}""";

    private const string Review = """
        {"calls": [{"name": "submit", "arguments": {"words": "The upper bound is wrong.", "findings": [
          {"file": "clamp.py", "line": 2, "priority": "P3", "claim": "No documentation", "trigger": "reading"},
          {"file": "clamp.py", "line": 2, "priority": "P1", "claim": "It crashes on None", "trigger": "clamp(None, 0, 5)",
           "command": "python3 -c 'import clamp; clamp.clamp(None, 0, 5)'"},
          {"file": "clamp.py", "line": 2, "priority": "P1", "claim": "What is too large becomes the lower bound", "trigger": "clamp(9, 0, 5)",
           "command": "python3 -c 'import clamp; assert clamp.clamp(9, 0, 5) == 5'"}]}}]}
        """;

    [Fact]
    public void Review_OneFindingIsRight_ThatOneIsShownFirstAndFailsTheCommand()
    {
        var folder = Changed();
        var mailbox = Mailbox(($"{First}-001.reply.json", Open), ($"{First}-002.reply.json", Review));
        var (markdown, sarif) = (Path.Combine(folder.Path, "..", "findings.md"), Path.Combine(folder.Path, "..", "findings.sarif"));
        var (exit, output, error) = Command.Run(
            "review", "main", "--mailbox", mailbox, "--check", "python3 -c 'import clamp'", "--fail-on", "P1", "--markdown", markdown, "--sarif", sarif,
            "--json");
        Assert.True(exit == 3, error);
        var review = JsonDocument.Parse(output).RootElement;
        var findings = review.GetProperty("findings").EnumerateArray().ToList();
        Assert.Equal([false, false, true], findings.Select(one => one.GetProperty("blocks").GetBoolean()));
        Assert.Contains("it was there before", findings[1].GetProperty("reason").GetString()!, StringComparison.Ordinal);
        Assert.Equal("passed", review.GetProperty("checks")[0].GetProperty("verdict").GetString());
        Assert.Contains("Take the lower bound twice", Requests(mailbox), StringComparison.Ordinal);

        var told = File.ReadAllText(markdown);
        Assert.True(told.IndexOf("becomes the lower bound", StringComparison.Ordinal) < told.IndexOf("crashes on None", StringComparison.Ordinal));
        Assert.Contains("(exit codes without, with: 0 0 0, 1 1 1)", told, StringComparison.Ordinal);
        var results = JsonDocument.Parse(File.ReadAllText(sarif)).RootElement.GetProperty("runs")[0].GetProperty("results").EnumerateArray().ToList();
        Assert.Equal(["shown error", "not-shown note", "remark note"], results.Select(one => $"{one.GetProperty("ruleId")} {one.GetProperty("level")}"));
        var place = results[0].GetProperty("locations")[0].GetProperty("physicalLocation");
        Assert.Equal("clamp.py", place.GetProperty("artifactLocation").GetProperty("uri").GetString());
        Assert.Equal(2, place.GetProperty("region").GetProperty("startLine").GetInt32());

        var run = review.GetProperty("run").GetString()!;
        Assert.Equal(told, Command.Run("report", run, "--markdown").Output);
        Assert.Equal(File.ReadAllText(sarif), Command.Run("report", run, "--sarif").Output.TrimEnd('\n'));
        Assert.Contains("yes: its command passes without the change", File.ReadAllText(review.GetProperty("report").GetString()!), StringComparison.Ordinal);
        Assert.Contains($"Review of HEAD against main", Command.Run("list").Output, StringComparison.Ordinal);
    }

    /// <summary>What isn't committed is reviewed as it stands, and nothing of the user's is touched.</summary>
    [Fact]
    public void Review_Uncommitted_SeesNewFilesAndNotIgnoredOnes()
    {
        var folder = Repository();
        File.WriteAllText(Path.Combine(folder.Path, "clamp.py"), Wrong);
        File.WriteAllText(Path.Combine(folder.Path, "added.txt"), "new\n");
        File.Delete(Path.Combine(folder.Path, "old.txt"));
        File.WriteAllText(Path.Combine(folder.Path, ".git", "info", "exclude"), "secret.txt\n");
        File.WriteAllText(Path.Combine(folder.Path, "secret.txt"), "sesame\n");
        var (status, objects) = (folder.Git("status", "--porcelain"), folder.Git("count-objects"));
        var mailbox = Mailbox(
            (
                $"{First}-001.reply.json",
                """
                {"calls": [{"name": "read", "arguments": {"path": "clamp.py"}}, {"name": "read", "arguments": {"path": "added.txt"}},
                  {"name": "list", "arguments": {}}]}
                """),
            ($"{First}-002.reply.json", """{"calls": [{"name": "submit", "arguments": {"words": "I see nothing.", "findings": []}}]}"""));
        var (exit, output, error) = Command.Run(
            "review", "--uncommitted", "--mailbox", mailbox, "--check", "python3 -c 'import clamp; assert clamp.clamp(9, 0, 5) == 5'", "--fail-on", "P0",
            "--json");

        // No reviewer says so, and a check that the change has broken is enough.
        Assert.True(exit == 3, error);
        var review = JsonDocument.Parse(output).RootElement;
        Assert.Equal("failed", review.GetProperty("checks")[0].GetProperty("verdict").GetString());
        var asked = Requests(mailbox);
        Assert.Contains("+++ b/added.txt", asked, StringComparison.Ordinal);
        Assert.Contains("--- a/old.txt\n+++ /dev/null", asked, StringComparison.Ordinal);
        Assert.DoesNotContain("secret.txt", asked, StringComparison.Ordinal);
        Assert.Equal((status, objects), (folder.Git("status", "--porcelain"), folder.Git("count-objects")));
    }

    [Fact]
    public async Task Review_Stopped_IsTakenUp()
    {
        Changed();
        var mailbox = Mailbox(($"{First}-001.reply.json", Open));
        var sarif = Path.Combine(Command.WorkingFolder, "..", "findings.sarif");
        using var started = Command.Start("review", "main", "--mailbox", mailbox, "--fail-on", "P1", "--sarif", sarif, "--json");
        var waited = Stopwatch.StartNew();
        while (!File.Exists(Path.Combine(mailbox, $"{First}-002.request.md")) && waited.Elapsed < TimeSpan.FromSeconds(60))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        // The mailbox is the first's as long as it lives: another would take its replies.
        var second = Command.Run("review", "main", "--mailbox", mailbox);
        Assert.Contains("is another run's, which hasn't ended; give each run a folder of its own", second.Error, StringComparison.Ordinal);
        Assert.Equal(1, second.Exit);
        started.Kill();
        await started.WaitForExitAsync(TestContext.Current.CancellationToken);
        var runs = Directory.GetDirectories(Path.Combine(Command.Home, "runs")).Select(folder => Path.GetFileName(folder));
        var run = runs.Single(id => !second.Error.Contains(id, StringComparison.Ordinal));
        Answer(mailbox, ($"{First}-002.reply.json", Review));
        var (exit, output, error) = Command.Run("resume", run, "--json");

        // What it was started with holds after a resume, too.
        Assert.True(exit == 3, error);
        Assert.Equal(3, JsonDocument.Parse(output).RootElement.GetProperty("findings").GetArrayLength());
        var written = JsonDocument.Parse(File.ReadAllText(sarif)).RootElement.GetProperty("runs")[0];
        Assert.True(written.GetProperty("invocations")[0].GetProperty("executionSuccessful").GetBoolean());
    }

    /// <summary>A change that takes tests away, or changes what accepts work, isn't clean without a word.</summary>
    [Fact]
    public void Review_TestsTakenAwayAndAcceptanceChanged_IsSaid()
    {
        const string Test = "import unittest\nclass T(unittest.TestCase):\n    def test_one(self): pass\n    def test_two(self): pass\n";
        const string Goal = """
            goal: A clamp
            playbook: build
            protected: [accept]
            checks: [{name: unit, run: python3 -m unittest test_clamp}]
            acceptance: [{id: A1, says: It clamps, run: python3 accept/clamp.py}]
            """;
        Command.WorkingFolder = Command.Folder("repository", ("test_clamp.py", Test), ("godwit.yaml", Goal));
        Command.Folder("repository/accept", ("clamp.py", "assert False\n"));
        var folder = GitFolder.Of(Command.WorkingFolder);
        folder.Git("checkout", "-q", "-b", "change");
        File.WriteAllText(Path.Combine(folder.Path, "test_clamp.py"), Test.Replace("    def test_two(self): pass\n", "", StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(folder.Path, "accept", "clamp.py"), "pass\n");
        folder.Commit("Loosen");
        const string Read = """
            {"calls": [{"name": "read", "arguments": {"path": "test_clamp.py"}}, {"name": "read", "arguments": {"path": "accept/clamp.py"}}]}
            """;
        const string Fine = """{"calls": [{"name": "submit", "arguments": {"words": "Fine.", "findings": []}}]}""";
        var mailbox = Mailbox(($"{First}-001.reply.json", Read), ($"{First}-002.reply.json", Fine));
        var (exit, _, error) = Command.Run("review", "main", "--mailbox", mailbox, "--fail-on", "P1");
        Assert.True(exit == 3, error);
        Assert.Contains("'unit' ran 1 tests, and the base ran 2", error, StringComparison.Ordinal);
        Assert.Contains("it changes accept/clamp.py, which the goal file protects from tasks", error, StringComparison.Ordinal);
    }

    /// <summary>A model that can't be reached is told of while it is waited for; a review that couldn't be carried out isn't a clean one.</summary>
    [Fact]
    public void Review_ModelCantBeReached_IsSaidWhileItIsTriedAndIsNoCleanReview()
    {
        Changed();
        Directory.CreateDirectory(Command.Home);
        File.WriteAllText(
            Path.Combine(Command.Home, "models.yaml"),
            "providers: {x: {url: \"http://127.0.0.1:9/v1\"}}\nmodels: {m: {provider: x, id: m, input: 1, output: 1}}\nroles: {reviewer: [m]}\n");
        var sarif = Path.Combine(Command.Home, "findings.sarif");
        var (exit, _, error) = Command.Run("review", "main", "--time", "8s", "--sarif", sarif);
        Assert.Equal(1, exit);
        Assert.Contains("models   x can't be reached: Connection refused (127.0.0.1:9); trying again", error, StringComparison.Ordinal);
        var told = JsonDocument.Parse(File.ReadAllText(sarif)).RootElement.GetProperty("runs")[0].GetProperty("invocations")[0];
        Assert.False(told.GetProperty("executionSuccessful").GetBoolean());
        Assert.Contains("it was not reviewed", told.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name the commit to compare with, such as 'godwit review main', or give --uncommitted")]
    [InlineData("nothing differs between main and main, so there is nothing to review", "main", "main")]
    [InlineData("has no commit 'nowhere'", "nowhere")]
    [InlineData("--uncommitted reviews the files as they stand; leave the second commit out", "main", "change", "--uncommitted")]
    [InlineData("--reviewers is 9, and must be 1 to 8", "main", "--reviewers", "9")]
    [InlineData("--sarif /nowhere/x.sarif can't be written: Could not find a part of the path", "main", "--sarif", "/nowhere/x.sarif")]
    [InlineData("--markdown /tmp can't be written", "main", "--markdown", "/tmp")]
    [InlineData("main has no godwit.yaml; leave --goal out, or name a file that it has", "main", "--goal", ".")]
    public void Review_AskedWrongly_SaysWhatAndLeavesNothing(string words, params string[] arguments)
    {
        Changed();
        var (exit, _, error) = Command.Run(["review", .. arguments, "--mailbox", Mailbox()]);
        Assert.NotEqual(0, exit);
        Assert.Contains(words, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.False(Directory.Exists(Path.Combine(Command.Home, "runs")) && Directory.EnumerateDirectories(Path.Combine(Command.Home, "runs")).Any());
    }

    private static string Requests(string mailbox) =>
        string.Concat(Directory.EnumerateFiles(mailbox, "*.request.md").Order(StringComparer.Ordinal).Select(File.ReadAllText));

    private GitFolder Changed()
    {
        var folder = Repository();
        folder.Git("checkout", "-q", "-b", "change");
        File.WriteAllText(Path.Combine(folder.Path, "clamp.py"), Wrong);
        folder.Commit("Take the lower bound twice");
        return folder;
    }

    private GitFolder Repository() => GitFolder.Of(Command.WorkingFolder = Command.Folder("repository", ("clamp.py", Right), ("old.txt", "o\n")));
}
