using System.Text.Json;

namespace Godwit.Tests.Cli;

/// <summary>From a sentence to a branch: what accepts the work is drafted, tried, read, and built by. All parts are played by a mailbox.</summary>
public sealed class DraftTests : AgentRunFixture
{
    private const string Greeter = "goal: A greeter\\nplaybook: build\\nprotected: [accept]\\nhidden: [accept/hidden]\\nacceptance:\\n" +
        "  - {id: A1, says: It greets the world, run: sh accept/world}\\n  - {id: A2, says: It greets any name, run: sh accept/hidden/name, hidden: yes}\\n";

    private const string World = """test \"$(sh greet.sh World)\" = 'Hello, World' || { echo error: it says $(sh greet.sh World 2>&1); exit 1; }\n""";
    private const string Name = """test \"$(sh greet.sh 'A B')\" = 'Hello, A B' || { echo error: no name; exit 1; }\n""";

    private const string Plan = """
        {"calls": [{"name": "submit", "arguments": {"reason": "one file", "tasks": [
          {"id": "T1", "intent": "Write greet.sh, which prints Hello and its argument.", "scope": ["greet.sh"], "asserts": ["A1", "A2"], "share": 0.5}]}}]}
        """;

    [Fact]
    public async Task Build_Sentence_DraftIsTriedAndBuiltByAndASecondSentenceKeepsTheFirstsAssertions()
    {
        var folder = Repository();
        var mailbox = Mailbox(
            // What holds already asserts nothing: it hears so, and mends it.
            ("drafter-1-001.reply.json", Write(("godwit.yaml", Greeter), ("accept/world", "true\\n"), ("accept/hidden/name", Name), ("greet.sh", "echo"))),
            ("drafter-1-002.reply.json", Submit),
            ("drafter-2-001.reply.json", Write(("accept/world", World), ("accept/__pycache__/world.pyc", "left by a try"))),
            ("drafter-2-002.reply.json", Submit),
            ("planner-v1-1-001.reply.json", Plan),
            ("T1-v1-worker-1-1-001.reply.json", Write(("greet.sh", "echo \\\"Hello, $1\\\"\\n"))),
            ("T1-v1-worker-1-1-002.reply.json", Submit),
            ("T1-v1-reviewer-1-1-1-001.reply.json", """{"calls": [{"name": "read", "arguments": {"path": "greet.sh"}}]}"""),
            ("T1-v1-reviewer-1-1-1-002.reply.json", """{"calls": [{"name": "submit", "arguments": {"words": "Fine.", "findings": []}}]}"""));
        var (exit, output, error) = Command.Run("build", "A greeter", "--yes", "--mailbox", mailbox, "--json");
        Assert.True(exit == 0, error);
        var run = JsonDocument.Parse(output).RootElement;
        Assert.Equal("verified", run.GetProperty("state").GetString());
        Assert.Contains("A1 holds on the base already", File.ReadAllText(Path.Combine(mailbox, "drafter-2-001.request.md")), StringComparison.Ordinal);

        // No worker has seen what is hidden, and the branch has the draft, signed by its drafter, below the work.
        Assert.DoesNotContain("A B", File.ReadAllText(Path.Combine(mailbox, "T1-v1-worker-1-1-001.request.md")), StringComparison.Ordinal);
        var branch = run.GetProperty("branch").GetString()!;
        Assert.Equal(
            "T1-v1-worker-1-1 Write greet.sh, which prints Hello and its argument\ndrafter-2 Draft what accepts the work\na base\n",
            folder.Git("log", "--format=%an %s", branch));
        Assert.Equal("accept/hidden/name\naccept/world\ngodwit.yaml\ngreet.sh\nreadme\n", folder.Git("ls-tree", "-r", "--name-only", branch));

        // The second sentence: what was promised stays promised.
        Assert.Equal(0, Command.Run("apply", run.GetProperty("run").GetString()!).Exit);
        var more = Greeter.Replace("A greeter", "A greeter that shouts", StringComparison.Ordinal);
        var kept = more.Replace("world}", "world, keep: yes}", StringComparison.Ordinal)
            .Replace("hidden: yes}", "hidden: yes, keep: yes}", StringComparison.Ordinal);
        const string Shouts = "  - {id: A3, says: It shouts, run: sh accept/shout}\\n";
        const string Shout = """test \"$(sh greet.sh --shout World)\" = 'HELLO, WORLD' || { echo error: too quiet; exit 1; }\n""";
        mailbox = Mailbox(
            ("drafter-1-001.reply.json", Write(("godwit.yaml", more + Shouts), ("accept/world", "true\\n"), ("accept/shout", Shout))),
            ("drafter-1-002.reply.json", Submit),
            ("drafter-2-001.reply.json", Write(("godwit.yaml", kept + Shouts))),
            ("drafter-2-002.reply.json", Submit));
        (exit, output, error) = Command.Run("build", "It should shout", "--mailbox", mailbox, "--json");
        Assert.True(exit == 0, error);
        var draft = JsonDocument.Parse(output).RootElement;
        Assert.Equal("completed", draft.GetProperty("state").GetString());
        var asked = File.ReadAllText(Path.Combine(mailbox, "drafter-2-001.request.md"));
        Assert.Contains("A1 was promised before: keep it", asked, StringComparison.Ordinal);
        Assert.Contains("What was asked for before", asked, StringComparison.Ordinal);
        Assert.Equal(
            folder.Git("show", "HEAD:accept/world"), folder.Git("show", $"{draft.GetProperty("branch").GetString()}:accept/world"));

        // Nobody has said yes, so nothing was built; now somebody does.
        mailbox = Mailbox(("planner-v1-1-001.reply.json", """{"calls": [{"name": "submit", "arguments": {"reason": "", "tasks": []}}]}"""));
        var asking = Command.Start("build", "--draft", draft.GetProperty("run").GetString()!, "--mailbox", mailbox);
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (!File.Exists(Path.Combine(mailbox, "planner-v1-1-002.request.md")) && waited.Elapsed < TimeSpan.FromSeconds(60))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        var planned = File.ReadAllText(Path.Combine(mailbox, "planner-v1-1-002.request.md"));
        asking.Kill(entireProcessTree: true);
        Assert.Contains("A1 (holds already, and must go on doing so)", planned, StringComparison.Ordinal);
        Assert.Contains("A3: It shouts", planned, StringComparison.Ordinal);
    }

