using System.Diagnostics;

namespace Godwit.Tests.Cli;

/// <summary>What a person says to agents that are at work, and what becomes of them when they are paused, go on or are cancelled.</summary>
public sealed class SteerTests : AgentRunFixture
{
    private const string Agent = "change-reviewer-1-1-1";
    private const string Read = """{"calls": [{"name": "read", "arguments": {"path": "clamp.py"}}]}""";

    private static readonly CancellationToken Ended = TestContext.Current.CancellationToken;

    [Fact]
    public async Task AgentAtWork_IsTold_Paused_LetGoOnAndCancelled()
    {
        var mailbox = Repository();
        using var started = Command.Start("review", "HEAD~1", "--mailbox", mailbox, "--json");
        await AskedAsync(mailbox, 1);
        var run = Run();
        Assert.Contains("at work: change-reviewer-1-1-1", Command.Run("say", run, "nobody", "hello").Error, StringComparison.Ordinal);
        Assert.Contains("taken", Command.Run("say", run, "change", "look at the upper bound").Output, StringComparison.Ordinal);
        Answer(mailbox, 1);
        await AskedAsync(mailbox, 2);
        Assert.Contains("(The person whose goal this is says: look at the upper bound)", Request(mailbox, 2), StringComparison.Ordinal);

        Assert.Contains("taken", Command.Run("pause", run).Output, StringComparison.Ordinal);
        Assert.Contains("at work  change-reviewer-1-1-1: 1 calls, $0.00, paused", Command.Run("show", run).Output, StringComparison.Ordinal);
        Answer(mailbox, 2);
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, Ended);
        Assert.False(File.Exists(Path.Combine(mailbox, Name(3, "request.md"))));

        // What is said meanwhile is read before the next reply.
        Assert.Contains("taken", Command.Run("say", run, "and at the lower one").Output, StringComparison.Ordinal);
        Assert.Contains("taken", Command.Run("resume", run).Output, StringComparison.Ordinal);
        await AskedAsync(mailbox, 3);
        Assert.Contains("says: and at the lower one)", Request(mailbox, 3), StringComparison.Ordinal);
        var third = Request(mailbox, 3);
        Assert.DoesNotContain("upper bound)", third[third.LastIndexOf("## User", StringComparison.Ordinal)..], StringComparison.Ordinal);

        Assert.Contains("taken", Command.Run("cancel", run, Agent, "--because", "it is the wrong branch").Output, StringComparison.Ordinal);
        Answer(mailbox, 3);
        await started.WaitForExitAsync(Ended);
        var told = await started.StandardError.ReadToEndAsync(Ended);
        Assert.Contains("it was not reviewed: a person cancelled it: it is the wrong branch", told, StringComparison.Ordinal);
        Assert.Contains("you      say to change: look at the upper bound", told, StringComparison.Ordinal);
        Assert.Contains("hears  look at the upper bound", Command.Run("log", run).Output, StringComparison.Ordinal);
        Assert.Contains("has ended", Command.Run("pause", run).Error, StringComparison.Ordinal);
    }

    /// <summary>What is said while nobody owns the run is kept for the next owner, and a pause ends with 'resume'.</summary>
    [Fact]
    public async Task RunThatIsntRunning_IsTold_HearsItWhenItGoesOn()
    {
        var mailbox = Repository();
        using var started = Command.Start("review", "HEAD~1", "--mailbox", mailbox);
        await AskedAsync(mailbox, 1);
        started.Kill();
        await started.WaitForExitAsync(Ended);
        var run = Run();
        Assert.Contains("kept", Command.Run("say", run, "mind the lower bound").Output, StringComparison.Ordinal);
        Assert.Contains("isn't running, so there is nobody to pause", Command.Run("pause", run).Error, StringComparison.Ordinal);
        Assert.Contains("no agent of", Command.Run("resume", run, "R9").Error, StringComparison.Ordinal);
        Assert.Contains("the words are empty", Command.Run("say", run, " ").Error, StringComparison.Ordinal);

        // It is asked again, in other words.
        File.Delete(Path.Combine(mailbox, Name(1, "request.md")));
        const string Fine = """{"calls": [{"name": "submit", "arguments": {"words": "Fine.", "findings": []}}]}""";
        Answer(mailbox, (Name(1, "reply.json"), Read), (Name(2, "reply.json"), Fine));
        var (exit, _, error) = Command.Run("resume", run);
        Assert.True(exit == 0, error);
        Assert.Contains("mind the lower bound", Request(mailbox, 2), StringComparison.Ordinal);
    }

    private string Repository()
    {
        var folder = GitFolder.Of(Command.WorkingFolder = Command.Folder("repository", ("clamp.py", "a = 1\n")));
        File.WriteAllText(Path.Combine(folder.Path, "clamp.py"), "a = 2\n");
        folder.Commit("Two");
        return Command.Folder("mail", ("readme", "empty"));
    }

    private string Run() => Path.GetFileName(Directory.GetDirectories(Path.Combine(Command.Home, "runs")).Single());

    private void Answer(string mailbox, int turn) => Answer(mailbox, (Name(turn, "reply.json"), Read));

    private static string Request(string mailbox, int turn) => File.ReadAllText(Path.Combine(mailbox, Name(turn, "request.md")));

    private static string Name(int turn, string ending) => $"{Agent}-{turn:000}.{ending}";

    private static async Task AskedAsync(string mailbox, int turn)
    {
        var waited = Stopwatch.StartNew();
        while (!File.Exists(Path.Combine(mailbox, Name(turn, "request.md"))))
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), $"it was never asked for turn {turn}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Ended);
        }
    }
}
