using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Godwit.Tests.Models;

namespace Godwit.Tests.Cli;

/// <summary>Builds as users run them: real git, real sandboxes, and a model server whose replies are scripted.</summary>
public sealed class BuildRunTests : IDisposable
{
    private const string Greet =
        "#!/bin/sh\ntest \"$(sh greet.sh World)\" = 'Hello, World' || { echo \"error: it says $(sh greet.sh World 2>&1)\"; exit 1; }\n";

    private const string Count = "#!/bin/sh\ntest \"$(printf 'a\\nb\\n' | sh count.sh)\" = 2 || { echo error: it counts wrong; exit 1; }\n";

    private const string Plan = """
        {"reason":"two tools","tasks":[
          {"id":"T1","intent":"Write greet.sh, which prints 'Hello, NAME' for its argument.","scope":["greet.sh"],"asserts":["A1"],"share":0.4},
          {"id":"T2","intent":"Write count.sh, which prints how many lines it reads.","scope":["count.sh"],"asserts":["A2"],"share":0.4}]}
        """;

    private const string PlanAgain = """
        {"reason":"again","tasks":[
          {"id":"T1","intent":"Write greet.sh, which prints 'Hello, NAME'.","scope":["greet.sh"],"asserts":["A1"],"share":0.4}]}
        """;

    private const string Clean = """{"words":"I looked at it","findings":[]}""";

    private readonly Program _command = new();
    private readonly List<IDisposable> _servers = [];

    public void Dispose()
    {
        _servers.ForEach(server => server.Dispose());
        _command.Dispose();
    }

    [Fact]
    public void Run_TwoTasks_OneSignedCommitEachAndEvidenceThatHolds()
    {
        var repository = Repository();
        Serve(Usual);
        var run = _command.RunJson("run", repository);
        Assert.Equal("verified", run.GetProperty("state").GetString());
        Assert.All(run.GetProperty("assertions").EnumerateArray(), assertion => Assert.True(assertion.GetProperty("verified").GetBoolean()));
        var (id, branch) = (run.GetProperty("run").GetString()!, run.GetProperty("branch").GetString()!);

        // What the first worker did outside of its scope isn't there, and each commit says who made it.
        Assert.Equal(["accept/count", "accept/greet", "count.sh", "godwit.yaml", "greet.sh"], Lines(repository, "ls-tree", "-r", "--name-only", branch));
        Assert.Equal(Greet.TrimEnd('\n').Split('\n'), Lines(repository, "show", $"{branch}:accept/greet"));
        var folder = Path.Combine(_command.Home, "runs", id);
        var log = string.Join('\n', Lines(
            repository, "-c", $"gpg.ssh.allowedSignersFile={folder}/evidence/allowed_signers", "log", "--format=%G? %an%n%b", $"master..{branch}"));
        Assert.Equal(2, log.Split('\n').Count(line => line.StartsWith("G ", StringComparison.Ordinal)));
        Assert.Contains("Godwit-Task: T1", log, StringComparison.Ordinal);
        Assert.Contains("Godwit-Reviewer: T2-v1-reviewer-1-1-1", log, StringComparison.Ordinal);

        var evidence = Path.Combine(folder, "evidence", $"{id}.evidence.json");
        var (exit, told, _) = _command.Run("verify", evidence);
        Assert.Equal(0, exit);
        Assert.Contains("A1: It greets, was red before", told, StringComparison.Ordinal);
        foreach (var (old, changed) in ((string, string)[])[("T1", "T9"), ("It greets", "It sings"), ("greet", "great"), ("reviewer", "believer")])
        {
            Tamper(evidence, old, changed);
        }

        var text = _command.Run("log", id).Output;
        Assert.Contains("saw    T1: passes on a clean checkout", text, StringComparison.Ordinal);
        Assert.Contains("outside of your scope and not taken", text, StringComparison.Ordinal);
        Assert.Contains("accept/count", text, StringComparison.Ordinal);
        var report = File.ReadAllText(run.GetProperty("report").GetString()!);
        Assert.All(
            (string[])
            [
                "Verified: 2 of 2 assertions verified", "<td class='verified w'>verified", "T1 merged: A1", "aria-label='timeline'",
                "2 reviews, 0 findings", "role reviewer",
            ],
            words => Assert.Contains(words, report, StringComparison.Ordinal));
        Assert.Contains("- **A1** It greets: verified", _command.Run("report", id, "--markdown").Output, StringComparison.Ordinal);
        Assert.Contains("digraph plan", _command.Run("plan", id, "--dot").Output, StringComparison.Ordinal);
        Assert.Contains("T2: Write count.sh", _command.Run("plan", id, "--dot").Output, StringComparison.Ordinal);
    }

    /// <summary>A service runs beside each check, anew each time and on a loopback that no other command shares.</summary>
    [Fact]
    public void Run_ServiceBesideEachCheck_IsFreshReadyAndEnded()
    {
        var repository = Repository(
            "serve.py", """
            import http.server, sys
            class Count(http.server.BaseHTTPRequestHandler):
                asked = 0
                def do_GET(self):
                    Count.asked += self.path == "/count"
                    self.send_response(200); self.end_headers(); self.wfile.write(str(Count.asked).encode())
                def log_message(self, *words): pass
            http.server.HTTPServer(("127.0.0.1", 8123), Count).serve_forever()
            """,
            more: """
            services: [{name: counter, run: python3 serve.py, ready: "python3 -c 'import urllib.request as u; u.urlopen(\"http://127.0.0.1:8123/\")'"}]
            checks:
              - {name: first, run: "test $(python3 -c 'import urllib.request as u; print(u.urlopen(\"http://127.0.0.1:8123/count\").read().decode())') = 1"}
              - {name: second, run: "test $(python3 -c 'import urllib.request as u; print(u.urlopen(\"http://127.0.0.1:8123/count\").read().decode())') = 1"}
            """);
        var server = Serve(Usual);
        var run = _command.RunJson("run", repository);
        Assert.True(run.GetProperty("state").GetString() == "verified", run.ToString());
        Assert.Contains(
            "beside each of them runs counter, started anew: python3 serve.py", string.Join('\n', server.Requests.Select(request => request.ToString())),
            StringComparison.Ordinal);
    }

