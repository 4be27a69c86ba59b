namespace Godwit.Tests.Cli;

/// <summary>Runs in which agents have to do with people and with each other.</summary>
public sealed class AgentTeamTests : AgentRunFixture
{
    [Fact]
    public void Run_AgentsOfTwoRoles_ShareTheTrialsUntilAllAgentsAreUsedUp()
    {
        var goal = Goal();
        File.WriteAllText(Path.Combine(goal, "godwit.yaml"), File.ReadAllText(Path.Combine(goal, "godwit.yaml"))
            .Replace(
                "agents: {turns: 8}", "agents: [{role: worker}, {role: second, instructions: Think in bytes.}]", StringComparison.Ordinal)
            .Replace("trials: 3", "trials: 8, agents: 3", StringComparison.Ordinal));
        var mail = Mailbox();
        Assert.Equal("verified", Command.RunJson("run", goal, "--mailbox", mail).GetProperty("state").GetString());
        Assert.Equal(
            ["second", "worker"],
            Command.RunJson("show", "last", "--costs").GetProperty("roles")
                .EnumerateArray()
                .Select(role => role.GetProperty("name").GetString())
                .Order());
        var proposers = Enumerable.Range(1, 3)
            .Select(trial => Command.RunJson("show", "last", "--trial", $"{trial}").GetProperty("proposer").GetString()!)
            .ToList();
        Assert.Equal(["second", "worker"], proposers.Distinct().Order());
        Assert.Equal(
            proposers.IndexOf("second") + 1,
            Array.FindIndex(
                [1, 2, 3],
                trial => File.ReadAllText(Path.Combine(mail, $"trial-{trial}-001.request.md"))
                    .Contains("Think in bytes.", StringComparison.Ordinal)) + 1);
        Assert.Empty(Directory.GetFiles(mail, "trial-4-*"));
    }

    /// <summary>
    /// Each of three waits for an answer that is only given when all three have asked; a fourth comes after them and sees what they
    /// did.
    /// </summary>
    [Fact]
    public async Task Run_AgentsInParallel_AskBesideEachOtherAndShareWhatIsLeft()
    {
        var goal = Goal();
        File.WriteAllText(Path.Combine(goal, "godwit.yaml"), File.ReadAllText(Path.Combine(goal, "godwit.yaml"))
            .Replace(
                "agents: {turns: 8}", "agents: {turns: 8, parallel: 3}",
                StringComparison.Ordinal).Replace("trials: 3", "trials: 8, agents: 4", StringComparison.Ordinal));
        Assert.Contains("3 at once", Command.Run("run", goal, "--plan").Output, StringComparison.Ordinal);
        var mail = Command.Folder("mail-parallel", ("readme", "empty\n"));
        using var process = Command.Start("run", goal, "--mailbox", mail);
        await Durable.Eventually.TrueAsync(() => Directory.GetFiles(mail, "*-001.request.md").Length == 3, "three agents ask at once");
        for (var agent = 1; agent <= 4; agent++)
        {
            await Durable.Eventually.TrueAsync(() => File.Exists(Path.Combine(mail, $"trial-{agent}-001.request.md")), "an agent asks");
            Assert.Equal(
                agent == 4,
                File.ReadAllText(
                    Path.Combine(mail, $"trial-{agent}-001.request.md")).Contains("What was tried before", StringComparison.Ordinal));
            var reply = Path.Combine(mail, $"trial-{agent}-001.reply.json");
            var content = $"keep {new string('x', 100 - (20 * agent))}";
            File.WriteAllText(reply + ".new", """{"calls": [{"name": "write", "arguments": {"path": "src.txt", "content": "CONTENT"}}, {"name": "submit", "arguments": {"summary": "shorter"}}]}""".Replace("CONTENT", content, StringComparison.Ordinal));
            File.Move(reply + ".new", reply);
        }

        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal("verified", Command.RunJson("show", "last").GetProperty("state").GetString());
        Assert.Equal(
            [80, 60, 40, 20],
            Enumerable.Range(1, 4)
                .Select(
                    trial => Command.RunJson("show", "last", "--trial", $"{trial}")
                        .GetProperty("claim")
                        .GetProperty("patch")
                        .GetString()!
                        .Split('\n')
                        .Single(line => line.StartsWith("+keep", StringComparison.Ordinal))
                        .Count(letter => letter == 'x')));
        Assert.Single(Directory.GetFiles(mail, "trial-4-*.request.md"));
        Assert.Empty(Directory.GetFiles(mail, "trial-5-*"));
    }

