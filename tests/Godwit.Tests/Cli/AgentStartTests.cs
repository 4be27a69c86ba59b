namespace Godwit.Tests.Cli;

/// <summary>What agents start from, and how they see their own work: its difference, and its number on Godwit's terms.</summary>
public sealed class AgentStartTests : AgentRunFixture
{
    [Fact]
    public void Run_AgentGoesOnFromAnothersTrial_ItHasTheWholeChangeAndBothAreNamed()
    {
        var goal = Goal();
        var mail = Mailbox(
            ("trial-1-001.reply.json", """{"calls": [{"name": "measure", "arguments": {}}, {"name": "write", "arguments": {"path": "src.txt", "content": "keep\nhalf of it\n"}}, {"name": "write", "arguments": {"path": "note.txt", "content": "mine"}}]}"""),
            ("trial-1-002.reply.json", """{"calls": [{"name": "measure", "arguments": {"pairs": 2}}, {"name": "diff", "arguments": {}}]}"""),
            ("trial-1-003.reply.json", """{"calls": [{"name": "write", "arguments": {"path": "other.txt", "content": "p"}}, {"name": "revert", "arguments": {"path": "other.txt"}}, {"name": "revert", "arguments": {"path": "note.txt"}}, {"name": "diff", "arguments": {"path": "other.txt"}}]}"""),
            ("trial-1-004.reply.json", """{"calls": [{"name": "submit", "arguments": {"summary": "took the filler out"}}]}"""),
            ("trial-2-001.reply.json", """{"calls": [{"name": "read", "arguments": {"path": "src.txt"}}, {"name": "write", "arguments": {"path": "src.txt", "content": "gone"}}, {"name": "measure", "arguments": {}}]}"""),
            ("trial-2-002.reply.json", """{"calls": [{"name": "revert", "arguments": {"path": "."}}, {"name": "edit", "arguments": {"path": "src.txt", "old": "\nhalf of it", "new": ""}}, {"name": "diff", "arguments": {}}, {"name": "measure", "arguments": {"pairs": 1}}]}"""),
            ("trial-2-003.reply.json", """{"calls": [{"name": "submit", "arguments": {"summary": "and the half too"}}]}"""));

        // With this seed the second agent draws the best trial so far.
        File.WriteAllText(
            Path.Combine(goal, "godwit.yaml"),
            File.ReadAllText(Path.Combine(goal, "godwit.yaml")).Replace("seed: 4", "seed: 5", StringComparison.Ordinal));
        var result = Command.RunJson("run", goal, "--mailbox", mail, "--trials", "2");
        Assert.True(result.GetProperty("state").GetString() == "verified", result.ToString());
        string Asked(string request) => File.ReadAllText(Path.Combine(mail, $"{request}.request.md"));

        // Nothing to measure yet; then what was measured, what is handed over, and what is left.
        Assert.Contains("you have changed nothing that is handed over", Asked("trial-1-002"), StringComparison.Ordinal);
        Assert.Contains("better in 2 of 2 pairs: 31.6x", Asked("trial-1-003"), StringComparison.Ordinal);
        Assert.Contains("+half of it", Asked("trial-1-003"), StringComparison.Ordinal);
        Assert.Contains("new and not handed over: note.txt", Asked("trial-1-003"), StringComparison.Ordinal);
        Assert.Contains("restored to what you started with: other.txt", Asked("trial-1-004"), StringComparison.Ordinal);
        Assert.Contains("you have changed nothing that is handed over", Asked("trial-1-004"), StringComparison.Ordinal);
        Assert.Contains("(left: 7 turns, 147 tool calls, ", Asked("trial-1-002"), StringComparison.Ordinal);

        Assert.Contains("restored to what you started with: note.txt", Asked("trial-1-004"), StringComparison.Ordinal);

        // The second starts from the first, is told so, and measures against it.
        var opening = Asked("trial-2-001");
        Assert.Contains("You start from trial 1, whose whole change is in your files already", opening, StringComparison.Ordinal);
        Assert.Contains("+half of it", opening, StringComparison.Ordinal);
        Assert.Contains("2\thalf of it", Asked("trial-2-002"), StringComparison.Ordinal);
        Assert.Contains("not measured, because it would be thrown out: the word is gone", Asked("trial-2-002"), StringComparison.Ordinal);
        Assert.Contains("-half of it", Asked("trial-2-003"), StringComparison.Ordinal);
        Assert.Contains("better in 1 of 1 pairs: 3.20x", Asked("trial-2-003"), StringComparison.Ordinal);
        Assert.Contains("(from trial 1)", Command.Run("show", "last", "--trial", "2").Output, StringComparison.Ordinal);

        Assert.Equal(0, Command.Run("apply", "last").Exit);
        Assert.Equal("keep\n", File.ReadAllText(Path.Combine(goal, "src.txt")));
        Assert.False(File.Exists(Path.Combine(goal, "note.txt")));
    }
}
