using Godwit.Durable;
using Godwit.Durable.Journal;

namespace Godwit.Tests.Durable;

public sealed class StepTests : IDisposable
{
    private readonly RunFixture _runs = new();
    private int _bodies;

    public void Dispose() => _runs.Dispose();

    private Task<string> Count(string input, Attempt attempt, CancellationToken cancellation) =>
        Task.FromResult($"{input}{Interlocked.Increment(ref _bodies)}");

    [Fact]
    public async Task StepAsync_Resumed_AnswersFromJournal()
    {
        var gate = true;
        var script = new Script<string, string>("p", async (context, input) =>
        {
            var first = await context.StepAsync("a", Effect.Repeatable, input, Count);
            var second = await context.StepAsync("b", Effect.Repeatable, first, Count);
            if (gate)
            {
                await context.SignalAsync<string>("wait", "go");
            }

            return second;
        });
        await using (var run = await _runs.CreateAsync(script, "x"))
        {
            using var stop = new CancellationTokenSource();
            var end = run.RunAsync(stop.Token);
            await Eventually.TrueAsync(() => run.Journal.LastSequence >= 4, "both steps journaled");
            await stop.CancelAsync();
            Assert.Equal(RunState.Stopped, (await end).State);
        }

        gate = false;
        var resumed = await _runs.ResumeAsync(null, script);
        Assert.Equal("x12", resumed.Result<string>());
        Assert.Equal(2, _bodies);
    }

    [Fact]
    public async Task StepAsync_AnotherInputUnderKey_SupersedesAndIsRecorded()
    {
        var input = "x";
        var script = new Script<string, string>("p", async (context, _) =>
        {
            var value = await context.StepAsync("a", Effect.Repeatable, input, Count);
            await context.SignalAsync<string>("wait" + input, "go");
            return value;
        });
        await using (var run = await _runs.CreateAsync(script, ""))
        {
            var end = run.RunAsync();
            await Eventually.TrueAsync(() => run.Journal.LastSequence >= 3, "step journaled");
        }

        input = "y";
        await using var again = _runs.Open([script]);
        var ended = again.RunAsync();
        await again.SignalAsync(DurableRun.Root, "go", "s1", "now");
        Assert.Equal("y2", (await ended).Result<string>());
        var steps = again.Journal.Reader.After(0, EntryKind.StepCompleted);
        Assert.Equal(steps[0].Sequence, EntryInfo.Of<EntryInfo.Step>(steps[1]).Supersedes);
    }

    /// <summary>What an attempt waits for isn't part of its time, and isn't waited for where the journal has the answer.</summary>
    [Fact]
    public async Task StepAsync_HeldLongerThanItsTimeout_IsTriedOnceItIsLetGo()
    {
        var (held, letGo) = (0, new TaskCompletionSource());
        var script = new Script<string, string>("p", async (context, input) =>
        {
            var options = new StepOptions
            {
                Timeout = TimeSpan.FromMilliseconds(1),
                Hold = async stop =>
                {
                    Interlocked.Increment(ref held);
                    await letGo.Task.WaitAsync(stop);
                },
            };
            var value = await context.StepAsync("a", Effect.Repeatable, input, (words, _, _) => Task.FromResult(words + "!"), options);
            await context.SignalAsync<string>("wait", "go");
            return value;
        });
        await using (var run = await _runs.CreateAsync(script, "x"))
        {
            _ = run.RunAsync();
            await Eventually.TrueAsync(() => held == 1, "held");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken);
            Assert.Empty(run.Journal.Reader.After(0, EntryKind.StepCompleted));
            letGo.SetResult();
            await Eventually.TrueAsync(() => run.Journal.Reader.After(0, EntryKind.StepCompleted).Count == 1, "step journaled");
        }