    [Theory]
    [InlineData("approve", "exit code 0")]
    [InlineData("deny", "said no: not today")]
    public async Task Run_ActionThatNeedsAPerson_WaitsAndIsAnsweredFromAnotherTerminal(string answer, string told)
    {
        var mail = Mailbox(
            ("trial-1-001.reply.json", """{"calls": [{"name": "run", "arguments": {"command": "nohup ls"}}]}"""),
            ("trial-1-002.reply.json", """{"calls": [{"name": "submit", "arguments": {"summary": "nothing"}}]}"""));
        using var process = Command.Start("run", Goal(), "--mailbox", mail, "--trials", "1");
        await Durable.Eventually.TrueAsync(
            () => Command.Run("approvals", "last").Output.Contains("trial-1 wants run", StringComparison.Ordinal), "an action waits");
        Assert.Contains("1 actions of agents wait", Command.Run("show", "last").Output, StringComparison.Ordinal);
        Assert.Equal("waiting", Command.RunJson("list")[0].GetProperty("state").GetString());
        Assert.Equal(2, Command.Run(answer, "last", "7").Exit);
        var replayed = Command.RunJson("guardian", "replay", "last")[0];
        Assert.Equal(("ask", "ask"), (replayed.GetProperty("then").GetString(), replayed.GetProperty("now").GetString()));
        if (answer == "approve")
        {
            var taken = Command.Run(answer, "last", "--always", "no secrets");
            Assert.Equal(2, taken.Exit);
            Assert.Contains("there is a rule 'no secrets' already", taken.Error, StringComparison.Ordinal);
        }

        Assert.Equal(0, Command.Run([answer, "last", .. answer == "deny" ? ["--because", "not today"] : (string[])["--always", "jobs of ours"]]).Exit);
        if (answer == "approve")
        {
            Assert.Contains("allow", Command.Run("guardian", "explain", "nohup ls").Output, StringComparison.Ordinal);
            Assert.Contains("ask by rule", Command.Run("guardian", "explain", "setsid ls").Output, StringComparison.Ordinal);
            Assert.Contains("1 actions, 1 judged otherwise", Command.Run("guardian", "replay", "last").Output, StringComparison.Ordinal);
        }

        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Contains(told, Command.Run("log", "last").Output, StringComparison.Ordinal);
        Assert.Contains("nothing waits", Command.Run("approvals", "last").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_AgentStartsAnother_BothAreInTheLog()
    {
        var mail = Mailbox(
            ("trial-1-001.reply.json", """{"calls": [{"name": "spawn", "arguments": {"goal": "Take the filler out of src.txt"}}]}"""),
            ("trial-1.1-001.reply.json", """{"calls": [{"name": "write", "arguments": {"path": "src.txt", "content": "keep\nx\n"}}, {"name": "submit", "arguments": {"summary": "the filler is out"}}]}"""),
            ("trial-1-003.reply.json", """{"calls": [{"name": "submit", "arguments": {"summary": "had it done"}}]}"""));
        var goal = Goal();
        File.WriteAllText(
            Path.Combine(goal, "godwit.yaml"),
            File.ReadAllText(Path.Combine(goal, "godwit.yaml")).Replace(
                "agents: {turns: 8}", "agents: {turns: 8, depth: 1}", StringComparison.Ordinal));
        Assert.Equal("verified", Command.RunJson("run", goal, "--mailbox", mail, "--trials", "1").GetProperty("state").GetString());
        var log = Command.Run("log", "last").Output;
        Assert.Contains("trial-1.1  ", log, StringComparison.Ordinal);
        Assert.Contains("wrote src.txt", log, StringComparison.Ordinal);
        Assert.Contains("had it done", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_StartedAgentAsksAPerson_ItsWaitIsNotTheOthersTime()
    {
        var mail = Mailbox(
            ("trial-1-001.reply.json", """{"calls": [{"name": "spawn", "arguments": {"goal": "Ask whether the filler may go"}}]}"""),
            ("trial-1.1-001.reply.json", """{"calls": [{"name": "ask", "arguments": {"question": "May the filler go?"}}]}"""),
            ("trial-1.1-002.reply.json", """{"calls": [{"name": "submit", "arguments": {"summary": "it may"}}]}"""),
            ("trial-1-004.reply.json", """{"calls": [{"name": "write", "arguments": {"path": "src.txt", "content": "keep\nx\n"}}]}"""),
            ("trial-1-005.reply.json", """{"calls": [{"name": "submit", "arguments": {"summary": "gone"}}]}"""));
        var goal = Goal();
        File.WriteAllText(
            Path.Combine(goal, "godwit.yaml"),
            File.ReadAllText(Path.Combine(goal, "godwit.yaml")).Replace(
                "agents: {turns: 8}", "agents: {turns: 8, depth: 1, ask: true, time: 2s}", StringComparison.Ordinal));
        using var process = Command.Start("run", goal, "--mailbox", mail, "--trials", "1");
        await Durable.Eventually.TrueAsync(
            () => Command.Run("approvals", "last").Output.Contains("trial-1.1 wants ask", StringComparison.Ordinal), "a question");
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
        Assert.Equal(0, Command.Run("approve", "last", "--because", "yes").Exit);
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal("verified", Command.RunJson("show", "last").GetProperty("state").GetString());
    }

    [Fact]
    public async Task Run_AgentAsksAPerson_TheAnswerIsItsResult()
    {
        var mail = Mailbox(
            ("trial-1-001.reply.json", """{"calls": [{"name": "ask", "arguments": {"question": "May the filler go?"}}]}"""),
            ("trial-1-002.reply.json", """{"calls": [{"name": "write", "arguments": {"path": "src.txt", "content": "keep\nx\n"}}, {"name": "submit", "arguments": {"summary": "gone"}}]}"""));
        var goal = Goal();
        File.WriteAllText(
            Path.Combine(goal, "godwit.yaml"),
            File.ReadAllText(Path.Combine(goal, "godwit.yaml")).Replace(
                "agents: {turns: 8}", "agents: {turns: 8, ask: true, time: 2s}", StringComparison.Ordinal));
        using var process = Command.Start("run", goal, "--mailbox", mail, "--trials", "1");
        await Durable.Eventually.TrueAsync(
            () => Command.Run("approvals", "last").Output.Contains("trial-1 wants ask May the filler go?", StringComparison.Ordinal),
            "a question");

        // The time that a person takes isn't the agent's.
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
        Assert.Equal(0, Command.Run("approve", "last", "--because", "yes, all of it").Exit);
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Contains("<- ask: yes, all of it", File.ReadAllText(Path.Combine(mail, "trial-1-002.request.md")), StringComparison.Ordinal);
        Assert.Equal("verified", Command.RunJson("show", "last").GetProperty("state").GetString());
    }
}
