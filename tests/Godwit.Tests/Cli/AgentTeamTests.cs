namespace Godwit.Tests.Cli;

/// <summary>Runs in which agents have to do with people and with each other.</summary>
public sealed class AgentTeamTests : AgentRunFixture
{
    [Fact]
    public void Run_AgentsOfTwoRoles_ShareTheTrialsUntilAllAgentsAreUsedUp()
    {
        var goal = Goal();
        File.WriteAllText(Path.Combine(goal, "godwit.yaml"), File.ReadAllText(Path.Combine(goal, "godwit.yaml"))
            .Replace("agents: {turns: 8}", "agents: [{role: worker}, {role: second, instructions: Think in bytes.}]", StringComparison.Ordinal)
            .Replace("trials: 3", "trials: 8, agents: 3", StringComparison.Ordinal));
        var mail = Mailbox();
        Assert.Equal("verified", Command.RunJson("run", goal, "--mailbox", mail).GetProperty("state").GetString());
        Assert.Equal(["second", "worker"], Command.RunJson("show", "last", "--costs").GetProperty("roles").EnumerateArray().Select(role => role.GetProperty("name").GetString()).Order());
        var proposers = Enumerable.Range(1, 3).Select(trial => Command.RunJson("show", "last", "--trial", $"{trial}").GetProperty("proposer").GetString()!).ToList();
        Assert.Equal(["second", "worker"], proposers.Distinct().Order());
        Assert.Equal(proposers.IndexOf("second") + 1, Array.FindIndex([1, 2, 3], trial => File.ReadAllText(Path.Combine(mail, $"trial-{trial}-001.request.md")).Contains("Think in bytes.", StringComparison.Ordinal)) + 1);
        Assert.Empty(Directory.GetFiles(mail, "trial-4-*"));
    }

    [Theory]
    [InlineData("approve", "exit code 0")]
    [InlineData("deny", "said no: not today")]
    public async Task Run_ActionThatNeedsAPerson_WaitsAndIsAnsweredFromAnotherTerminal(string answer, string told)
    {
        var mail = Command.Folder(
            $"mail-{answer}",
            ("trial-1-001.reply.json", """{"calls": [{"name": "run", "arguments": {"command": "ls /opt > /dev/null || true"}}]}"""),
            ("trial-1-002.reply.json", """{"calls": [{"name": "submit", "arguments": {"summary": "nothing"}}]}"""));
        using var process = Command.Start("run", Goal(), "--mailbox", mail, "--trials", "1");
        await Durable.Eventually.TrueAsync(() => Command.Run("approvals", "last").Output.Contains("trial-1 wants run", StringComparison.Ordinal), "an action waits");
        Assert.Contains("1 actions of agents wait", Command.Run("show", "last").Output, StringComparison.Ordinal);
        Assert.Equal(2, Command.Run(answer, "last", "7").Exit);
        Assert.Equal(0, Command.Run([answer, "last", .. answer == "deny" ? ["--because", "not today"] : Array.Empty<string>()]).Exit);
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Contains(told, Command.Run("log", "last").Output, StringComparison.Ordinal);
        Assert.Contains("nothing waits", Command.Run("approvals", "last").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_AgentStartsAnother_BothAreInTheLog()
    {
        var mail = Command.Folder(
            "mail-spawn",
            ("trial-1-001.reply.json", """{"calls": [{"name": "spawn", "arguments": {"goal": "Take the filler out of src.txt"}}]}"""),
            ("trial-1.1-001.reply.json", """{"calls": [{"name": "write", "arguments": {"path": "src.txt", "content": "keep\nx\n"}}, {"name": "submit", "arguments": {"summary": "the filler is out"}}]}"""),
            ("trial-1-003.reply.json", """{"calls": [{"name": "submit", "arguments": {"summary": "had it done"}}]}"""));
        var goal = Goal();
        File.WriteAllText(Path.Combine(goal, "godwit.yaml"), File.ReadAllText(Path.Combine(goal, "godwit.yaml")).Replace("agents: {turns: 8}", "agents: {turns: 8, depth: 1}", StringComparison.Ordinal));
        Assert.Equal("verified", Command.RunJson("run", goal, "--mailbox", mail, "--trials", "1").GetProperty("state").GetString());
        var log = Command.Run("log", "last").Output;
        Assert.Contains("trial-1.1  ", log, StringComparison.Ordinal);
        Assert.Contains("wrote src.txt", log, StringComparison.Ordinal);
        Assert.Contains("had it done", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_StartedAgentAsksAPerson_ItsWaitIsNotTheOthersTime()
    {
        var mail = Command.Folder(
            "mail-child",
            ("trial-1-001.reply.json", """{"calls": [{"name": "spawn", "arguments": {"goal": "Ask whether the filler may go"}}]}"""),
            ("trial-1.1-001.reply.json", """{"calls": [{"name": "ask", "arguments": {"question": "May the filler go?"}}]}"""),
            ("trial-1.1-002.reply.json", """{"calls": [{"name": "submit", "arguments": {"summary": "it may"}}]}"""),
            ("trial-1-004.reply.json", """{"calls": [{"name": "write", "arguments": {"path": "src.txt", "content": "keep\nx\n"}}]}"""),
            ("trial-1-005.reply.json", """{"calls": [{"name": "submit", "arguments": {"summary": "gone"}}]}"""));
        var goal = Goal();
        File.WriteAllText(Path.Combine(goal, "godwit.yaml"), File.ReadAllText(Path.Combine(goal, "godwit.yaml")).Replace("agents: {turns: 8}", "agents: {turns: 8, depth: 1, ask: true, time: 2s}", StringComparison.Ordinal));
        using var process = Command.Start("run", goal, "--mailbox", mail, "--trials", "1");
        await Durable.Eventually.TrueAsync(() => Command.Run("approvals", "last").Output.Contains("trial-1.1 wants ask", StringComparison.Ordinal), "a question");
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
        Assert.Equal(0, Command.Run("approve", "last", "--because", "yes").Exit);
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal("verified", Command.RunJson("show", "last").GetProperty("state").GetString());
    }

    [Fact]
    public async Task Run_AgentAsksAPerson_TheAnswerIsItsResult()
    {
        var mail = Command.Folder(
            "mail-ask",
            ("trial-1-001.reply.json", """{"calls": [{"name": "ask", "arguments": {"question": "May the filler go?"}}]}"""),
            ("trial-1-002.reply.json", """{"calls": [{"name": "write", "arguments": {"path": "src.txt", "content": "keep\nx\n"}}, {"name": "submit", "arguments": {"summary": "gone"}}]}"""));
        var goal = Goal();
        File.WriteAllText(Path.Combine(goal, "godwit.yaml"), File.ReadAllText(Path.Combine(goal, "godwit.yaml")).Replace("agents: {turns: 8}", "agents: {turns: 8, ask: true, time: 2s}", StringComparison.Ordinal));
        using var process = Command.Start("run", goal, "--mailbox", mail, "--trials", "1");
        await Durable.Eventually.TrueAsync(() => Command.Run("approvals", "last").Output.Contains("trial-1 wants ask May the filler go?", StringComparison.Ordinal), "a question");

        // The time that a person takes isn't the agent's.
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
        Assert.Equal(0, Command.Run("approve", "last", "--because", "yes, all of it").Exit);
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Contains("<- yes, all of it", File.ReadAllText(Path.Combine(mail, "trial-1-002.request.md")), StringComparison.Ordinal);
        Assert.Equal("verified", Command.RunJson("show", "last").GetProperty("state").GetString());
    }
}