        await using var again = _runs.Open([script]);
        var ended = again.RunAsync();
        await again.SignalAsync(DurableRun.Root, "go", "s1", "now");
        Assert.Equal("x!", (await ended).Result<string>());
        Assert.Equal(1, held);
    }

    /// <summary>Who listens hears the signals of a name, of earlier owners too, each once and in their order.</summary>
    [Fact]
    public async Task Listen_SignalsBeforeAndAfter_HearsEachOnce()
    {
        var script = new Script<string, string>("p", async (context, _) => (await context.SignalAsync<string>("wait", "go"))!);
        await using (var run = await _runs.CreateAsync(script, "x"))
        {
            await run.SignalAsync(DurableRun.Root, "said", "s1", "one");
            Assert.False(await run.SignalAsync(DurableRun.Root, "said", "s1", "one"));
        }

        await using var again = _runs.Open([script]);
        var heard = new List<string>();
        again.Listen("said", json => heard.Add(Canonical.Deserialize<string>(json.Span)));
        await again.SignalAsync(DurableRun.Root, "other", "s2", "not heard");
        await again.SignalAsync(DurableRun.Root, "said", "s3", "two");
        Assert.Equal(["one", "two"], heard);
    }

    [Fact]
    public async Task StepAsync_BodyThrows_FailsAlikeLiveAndReplayed()
    {
        var script = new Script<string, string>("p", async (context, input) =>
        {
            try
            {
                return await context.StepAsync("a", Effect.Repeatable, input, Task<string> (_, attempt, _) =>
                {
                    Interlocked.Increment(ref _bodies);
                    throw new StepFaultException("busy", $"attempt {attempt.Number}", retry: true);
                }, new StepOptions { MaxAttempts = 3, Backoff = TimeSpan.FromMilliseconds(1) });
            }
            catch (StepFailedException failed)
            {
                await context.NoteAsync("n", "seen");
                return $"{failed.Failure.Phase} {failed.Failure.Cause} {failed.Failure.Message} {failed.Failure.Attempts}";
            }
        });
        var end = await _runs.RunAsync(script, new DurableOptions { ReplayAfterEveryEntry = true });
        Assert.Equal("body busy attempt 3 3", end.Result<string>());
        Assert.Equal(3, _bodies);
    }

    [Fact]
    public async Task StepAsync_Timeout_IsAFailureOfItsOwnPhase()
    {
        var script = new Script<string, string>("p", async (context, input) =>
        {
            try
            {
                return await context.StepAsync("a", Effect.Repeatable, input, async (_, _, cancellation) =>
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
                    return "never";
                }, new StepOptions { Timeout = TimeSpan.FromMilliseconds(20) });
            }
            catch (StepFailedException failed)
            {
                return failed.Failure.Phase;
            }
        });
        Assert.Equal("timeout", (await _runs.RunAsync(script)).Result<string>());
    }

    [Fact]
    public async Task StepAsync_KeyAskedTwice_ParksWithTheRule()
    {
        var script = new Script<string, string>("p", async (context, input) =>
        {
            await context.StepAsync("a", Effect.Repeatable, input, Count);
            return await context.StepAsync("a", Effect.Repeatable, input, Count);
        });
        var end = await _runs.RunAsync(script);
        Assert.Equal(RunState.Parked, end.State);
        Assert.Contains("'a' was asked twice", end.ParkedFor[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task StepAsync_TupleInput_IsRefused()
    {
        var script = new Script<string, string>("p", (context, input) =>
            context.StepAsync("a", Effect.Repeatable, (1, 2), (pair, _, _) => Task.FromResult($"{pair}")));
        var end = await _runs.RunAsync(script);
        Assert.Contains("is a tuple, whose fields JSON leaves out", end.ParkedFor[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Process_ReturnsWithOpenStep_Fails()
    {
        var script = new Script<string, string>("p", (context, input) =>
        {
            _ = context.StepAsync("forgotten", Effect.Repeatable, input, async (value, _, cancellation) =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
                return value;
            });
            return Task.FromResult("x");
        });
        var end = await _runs.RunAsync(script);
        Assert.Equal("unawaited", end.Failure!.Cause);
        Assert.Contains("'forgotten'", end.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Process_ReturnsWhileTheLoserOfARaceStillWaits_IsFine()
    {
        var script = new Script<string, int>("p", async (context, input) =>
            await context.FirstAsync(
                "race", context.DelayAsync("timeout", TimeSpan.FromHours(1)), context.StepAsync("work", Effect.Repeatable, input, Count)));
        Assert.Equal(1, (await _runs.RunAsync(script)).Result<int>());
    }

    [Fact]
    public async Task StepAsync_ManyInParallel_ReplaysAfterEveryEntry()
    {
        var script = new Script<string, int>("p", async (context, _) =>
        {
            var steps = Enumerable.Range(0, 20)
                .Select(index => context.StepAsync($"s{index}", Effect.Repeatable, index, async (value, _, cancellation) =>
            {
                await Task.Delay(TimeSpan.FromMilliseconds(value % 3), TimeProvider.System, cancellation);
                return value * value;
            })).ToList();
            return (await Task.WhenAll(steps)).Sum();
        });
        var end = await _runs.RunAsync(script, new DurableOptions { ReplayAfterEveryEntry = true });
        Assert.Equal(2470, end.Result<int>());
    }

    [Fact]
    public async Task ReplayMode_PlaybookUsesAClock_IsCaught()
    {
        var asks = 0;
        var script = new Script<string, string>("p", async (context, input) =>
        {
            await context.StepAsync($"unstable{asks++}", Effect.Repeatable, input, Count);
            return await context.StepAsync("b", Effect.Repeatable, input, Count);
        });
        await using var run = await _runs.CreateAsync(script, "x", new DurableOptions { ReplayAfterEveryEntry = true });
        var error = await Assert.ThrowsAsync<DurableRuleException>(() => run.RunAsync().WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Contains("uses something that isn't journaled", error.Message, StringComparison.Ordinal);
    }
}