    [Fact]
    public void Build_DraftDecidesWhatIsThePersons_IsToldAndFailsAfterThreeAttempts()
    {
        Repository();
        var open = Greeter.Replace("protected: [accept]\\nhidden: [accept/hidden]\\n", "", StringComparison.Ordinal);
        var greedy = open + "budget: {dollars: 100}\\ndeliver: pr\\n";
        var mailbox = Mailbox(
            ("drafter-1-001.reply.json", Write(("godwit.yaml", greedy), ("accept/world", World), ("accept/hidden/name", Name))),
            ("drafter-1-002.reply.json", Submit), ("drafter-2-001.reply.json", Submit), ("drafter-3-001.reply.json", Submit));
        var (exit, _, error) = Command.Run("build", "A greeter", "--yes", "--mailbox", mailbox);
        Assert.Equal(1, exit);
        Assert.Contains("nothing was drafted in 3 attempts: - leave 'budget' out of godwit.yaml: that is for the", error, StringComparison.Ordinal);
        Assert.Contains("leave 'deliver' out of godwit.yaml", error, StringComparison.Ordinal);
        Assert.Contains("accepts the work, and tasks could change it: name 'accept' under 'protected'", error, StringComparison.Ordinal);
        Assert.Contains("A2 is hidden, and runs accept/hidden/name, which agents can read; name it under 'hidden'", error, StringComparison.Ordinal);
    }

    /// <summary>What was to be built without asking is built after a resume of its draft, too.</summary>
    [Fact]
    public async Task Build_DraftKilledAndResumed_GoesOnToTheBuild()
    {
        Repository();
        var mailbox = Mailbox();
        using var started = Command.Start("build", "A greeter", "--yes", "--mailbox", mailbox);
        await Durable.Eventually.TrueAsync(() => File.Exists(Path.Combine(mailbox, "drafter-1-001.request.md")), "the drafter is asked");
        started.Kill();
        await started.WaitForExitAsync(TestContext.Current.CancellationToken);
        Answer(
            mailbox,
            ("drafter-1-001.reply.json", Write(("godwit.yaml", Greeter), ("accept/world", World), ("accept/hidden/name", Name))),
            ("drafter-1-002.reply.json", Submit),
            ("planner-v1-1-001.reply.json", Plan),
            ("T1-v1-worker-1-1-001.reply.json", Write(("greet.sh", "echo \\\"Hello, $1\\\"\\n"))),
            ("T1-v1-worker-1-1-002.reply.json", Submit),
            ("T1-v1-reviewer-1-1-1-001.reply.json", """{"calls": [{"name": "read", "arguments": {"path": "greet.sh"}}]}"""),
            ("T1-v1-reviewer-1-1-1-002.reply.json", """{"calls": [{"name": "submit", "arguments": {"words": "Fine.", "findings": []}}]}"""));
        var (exit, _, error) = Command.Run("resume", "last");
        Assert.True(exit == 0, error);
        Assert.Contains("verified 2 of 2 assertions", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("say what is wanted, such as")]
    [InlineData("the sentence is empty; say what is wanted", " ")]
    [InlineData("--dollars is -1, and must be 0 or more", "A greeter", "--dollars", "-1")]
    [InlineData("say what is wanted, such as", "A greeter", "--draft", "x")]
    [InlineData("there is no run 'x'", "--draft", "x")]
    [InlineData("nothing was drafted: the time is used up", "A greeter", "--time", "1ms", "--mailbox", "/tmp")]
    public void Build_AskedWrongly_SaysWhat(string words, params string[] arguments)
    {
        Repository();
        var (exit, _, error) = Command.Run(["build", .. arguments]);
        Assert.NotEqual(0, exit);
        Assert.Contains(words, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Build_NoRepository_SaysHowToMakeOne()
    {
        Command.WorkingFolder = Command.Folder("plain", ("readme", "x"));
        Assert.Contains("git init && git commit --allow-empty", Command.Run("build", "A greeter").Error, StringComparison.Ordinal);
    }

    private const string Submit = """{"calls": [{"name": "submit", "arguments": {"summary": "done"}}]}""";

    private static string Write(params (string Path, string Content)[] files) =>
        "{\"calls\": [" + string.Join(", ", files.Select(file =>
            $"{{\"name\": \"write\", \"arguments\": {{\"path\": \"{file.Path}\", \"content\": \"{file.Content}\"}}}}")) + "]}";

    private GitFolder Repository() => GitFolder.Of(Command.WorkingFolder = Command.Folder("repository", ("readme", "x\n")));
}
