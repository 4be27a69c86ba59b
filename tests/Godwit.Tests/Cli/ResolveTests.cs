using Godwit.Durable;
using Godwit.Identity;
using Godwit.Runs;
using Godwit.Tests.Durable;

namespace Godwit.Tests.Cli;

/// <summary>What <c>godwit resolve</c> answers reaches a run that another process owns.</summary>
public sealed class ResolveTests : IDisposable
{
    private readonly Program _godwit = new();

    public void Dispose() => _godwit.Dispose();

    [Theory]
    [InlineData("--retry", null, "sent at attempt 2")]
    [InlineData("--done", "\"by hand\"", "by hand")]
    [InlineData("--fail", "it never will", "failed: it never will")]
    public async Task Resolve_ParkedStepOfARunThatGoesOn_IsAnswered(string how, string? value, string expected)
    {
        var store = new RunStore(_godwit.Home);
        var folder = store.New("letter", TimeProvider.System.GetUtcNow());
        using var signer = RunSigner.Of(folder);
        var parked = new TaskCompletionSource();
        var playbook = new Letter();
        await using var run = await DurableRun.CreateAsync(folder, signer, new PlaybookCatalogue(playbook), playbook, "a", 1);
        using var stop = new CancellationTokenSource();
        await using var control = RunControl.Listen(run, stop);
        var ends = run.RunAsync(stop.Token);
        await Eventually.TrueAsync(() => ParkedWork.Of(run.Journal.Reader).Count == 1, "the letter is parked");

        Assert.Contains("parked   step 'send'", _godwit.Run("show", folder.Id).Output, StringComparison.Ordinal);
        string[] answer = value is null ? [how] : [how, value];
        var (exit, output, error) = _godwit.Run(["resolve", folder.Id, "--key", "send", .. answer]);
        Assert.True(exit == 0, error);
        Assert.Contains(folder.Id, output, StringComparison.Ordinal);
        playbook.Other.SetResult();
        Assert.Equal(expected, (await ends).Result<string>());

        // It is answered: there is nothing left to answer.
        var again = _godwit.Run("resolve", folder.Id, "--retry");
        Assert.Equal(2, again.Exit);
        Assert.Contains("nothing is parked", again.Error, StringComparison.Ordinal);
    }

    /// <summary>Sends a letter that may be lost on its way, beside work that keeps the run from resting.</summary>
    private sealed record Letter() : Playbook<string, string>("letter")
    {
        private int _attempts;

        public TaskCompletionSource Other { get; } = new();

        public override async Task<string> RunAsync(IDurableContext context, string input)
        {
            var limit = new StepOptions { Timeout = TimeSpan.FromMilliseconds(50), MaxAttempts = 2 };
            var sent = context.StepAsync("send", Effect.External(), input, SendAsync, limit);
            await context.StepAsync("other", Effect.Repeatable, input, async (_, _, stop) =>
            {
                await Other.Task.WaitAsync(stop);
                return true;
            });
            try
            {
                return await sent;
            }
            catch (StepFailedException failed)
            {
                return $"failed: {failed.Failure.Message}";
            }
        }

        private async Task<string> SendAsync(string input, Attempt attempt, CancellationToken stop)
        {
            if (Interlocked.Increment(ref _attempts) == 1)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, attempt.Time, stop);
            }

            return $"sent at attempt {_attempts}";
        }
    }
}