    /// <summary>Quick checks on each task's work and every tip, slower ones on tips alone, the slowest on the base and the result.</summary>
    [Fact]
    public void Run_ChecksInTiers_EachIsAskedWhereItBelongs()
    {
        Suite.RequireWhole();
        var repository = Repository(more: """
            checks:
              - {name: quick, run: echo quick}
              - {name: middle, run: echo middle, when: batch}
              - {name: slow, run: echo slow, when: final}
            """);
        Serve(Usual);
        var run = _command.RunJson("run", repository);
        Assert.Equal("verified", run.GetProperty("state").GetString());
        var asked = _command.Run("log", run.GetProperty("run").GetString()!).Output.Split('\n')
            .Where(line => line.Contains("'echo ", StringComparison.Ordinal) || line.Contains(" echo ", StringComparison.Ordinal)).ToList();
        int Count(string of, string check) => asked.Count(
            line => line.Contains($" {of} ", StringComparison.Ordinal) && line.Contains($"echo {check}", StringComparison.Ordinal));
        Assert.Equal((1, 1, 1), (Count("base", "quick"), Count("base", "middle"), Count("base", "slow")));
        Assert.Equal((1, 0, 0), (Count("T1", "quick"), Count("T1", "middle"), Count("T1", "slow")));
        Assert.Equal(0, Count("tip", "slow"));
        Assert.True(Count("tip", "middle") >= 1, string.Join('\n', asked));
        Assert.Equal((1, 1, 1), (Count("result", "quick"), Count("result", "middle"), Count("result", "slow")));
    }

    [Fact]
    public void Run_ServiceThatIsNeverReady_BlamesNobodysWork()
    {
        var repository = Repository(more: "services: [{name: db, run: echo no such table >&2; exit 3, ready: 'false'}]\nchecks: [{name: unit, run: 'true'}]");
        Serve(Usual);
        var (exit, _, error) = _command.Run("run", repository);
        Assert.Equal(1, exit);
        Assert.Contains("the base could not be checked: unit", error, StringComparison.Ordinal);
        Assert.Contains("service db isn't ready: no such table", error, StringComparison.Ordinal);
    }

    /// <summary>The branch is pushed to where the repository came from, and a pull request is opened by the forge's own program.</summary>
    [Fact]
    public void Run_DeliverPr_IsPushedAndProposedOnce()
    {
        var repository = Repository(more: "deliver: pr");
        Serve(Usual);
        const string Gh = "#!/bin/sh\n[ \"$2\" = view ] && { echo no pull requests found >&2; exit 1; }\n" +
            "printf '%s\\n' \"$@\" > \"$(dirname \"$0\")/asked\"\n" +
            "echo Creating; echo https://forge.example/pull/7\n";
        var bin = _command.Folder("bin", ("gh", Gh));
        Assert.Contains("needs a remote 'origin'", WithPath(bin, "run", repository).Error, StringComparison.Ordinal);
        var remote = _command.Folder("remote");
        Lines(remote, "init", "-q", "--bare");
        Lines(repository, "remote", "add", "origin", remote);
        var (exit, output, error) = WithPath(bin, "run", repository, "--json");
        Assert.True(exit == 0, error);
        var run = JsonDocument.Parse(output).RootElement;
        Assert.Equal("https://forge.example/pull/7", run.GetProperty("pull_request").GetString());
        var branch = run.GetProperty("branch").GetString()!;
        Assert.Equal(run.GetProperty("commit").GetString(), Lines(remote, "rev-parse", branch).Single());
        var asked = File.ReadAllText(Path.Combine(bin, "asked"));
        Assert.StartsWith($"pr\ncreate\n--head\n{branch}\n--base\nmaster\n--title\nA greeter and a counter\n--body\n", asked, StringComparison.Ordinal);
        Assert.Contains("- **A1** It greets", asked, StringComparison.Ordinal);
        Assert.Contains("| T1 | T1-v1-worker-1-1 | m | 1 | 0 |", asked, StringComparison.Ordinal);
    }

    /// <summary>What the forge refuses takes nothing from what was verified.</summary>
    [Fact]
    public void Run_ForgeRefuses_StaysVerifiedAndSaysWhy()
    {
        Suite.RequireWhole();
        var repository = Repository(more: "deliver: pr");
        Serve(Usual);
        var bin = _command.Folder("bin", ("gh", "#!/bin/sh\necho 'gh: not logged in' >&2; exit 4\n"));
        var remote = _command.Folder("remote");
        Lines(remote, "init", "-q", "--bare");
        Lines(repository, "remote", "add", "origin", remote);
        var (exit, _, error) = WithPath(bin, "run", repository);
        Assert.Equal(0, exit);
        Assert.Contains("2 of 2 assertions verified", error, StringComparison.Ordinal);
        Assert.Contains("no pull request was opened: gh pr failed: gh: not logged in", error, StringComparison.Ordinal);
    }

    private (int Exit, string Output, string Error) WithPath(string folder, params string[] arguments)
    {
        _command.Environment["PATH"] = $"{folder}:{Environment.GetEnvironmentVariable("PATH")}";
        return _command.Run(arguments);
    }

    /// <summary>Who builds on another's work starts when its contract is there, and sees nothing of what is hidden.</summary>
    [Fact]
    public void Run_ContractAndHiddenAssertion_ContractIsMergedFirstAndTheHiddenIsSeenByTheVerifierAlone()
    {
        var repository = Repository(
            "secret/check", "#!/bin/sh\n# sesame\ntest \"$(sh greet.sh 'A B')\" = 'Hello, A B' || { echo error: it sings; exit 1; }\n",
            more: "hidden: [secret]", hidden: "  - {id: A3, says: It greets any name, run: ./secret/check, hidden: yes}");
        var server = Serve(agent => agent switch
        {
            { IsPlanner: true } => Submit(
                """
                {"reason":"a word that both use","tasks":[
                  {"id":"T1","intent":"Write greet.sh, which takes its word from word.sh.","scope":["greet.sh","word.sh"],"asserts":["A1","A3"],
                   "provides":[{"name":"word","files":["word.sh"]}],"share":0.4},
                  {"id":"T2","intent":"Write count.sh.","scope":["count.sh"],"needs":["word"],"asserts":["A2"],"share":0.4}]}
                """),
            { IsReviewer: true } => Review(agent),
            { Turn: 0, Words: var words } when words.Contains("Write only what others", StringComparison.Ordinal) => new ScriptedReply(
                null, ("write", """{"path":"word.sh","content":"word=Hello\n"}"""), ("write", """{"path":"greet.sh","content":"too early"}""")),
            { Turn: 0, Words: var words } when words.Contains("count.sh", StringComparison.Ordinal) => new ScriptedReply(
                null, ("run", """{"command":"echo it has $(cat word.sh); ls secret; cat godwit.yaml; git log --all -p"}"""),
                ("write", """{"path":"count.sh","content":"wc -l\n"}""")),
            { Turn: 0 } => Write("greet.sh", ". ./word.sh\necho \"$word, $1\"\n"),
            _ => Submit("""{"summary":"done"}"""),
        });
        var run = _command.RunJson("run", repository);
        Assert.Equal("verified", run.GetProperty("state").GetString());
        var branch = run.GetProperty("branch").GetString()!;
        Assert.StartsWith("word.sh", Lines(repository, "log", "--reverse", "--format=", "--name-only", $"master..{branch}")[0], StringComparison.Ordinal);
        Assert.Equal("3", Lines(repository, "rev-list", "--count", $"master..{branch}").Single());
        Assert.Equal(["godwit.yaml", "secret/check"], Lines(repository, "ls-tree", "-r", "--name-only", branch, "godwit.yaml", "secret"));

        var told = string.Join('\n', server.Requests.Select(request => request.ToJsonString()));
        Assert.Contains("it has word=Hello", told, StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", told, StringComparison.Ordinal);
        Assert.DoesNotContain("playbook: build", told, StringComparison.Ordinal);
        var id = run.GetProperty("run").GetString()!;
        var evidence = Path.Combine(_command.Home, "runs", id, "evidence", $"{id}.evidence.json");
        Assert.Contains("A3: It greets any name, was red before, hidden from agents", _command.Run("verify", evidence).Output, StringComparison.Ordinal);
    }

    /// <summary>Fifty agents at half a dollar: the bill stays under it, and what couldn't be reviewed for want of money isn't merged.</summary>
    [Fact]
    public void Run_FiftyAgentsAtHalfADollar_BilledAtMostThatAndNothingUnreviewedIsMerged()
    {
        Suite.RequireWhole();
        const int Large = 8;
        const int Tasks = 23;
        var repository = Repository(
            "readme", "x", only: "A2", plan: "plan: auto\nagents: {parallel: 8}",
            more: "budget: {dollars: 0.5, tasks: 40}", hidden: $"  - {{id: A3, says: All are there, run: 'test $(ls made-* | wc -l) = {Tasks}', hidden: yes}}");
        var plan = JsonSerializer.Serialize(new
        {
            reason = "one each",
            tasks = Enumerable.Range(1, Tasks).Select(number => new
            {
                id = $"T{number}",
                intent = $"Write made-{number}.",
                scope = number == 1 ? ["made-1", "count.sh"] : (string[])[$"made-{number}"],
                checks = (string[])[$"test -f made-{number}"],
                asserts = number == 1 ? ["A2"] : number == Tasks ? (string[])["A3"] : [],
                share = number <= Large ? 0.05 : 0.03,
            }),
        });
        var server = Serve(
            agent => agent switch
            {
                { IsPlanner: true, IsReplan: true } => Submit("""{"reason":"enough","tasks":[]}"""),
                { IsPlanner: true } => Submit(plan),
                { IsReviewer: true } => Review(agent),
                { Turn: 0, Words: var words } when words.Contains("Write made-1.", StringComparison.Ordinal) => new ScriptedReply(
                    null, ("write", """{"path":"made-1","content":"x"}"""), ("write", """{"path":"count.sh","content":"wc -l\n"}""")),
                { Turn: 0, Words: var words } => Write($"made-{words.Split("made-")[1].Split('.')[0]}", "x"),
                _ => Submit("""{"summary":"done"}"""),
            },
            inputPrice: 2.6m, maxOutput: 300);
        var run = _command.RunJson("run", repository);
        Assert.True(run.GetProperty("state").GetString() == "not_verified", $"{server.Billed}");
        Assert.InRange(server.Billed, 0.2m, 0.5m);
        Assert.Equal(server.Billed, _command.RunJson("show", "last", "--costs").GetProperty("dollars").GetDecimal());
        var tasks = run.GetProperty("tasks").EnumerateArray().ToList();
        var merged = tasks.Where(task => task.GetProperty("state").GetString() == "merged").Select(task => task.GetProperty("id").GetString()!).ToList();
        Assert.True(merged.Count is > 0 and < Tasks, string.Join(", ", merged));
        var log = _command.Run("log", "last").Output;
        Assert.All(merged, task => Assert.Contains($"{task}-v1-reviewer-1-1-1 ends", log, StringComparison.Ordinal));
        Assert.Contains("it was not reviewed", run.ToString(), StringComparison.Ordinal);
    }

    /// <summary>What a worker starts is held by the worker's scope and by its task's money.</summary>
    [Fact]
    public void Run_AgentBelowAWorker_IsHeldByItsTasksScopeAndMoney()
    {
        var repository = Repository(more: "review: no\nagents: {depth: 1}\nbudget: {dollars: 0.1}");
        Serve(agent => agent switch
        {
            { IsPlanner: true, IsReplan: false } => Submit(Plan),
            { IsPlanner: true } => Submit("""{"reason":"nothing is left to try","tasks":[]}"""),
            { Words: var words, Turn: 0 } when words.Contains("Only greet.sh", StringComparison.Ordinal) => new ScriptedReply(
                null, ("write", """{"path":"greet.sh","content":"echo \"Hello, $1\"\n"}"""), ("write", """{"path":"count.sh","content":"echo 2\n"}""")),
            { Words: var words, Turn: 0 } when words.Contains("greet.sh", StringComparison.Ordinal) =>
                new ScriptedReply(null, ("spawn", """{"goal":"Only greet.sh: let it greet."}""")),
            { Words: var words } when words.Contains("greet.sh", StringComparison.Ordinal) => Submit("""{"summary":"done"}"""),

            // It works on until its task's two fifths are used up; the run's money isn't.
            _ => new ScriptedReply(null, ("run", """{"command":"true"}""")) { OutputTokens = 4000 },
        });
        var run = _command.RunJson("run", repository);
        Assert.Equal("not_verified", run.GetProperty("state").GetString());
        Assert.StartsWith("1 of 2 assertions verified", run.GetProperty("reason").GetString(), StringComparison.Ordinal);
        var log = _command.Run("log", run.GetProperty("run").GetString()!).Output;
        Assert.Contains("saw    T1: passes", log, StringComparison.Ordinal);
        Assert.Contains("the budget of run/T2-v1", log, StringComparison.Ordinal);
        Assert.Contains("outside of your scope and not taken; what the repository has is put back: count.sh", log, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_FindingThatACommandShows_BlocksUntilItIsMended()
    {
        var repository = Repository("greet.sh", "echo \"Hello, $1\"; test -n \"$1\" || exit 2\n", "A2");
        var reviews = 0;
        Serve(agent => agent switch
        {
            { IsPlanner: true } => Submit(
                """
                {"reason":"one","tasks":[
                  {"id":"T2","intent":"Write count.sh, and let greet.sh say so in words.","scope":["*.sh"],"asserts":["A2"],"share":0.4}]}
                """),
            { IsReviewer: true, Turn: 0 } => Open(agent),
            { IsReviewer: true } => Submit(++reviews == 1
                ? """
                  {"words":"w","findings":[
                    {"file":"greet.sh","line":1,"priority":"P1","claim":"an empty name is greeted","trigger":"no argument",
                     "command":"sh greet.sh; test $? = 2"},
                    {"file":"count.sh","line":1,"priority":"P1","claim":"it counts wrong","trigger":"any","command":"exit 0"}]}
                  """
                : Clean),
            { Turn: 0, IsAgain: true } => Write("greet.sh", "test -n \"$1\" || exit 2; echo \"Hello, $1\"\n"),
            { Turn: 0 } => new ScriptedReply(
                null, ("write", """{"path":"greet.sh","content":"echo \"Hello, $1\"\n"}"""), ("write", """{"path":"count.sh","content":"wc -l\n"}""")),
            _ => Submit("""{"summary":"done"}"""),
        });
        var run = _command.RunJson("run", repository);
        Assert.Equal("verified", run.GetProperty("state").GetString());
        var findings = run.GetProperty("findings").EnumerateArray().ToList();
        Assert.Equal([("T2-F1", true, "closed"), ("T2-F2", false, "open")], findings.Select(finding => (
            finding.GetProperty("id").GetString()!, finding.GetProperty("blocks").GetBoolean(), finding.GetProperty("state").GetString()!)));
        Assert.Equal(["test -n \"$1\" || exit 2; echo \"Hello, $1\""], Lines(repository, "show", $"{run.GetProperty("branch").GetString()}:greet.sh"));
    }

    /// <summary>A test that can't fail holds nothing: the work goes back until a check notices a change of it.</summary>
    [Fact]
    public void Run_NewTestThatCantFail_IsSentBackUntilOneCan()
    {
        var repository = Repository(
            "tests/test_old.py", "import unittest\nclass Old(unittest.TestCase):\n    def test_it(self):\n        pass\n", only: "A2",
            more: "tests: [tests]\nreview: no\nchecks: [{name: unit, run: PYTHONPATH=. python3 -m unittest discover -s tests}]");
        const string Test = "import unittest, limit\\nclass New(unittest.TestCase):\\n    def test_it(self):\\n        ";
        static string Written(string test) => $$"""{"path":"tests/test_limit.py","content":"{{Test}}{{test}}\n"}""";
        const string Vacuous = "limit.limit(1, 2, 3); self.assertTrue(True)";
        const string Real = "self.assertEqual([2, 2, 3], [limit.limit(n, 2, 3) for n in (1, 2, 9)])";
        const string Code = "def limit(n, low, high):\\n    if n < low:\\n        return low + 0\\n    return high if n > high else n\\n";
        var server = Serve(agent => agent switch
        {
            { IsPlanner: true } => Submit(
                """{"reason":"one","tasks":[{"id":"T1","intent":"Count and limit.","scope":["*.sh","*.py","tests"],"asserts":["A2"],"share":0.4}]}"""),
            { Turn: 0, IsAgain: true } => new ScriptedReply(null, ("write", Written(Real))),
            { Turn: 0 } => new ScriptedReply(
                null, ("write", """{"path":"count.sh","content":"wc -l\n"}"""), ("write", $$"""{"path":"limit.py","content":"{{Code}}"}"""),
                ("write", Written(Vacuous))),
            _ => Submit("""{"summary":"done"}"""),
        });
        var run = _command.RunJson("run", repository);
        Assert.True(run.GetProperty("state").GetString() == "verified", run.ToString());
        var asked = string.Join('\n', server.Requests.Select(request => request.ToString()));
        Assert.Contains("Nothing holds what you wrote", asked, StringComparison.Ordinal);
        Assert.Contains("limit.py:2\\n- if n \\u003C low:\\n\\u002B if n \\u003E= low:", asked, StringComparison.Ordinal);
        Assert.Contains("saw    T1: a change of limit.py:2 is noticed", _command.Run("log", "last").Output, StringComparison.Ordinal);
        Assert.Equal(2, Lines(repository, "ls-tree", "--name-only", $"{run.GetProperty("branch").GetString()}:tests").Count);
    }

    [Fact]
    public void Run_ReviewThatOpenedNothing_IsNotTaken()
    {
        var repository = Repository(only: "A2");
        var refused = 0;
        Serve(agent => agent switch
        {
            { IsPlanner: true } => Submit("""{"reason":"r","tasks":[{"id":"T1","intent":"Count.","scope":["*.sh"],"asserts":["A2"],"share":0.4}]}"""),
            { IsReviewer: true, Turn: 0 } => Submit(Clean),
            { IsReviewer: true, Turn: 1 } => ++refused == 1 ? Open(agent) : Submit(Clean),
            { IsReviewer: true } => Submit(Clean),
            _ => Usual(agent),
        });
        var run = _command.RunJson("run", repository);
        Assert.Equal("verified", run.GetProperty("state").GetString());
        Assert.Contains("you haven't opened count.sh", _command.Run("log", run.GetProperty("run").GetString()!).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_EachPassesAloneAndBothTogetherDont_TheLaterIsSentBackAndMended()
    {
        var repository = Repository(
            "together", "#!/bin/sh\ntest ! -e one || test ! -e two || { echo error: both are there; exit 1; }\n", null,
            more: "checks: [{name: together, run: ./together}]");
        Serve(agent => agent switch
        {
            { IsPlanner: true } => Submit(Plan.Replace("\"greet.sh\"", "\"greet.sh\",\"one\"", StringComparison.Ordinal)
                .Replace("\"count.sh\"", "\"count.sh\",\"two\"", StringComparison.Ordinal)),
            { IsReviewer: true } => Review(agent),
            { IsAgain: true, Turn: 0 } => new ScriptedReply(null, ("run", """{"command":"rm -f one; ls"}"""), ("run", """{"command":"rm -f two; ls"}""")),
            { Turn: 0, Words: var words } when words.Contains("greet.sh", StringComparison.Ordinal) => new ScriptedReply(
                null, ("write", """{"path":"greet.sh","content":"echo \"Hello, $1\"\n"}"""), ("write", """{"path":"one","content":"1"}""")),
            { Turn: 0 } => new ScriptedReply(
                null, ("write", """{"path":"count.sh","content":"wc -l\n"}"""), ("write", """{"path":"two","content":"2"}""")),
            _ => Submit("""{"summary":"done"}"""),
        });
        var run = _command.RunJson("run", repository);
        Assert.Equal("verified", run.GetProperty("state").GetString());
        var files = Lines(repository, "ls-tree", "--name-only", run.GetProperty("branch").GetString()!);
        Assert.Single(files.Intersect(["one", "two"]));
        Assert.Single(run.GetProperty("tasks").EnumerateArray(), task => task.GetProperty("round").GetInt32() == 2);
    }

    [Fact]
    public async Task Run_PlanWaits_IsRefusedEditedAndCarriedOut()
    {
        var repository = Repository(more: "plan: ask", plan: "");
        var plans = 0;
        Serve(agent => agent.IsPlanner ? Submit(++plans == 1 ? Plan.Replace("two tools", "first", StringComparison.Ordinal) : Plan) : Usual(agent));
        using var process = _command.Start("run", repository);
        var reading = process.StandardError.ReadToEndAsync();
        var id = await WaitingAsync("first");
        Assert.Contains("waits for you", _command.Run("show", id).Output, StringComparison.Ordinal);
        var (exit, _, problem) = _command.Run("plan", id, "--edit", Path.Combine(repository, "godwit.yaml"));
        Assert.Equal(2, exit);
        Assert.Contains("isn't a plan", problem, StringComparison.Ordinal);
        Assert.Equal(0, _command.Run("plan", id, "--refuse", "count first").Exit);
        await WaitingAsync("two tools");

        var plan = JsonNode.Parse(_command.Run("plan", id, "--json").Output)!;
        plan["tasks"]![0]!["depends"] = new JsonArray("T2");
        plan["tasks"]![1]!["share"] = 0.9;
        var file = Path.Combine(_command.Home, "plan.json");
        File.WriteAllText(file, plan.ToJsonString());
        Assert.Contains("the shares make 1.3", _command.Run("plan", id, "--edit", file).Error, StringComparison.Ordinal);
        plan["tasks"]![1]!["share"] = 0.4;
        File.WriteAllText(file, plan.ToJsonString());
        var answered = _command.Run("plan", id, "--edit", file);
        Assert.True(answered.Exit == 0, answered.Error);
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(60)));
        Assert.Contains("verified 2 of 2", await reading, StringComparison.Ordinal);
        Assert.Contains("count first", _command.Run("log", id).Output, StringComparison.Ordinal);
        Assert.Contains("after T2", _command.Run("plan", id).Output, StringComparison.Ordinal);
        var (late, _, why) = _command.Run("plan", id, "--approve");
        Assert.Equal(2, late);
        Assert.Contains("no plan waits for you", why, StringComparison.Ordinal);

        async Task<string> WaitingAsync(string reason)
        {
            for (var tries = 0; tries < 300; tries++)
            {
                if (Directory.Exists(Path.Combine(_command.Home, "runs"))
                    && Directory.GetDirectories(Path.Combine(_command.Home, "runs")) is [var only]
                    && _command.Run("plan", Path.GetFileName(only)) is { Exit: 0, Output: var shown }
                    && shown.Contains(reason, StringComparison.Ordinal))
                {
                    return Path.GetFileName(only);
                }

                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            }

            throw new TimeoutException($"no plan '{reason}' came");
        }
    }

    [Fact]
    public void Run_RecordedAndPlayed_TheSameTreeInTheSameOrderWithoutAModel()
    {
        var repository = Repository();
        var cassette = Path.Combine(_command.Home, "cassette.jsonl");
        var server = Serve(Usual);
        var recorded = _command.RunJson("run", repository, "--record", cassette);
        for (var play = 0; play < 2; play++)
        {
            var asked = server.Requests.Count;
            var (_, output, error) = _command.Run("run", repository, "--cassette", cassette, "--json");
            var played = JsonDocument.Parse(output).RootElement;
            Assert.Equal("verified", played.GetProperty("state").GetString());
            Assert.Contains("each to the request that it was recorded for", error, StringComparison.Ordinal);
            Assert.Equal(asked, server.Requests.Count);
            Assert.Equal(Order(recorded), Order(played));
        }

        // Played beside the requests as they are now, it is the same recording.
        var again = cassette + ".again";
        Assert.Equal(0, _command.Run("run", repository, "--cassette", cassette, "--record", again).Exit);
        Assert.Equal(File.ReadAllLines(cassette).Order(), File.ReadAllLines(again).Order());

        IReadOnlyList<string> Order(JsonElement run) =>
            Lines(repository, "log", "--format=%T %s", $"master..{run.GetProperty("branch").GetString()}");
    }

    [Theory]
    [InlineData("the base is red", "checks: [{name: all, run: 'echo error: broken; exit 1'}]", "./accept/greet")]
    [InlineData("the base could not be checked", "checks: [{name: all, run: nosuchtool}]", "./accept/greet")]
    [InlineData("zero tests ran on the base", "checks: [{name: all, run: 'echo Ran 0 tests in 0.0s'}]", "./accept/greet")]
    [InlineData("A1 holds on the base already", "", "true")]
    [InlineData("A1 can't be asked", "", "./accept/nosuch")]
    [InlineData("A1 can't be asked: 'python3 accept/nosuch.py' runs accept/nosuch.py, which isn't there", "", "python3 accept/nosuch.py")]
    [InlineData("A1 can't be asked: accept/greet has a syntax error", "", "python3 accept/greet")]
    [InlineData("A1 runs no test on the base", "", "echo 1..0; exit 1")]
    [InlineData("there is no plan: the run's time is used up", "budget: {time: 10ms}", "./accept/greet")]
    public void Run_NothingToBuildOn_SaysWhyAndAsksNoModel(string reason, string more, string assertion)
    {
        var repository = Repository(more: more, assertion: assertion);
        var asked = 0;
        Serve(_ =>
        {
            asked++;
            return Submit(Clean);
        });
        var (exit, _, error) = _command.Run("run", repository);
        Assert.Equal(1, exit);
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.Equal(0, asked);
    }

    [Fact]
    public void Run_WorkerSaysThatItsTaskIsWrong_TheWorkIsPlannedAnew()
    {
        var repository = Repository();
        Serve(agent => agent switch
        {
            { IsPlanner: true, IsReplan: false } => Submit(Plan.Replace("\"greet.sh\"", "\"salute.sh\"", StringComparison.Ordinal)),
            { IsPlanner: true } => Submit(PlanAgain),
            { IsReviewer: true } => Review(agent),
            { Words: var words } when words.Contains("salute.sh", StringComparison.Ordinal) =>
                Submit("""{"summary":"nothing","wrong":"A1 asks greet.sh, which isn't in my scope"}"""),
            _ => Usual(agent),
        });
        var run = _command.RunJson("run", repository);
        Assert.Equal("verified", run.GetProperty("state").GetString());
        Assert.Equal(2, run.GetProperty("plan_version").GetInt32());
        Assert.Contains("A1 asks greet.sh", _command.Run("log", run.GetProperty("run").GetString()!).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_WorkerThatNeverGetsItRight_EndsPartialAndSaysWhatHolds()
    {
        Suite.RequireWhole();
        var repository = Repository();
        Serve(agent => agent switch
        {
            { IsPlanner: true, IsReplan: false } => Submit(Plan),
            { IsPlanner: true } => Submit(PlanAgain),
            { IsReviewer: true } => Review(agent),
            { Turn: 0, Words: var words } when words.Contains("greet.sh", StringComparison.Ordinal) => Write("greet.sh", "echo Bye\n"),
            { Turn: 0 } => Write("count.sh", "wc -l\n"),
            _ => Submit("""{"summary":"done","checks":[{"command":"./accept/greet","passed":true}]}"""),
        });
        var run = _command.RunJson("run", repository);
        Assert.Equal("not_verified", run.GetProperty("state").GetString());
        Assert.StartsWith("1 of 2 assertions verified at commit", run.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Contains("it says Bye", run.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Lines(repository, "branch"), line => line.Contains("godwit/", StringComparison.Ordinal));
        Assert.Equal(3, run.GetProperty("plan_version").GetInt32());
    }

    [Fact]
    public async Task Run_Killed_ResumesToTheSameTreeAndPaysNothingTwice()
    {
        var repository = Repository();
        var server = Serve(Usual);
        var tree = Tree(_command.RunJson("run", repository).GetProperty("branch").GetString()!);
        var replies = server.Requests.Count;
        server.Requests.Clear();
        var known = Directory.GetDirectories(Path.Combine(_command.Home, "runs")).ToHashSet();
        var gate = new SemaphoreSlim(0);
        server.Hold = agent => agent.Words.Contains("count.sh", StringComparison.Ordinal) && agent.IsReviewer ? gate : null;
        using (var process = _command.Start("run", repository))
        {
            while (!server.IsHolding)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            }

            process.Kill();
            process.WaitForExit();
        }

        server.Hold = _ => null;
        gate.Release(100);
        var id = Path.GetFileName(Directory.GetDirectories(Path.Combine(_command.Home, "runs")).Except(known).Single());
        var run = _command.RunJson("resume", id);
        Assert.Equal("verified", run.GetProperty("state").GetString());
        Assert.Equal(tree, Tree(run.GetProperty("branch").GetString()!));
        Assert.InRange(server.Requests.Count, replies, replies + 2);

        string Tree(string branch) => Lines(repository, "rev-parse", $"{branch}^{{tree}}").Single();
    }

    /// <summary>What is asked for breaks a test of the base: only who changes the test could pass.</summary>
    [Theory]
    [InlineData("echo true > tests/one")]
    [InlineData("echo 'exit 0' > tests/run")]
    [InlineData("rm tests/one")]
    [InlineData("rm -r tests; mkdir tests; echo 'echo \"# tests 2\"' > tests/run")]
    [InlineData("rm -r tests; ln -s . tests")]
    [InlineData("echo 'echo true > tests/one' > build.sh")]
    [InlineData("echo 'rm tests/one' > build.sh")]
    [InlineData("echo 'ln -sf /bin/true tests/one' > build.sh")]
    [InlineData("echo 'echo exit 0 > tests/sh; printf \"#!/bin/sh\\nexit 0\\n\" > accept/count' > build.sh")]
    public void Run_WorkerThatWorksOnTheTests_ChangesNothingOfThemAndIsRefused(string cheat)
    {
        Suite.RequireWhole(but: cheat is "echo 'exit 0' > tests/run" or "echo 'rm tests/one' > build.sh");
        var repository = Repository(
            "build.sh", "true\n", null, more: "build: sh build.sh\ntests: [tests]\nreview: no\nchecks: [{name: old, run: sh tests/run}]");
        _command.Folder(
            Path.Combine("repository", "tests"),
            ("run", "n=0; for t in tests/one tests/two; do sh $t && n=$((n+1)); done; echo \"# tests $n\"; test $n = 2\n"),
            ("one", "test ! -e greet.sh\n"), ("two", "true\n"));
        Lines(repository, "add", "-A");
        Lines(repository, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "tests");
        Serve(agent => agent switch
        {
            { IsPlanner: true } => Submit(
                """{"reason":"r","tasks":[{"id":"T1","intent":"All of it.","scope":["*.sh","tests/**"],"asserts":["A1","A2"],"share":0.4}]}"""),
            { Turn: 0 } => new ScriptedReply(
                null, ("write", """{"path":"greet.sh","content":"echo \"Hello, $1\"\n"}"""), ("write", """{"path":"count.sh","content":"wc -l\n"}"""),
                ("run", JsonSerializer.Serialize(new { command = cheat }))),
            _ => Submit("""{"summary":"done"}"""),
        });
        var (exit, _, told) = _command.Run("run", repository);
        Assert.Equal(1, exit);
        Assert.Matches("old failed|the build changed (tests/one|accept/count)", told);
    }

    [Fact]
    public void Run_CommandThatSleeps_IsEndedAndRefused()
    {
        Suite.RequireWhole();
        var repository = Repository(more: "timeout: 2s\nreview: no", only: "A2");
        Serve(agent => agent switch
        {
            { IsPlanner: true } => Submit("""{"reason":"r","tasks":[{"id":"T1","intent":"Count.","scope":["*.sh"],"asserts":["A2"],"share":0.4}]}"""),
            { Turn: 0 } => Write("count.sh", "sleep 60; wc -l\n"),
            _ => Submit("""{"summary":"done"}"""),
        });
        var (exit, _, told) = _command.Run("run", repository);
        Assert.True(exit == 1, told);
        Assert.Contains("A2 took longer than 2 s", told, StringComparison.Ordinal);
    }

    private sealed record Agent(string Words, int Turn)
    {
        public bool IsPlanner => Words.Contains("Plan this work", StringComparison.Ordinal);

        public bool IsReplan => Words.Contains("What was before", StringComparison.Ordinal);

        public bool IsReviewer => Words.Contains("Review a change", StringComparison.Ordinal);

        public bool IsAgain => Words.Contains("Why it isn't done yet", StringComparison.Ordinal);
    }

    private sealed class Server(ScriptedProvider provider) : IDisposable
    {
        public List<JsonNode> Requests => provider.Requests;

        public decimal Billed => provider.Billed;

        public Func<Agent, SemaphoreSlim?> Hold { get; set; } = _ => null;

        public bool IsHolding { get; set; }

        public void Dispose() => provider.Dispose();
    }

    private Server Serve(Func<Agent, ScriptedReply> answer, decimal inputPrice = 1, int maxOutput = 4000)
    {
        Server? server = null;
        var provider = new ScriptedProvider(request =>
        {
            var messages = request["messages"]!.AsArray();
            var agent = new Agent(
                messages.First(message => message!["role"]!.ToString() == "user")!["content"]!.ToString(),
                messages.Count(message => message!["role"]!.ToString() == "assistant"));
            if (server!.Hold(agent) is { } held)
            {
                server.IsHolding = true;
                held.Wait(TimeSpan.FromSeconds(60));
            }

            return answer(agent);
        })
        {
            InputPrice = inputPrice,
            OutputPrice = 3,
        };
        server = new Server(provider);
        _servers.Add(server);
        Directory.CreateDirectory(_command.Home);
        File.WriteAllText(Path.Combine(_command.Home, "models.yaml"), $$"""
            providers: { x: { url: "{{provider.Address}}/v1" } }
            models: { m: { provider: x, id: m, input: {{inputPrice}}, output: 3, max_output: {{maxOutput}} } }
            roles: { worker: [m], planner: [m], reviewer: [m] }
            """);
        return server;
    }

    private static ScriptedReply Usual(Agent agent) => agent switch
    {
        { IsPlanner: true } => Submit(Plan),
        { IsReviewer: true } => Review(agent),
        { Turn: 0, Words: var words } when words.Contains("greet.sh", StringComparison.Ordinal) => new ScriptedReply(
            null, ("write", """{"path":"greet.sh","content":"echo \"Hello, $1\"\n"}"""), ("write", """{"path":"accept/greet","content":"exit 0"}""")),
        { Turn: 0 } => Write("count.sh", "wc -l\n"),
        _ => Submit("""{"summary":"done"}"""),
    };

    /// <summary>Opens what the change has changed, and finds nothing.</summary>
    private static ScriptedReply Review(Agent agent) => agent.Turn == 0 ? Open(agent) : Submit(Clean);

    private static ScriptedReply Open(Agent agent)
    {
        var changed = agent.Words.Split('\n').Where(line => line.StartsWith("+++ b/", StringComparison.Ordinal)).Select(line => line[6..]);
        return new ScriptedReply(null, [.. changed.Select(path => ("read", JsonSerializer.Serialize(new { path })))]);
    }

    private static ScriptedReply Submit(string json) => new(null, ("submit", json));

    private static ScriptedReply Write(string path, string content) =>
        new(null, ("write", JsonSerializer.Serialize(new { path, content })));

    /// <summary>A repository in which two things are missing, or one of them where the other is there.</summary>
    private string Repository(
        string? file = null, string content = "", string? only = null, string more = "", string plan = "plan: auto", string assertion = "./accept/greet",
        string hidden = "")
    {
        string[] acceptance =
        [
            .. only is "A2" ? (string[])[] : [$"  - {{id: A1, says: It greets, run: '{assertion}'}}"],
            "  - {id: A2, says: It counts, run: ./accept/count}", hidden,
        ];
        var folder = _command.Folder("repository", ("godwit.yaml", $"""
            goal: A greeter and a counter
            playbook: build
            protected: [accept]
            acceptance:
            {string.Join('\n', acceptance)}
            {plan}
            {more}
            {(more.Contains("budget", StringComparison.Ordinal) ? "" : "budget: {dollars: 5}")}
            """));
        _command.Folder(Path.Combine("repository", "accept"), ("greet", Greet), ("count", Count));
        if (file is not null)
        {
            _command.Folder(Path.Combine("repository", Path.GetDirectoryName(file)!), (Path.GetFileName(file), content));
        }

        Lines(folder, "init", "-q", "-b", "master");
        Lines(folder, "add", "-A");
        Lines(folder, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "base");
        return folder;
    }

    private static IReadOnlyList<string> Lines(string folder, params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        Assert.Equal(0, git.ExitCode);
        return output.TrimEnd('\n').Split('\n');
    }

    private void Tamper(string evidence, string old, string changed)
    {
        var envelope = JsonNode.Parse(File.ReadAllText(evidence))!;
        var payload = System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(envelope["payload"]!.ToString()));
        Assert.Contains(old, payload, StringComparison.Ordinal);
        envelope["payload"] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(payload.Replace(old, changed, StringComparison.Ordinal)));
        var file = evidence + ".changed";
        File.WriteAllText(file, envelope.ToJsonString() + "\n");
        var (exit, _, error) = _command.Run("verify", file);
        Assert.NotEqual(0, exit);
        Assert.Contains("changed", error, StringComparison.Ordinal);
    }
}
