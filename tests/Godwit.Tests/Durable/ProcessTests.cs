using Godwit.Durable;
using Godwit.Durable.Journal;
using Microsoft.Extensions.Time.Testing;

namespace Godwit.Tests.Durable;

public sealed class ProcessTests : IDisposable
{
    private readonly RunFixture _runs = new();

    public void Dispose() => _runs.Dispose();

    [Fact]
    public async Task ChildAsync_Children_RunOnceAndGiveTheirOutcome()
    {
        var bodies = 0;
        var child = new Script<int, int>("child", (context, input) => input == 3
            ? throw new InvalidOperationException("three")
            : context.StepAsync("work", Effect.Repeatable, input, (value, _, _) =>
            {
                Interlocked.Increment(ref bodies);
                return Task.FromResult(value * 2);
            }));
        var parent = new Script<string, string>("parent", async (context, _) =>
        {
            var outcomes = await Task.WhenAll(Enumerable.Range(1, 4).Select(index => context.ChildAsync($"c{index}", child, index)));
            return string.Join(' ', outcomes.Select(outcome => outcome switch
            {
                Outcome<int>.Value value => $"{value.Result}",
                Outcome<int>.Failed failed => failed.Failure.Message,
                _ => "?",
            }));
        });
        var end = await _runs.RunAsync(parent, new DurableOptions { ReplayAfterEveryEntry = true }, child);
        Assert.Equal("2 4 three 8", end.Result<string>());
        Assert.Equal(3, bodies);
        Assert.Equal("2 4 three 8", (await _runs.ResumeAsync(null, parent, child)).Result<string>());
    }

    [Fact]
    public async Task SignalAsync_BufferedDeduplicatedAndTakenOnce()
    {
        var script = new Script<string, string>("p", async (context, _) =>
            $"{await context.SignalAsync<string>("k1", "s")} {await context.SignalAsync<string>("k2", "s")}");
        await using var run = await _runs.CreateAsync(script, "", new DurableOptions { UnloadAfter = TimeSpan.Zero });
        Assert.True(await run.SignalAsync(DurableRun.Root, "s", "sender-1", "one"));
        Assert.False(await run.SignalAsync(DurableRun.Root, "s", "sender-1", "one"));
        var end = run.RunAsync();
        Assert.True(await run.SignalAsync(DurableRun.Root, "s", "sender-2", "two"));
        Assert.Equal("one two", (await end.WaitAsync(TimeSpan.FromSeconds(10))).Result<string>());
        Assert.Equal(["k1", "k2"], run.Journal.Reader.After(0, EntryKind.SignalConsumed).Select(entry => entry.Key));
    }

    [Fact]
    public async Task Timers_AbsoluteDueTime_SurvivesAResume()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero));
        var options = new DurableOptions { Time = time, UnloadAfter = TimeSpan.Zero };
        var script = new Script<string, string>("p", async (context, _) =>
        {
            await context.DelayAsync("d", TimeSpan.FromHours(1));
            var answer = await context.SignalAsync<string>("s", "never", TimeSpan.FromHours(1));
            return answer ?? "expired";
        });
        await using (var run = await _runs.CreateAsync(script, "", options))
        {
            _ = run.RunAsync();
            await Eventually.TrueAsync(() => run.Journal.Reader.After(0, EntryKind.TimerSet).Count == 1, "timer set");
            time.Advance(TimeSpan.FromMinutes(30));
        }

        await using var again = _runs.Open([script], options);
        var end = again.RunAsync();
        await Eventually.TrueAsync(() => again.Journal.Reader.After(0, EntryKind.GenerationStarted).Count == 2, "resumed");
        time.Advance(TimeSpan.FromMinutes(29));
        Assert.Empty(again.Journal.Reader.After(0, EntryKind.TimerFired));
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromMinutes(1));
            return again.Journal.Reader.After(0, EntryKind.TimerFired).Count == 1;
        }, "fired at the old due time");
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromMinutes(20));
            return end.IsCompleted;
        }, "signal expired");
        Assert.Equal("expired", (await end).Result<string>());
    }

    [Fact]
    public async Task FirstAsync_Decision_IsTheSameOnReplay()
    {
        var script = new Script<string, int>("p", async (context, _) =>
        {
            var slow = context.SignalAsync<string>("slow", "s");
            var fast = context.StepAsync("fast", Effect.Repeatable, 1, (value, _, _) => Task.FromResult(value));
            var first = await context.FirstAsync("race", slow, fast);
            await context.NoteAsync("after", first);
            await slow;
            return first;
        });
        await using var run = await _runs.CreateAsync(script, "", new DurableOptions { ReplayAfterEveryEntry = true });
        var end = run.RunAsync();
        await Eventually.TrueAsync(() => run.Journal.Reader.After(0, EntryKind.Noted).Count == 1, "race decided");
        await run.SignalAsync(DurableRun.Root, "s", "x", "go");
        Assert.Equal(1, (await end.WaitAsync(TimeSpan.FromSeconds(10))).Result<int>());
        Assert.Single(run.Journal.Reader.After(0, EntryKind.RaceDecided));
    }

    [Fact]
    public async Task CancelAsync_Subtree_EarlierAnswersStayLaterAsksThrow()
    {
        var child = new Script<string, string>("child", async (context, _) =>
        {
            await context.StepAsync("before", Effect.Repeatable, 1, (value, _, _) => Task.FromResult(value));
            return await context.StepAsync("long", Effect.Repeatable, 1, async (_, _, cancellation) =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
                return "never";
            });
        });
        var parent = new Script<string, string>("parent", async (context, _) => $"{await context.ChildAsync("c", child, "")}");
        await using var run = await _runs.CreateAsync(parent, "", null, [child]);
        var end = run.RunAsync();
        await Eventually.TrueAsync(() => run.Journal.Reader.After(0, EntryKind.StepCompleted).Count == 1, "child at work");
        await run.CancelAsync(DurableRun.Root, "enough");
        var ended = await end.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(RunState.Cancelled, ended.State);
        Assert.Equal(2, run.Journal.Reader.After(0, EntryKind.ProcessCancelled).Count);
    }

    [Fact]
    public async Task Process_PlaybookUnknownOnResume_Parks()
    {
        var script = new Script<string, string>("gone", async (context, _) => (await context.SignalAsync<string>("k", "s"))!);
        await using (var run = await _runs.CreateAsync(script, ""))
        {
            _ = run.RunAsync();
        }

        var end = await _runs.ResumeAsync(null, new Script<string, string>("other", (_, _) => Task.FromResult("")));
        Assert.Equal(RunState.Parked, end.State);
        Assert.Contains("knows no playbook 'gone'", end.ParkedFor[0], StringComparison.Ordinal);
    }

    /// <summary>Not a failure of the process: the version that wrote the answer can still go on from it.</summary>
    [Fact]
    public async Task Process_AnswerInAFormOfAnotherVersion_ParksAndGoesOnWithThatVersion()
    {
        var ran = 0;
        Script<string, string> Version<T>(T answer) => new("p", async (context, _) =>
        {
            var found = await context.StepAsync("s", Effect.Repeatable, 1, (_, _, _) => Task.FromResult((Value: answer, Ran: ran++).Value));
            return $"{found} {await context.SignalAsync<string>("k", "go")}";
        });
        var first = Version(5);
        await using (var run = await _runs.CreateAsync(first, "", new DurableOptions()))
        {
            _ = run.RunAsync();
            await Eventually.TrueAsync(() => run.Journal.Reader.After(0, EntryKind.StepCompleted).Count == 1, "answered");
        }

        var end = await _runs.ResumeAsync(null, Version(new Earlier("x")));
        Assert.Equal(RunState.Parked, end.State);
        Assert.Contains(
            "the journal has Earlier in a form that this version of godwit doesn't read (at $)", end.ParkedFor[0],
            StringComparison.Ordinal);

        await using var again = _runs.Open([first]);
        await again.ResolveAsync(DurableRun.Root, "", new Resolution.Retry());
        var answered = again.RunAsync();
        await again.SignalAsync(DurableRun.Root, "go", "x", "on");
        Assert.Equal("5 on", (await answered.WaitAsync(TimeSpan.FromSeconds(10))).Result<string>());
        Assert.Equal(1, ran);
    }

    public sealed record Earlier(string Name);

    [Fact]
    public async Task Process_ChildNoLongerAsked_IsCancelledAndRecorded()
    {
        var askChild = true;
        var child = new Script<string, string>("child", async (context, _) => (await context.SignalAsync<string>("k", "s"))!);
        var parent = new Script<string, string>("parent", async (context, _) =>
        {
            var asked = askChild ? context.ChildAsync("c", child, "") : null;
            await context.SignalAsync<string>("k", "go");
            return "done";
        });
        await using (var run = await _runs.CreateAsync(parent, "", null, [child]))
        {
            _ = run.RunAsync();
            await Eventually.TrueAsync(() => run.Journal.Reader.After(0, EntryKind.ChildStarted).Count == 1, "child started");
        }

        askChild = false;
        await using var again = _runs.Open([parent, child]);
        var end = again.RunAsync();
        await again.SignalAsync(DurableRun.Root, "go", "x", "y");
        Assert.Equal("done", (await end.WaitAsync(TimeSpan.FromSeconds(10))).Result<string>());
        await Eventually.TrueAsync(() => again.Journal.Reader.After(0, EntryKind.ProcessCancelled).Count == 1, "child cancelled");
    }

    [Fact]
    public async Task Open_GenerationsWithoutProgress_ParksInsteadOfSpinning()
    {
        var script = new Script<string, string>("p", async (context, _) => (await context.SignalAsync<string>("k", "s"))!);
        var folder = _runs.Folder();
        await using (var run = await _runs.CreateAsync(script, ""))
        {
        }

        for (var start = 0; start < 6; start++)
        {
            await _runs.Open([script]).AbandonAsync();
        }

        var end = await _runs.ResumeAsync(null, script);
        Assert.Contains("starts of the run ended without any progress", end.ParkedFor[0], StringComparison.Ordinal);

        // It was told and ended in order: the next start, by a person, goes on.
        await using var again = _runs.Open([script], null, folder);
        var ending = again.RunAsync();
        await again.SignalAsync(DurableRun.Root, "s", "x", "on");
        Assert.Equal("on", (await ending.WaitAsync(TimeSpan.FromSeconds(20))).Result<string>());
    }

    [Fact]
    public async Task Random_SameKey_SameStreamOnReplay()
    {
        var seen = new System.Collections.Concurrent.ConcurrentBag<double>();
        var script = new Script<string, double>("p", async (context, _) =>
        {
            var value = context.Random("r").NextDouble();
            seen.Add(value);
            await context.NoteAsync("n", 1);
            return value;
        });
        await _runs.RunAsync(script, new DurableOptions { ReplayAfterEveryEntry = true });
        Assert.True(seen.Count >= 2);
        Assert.Single(seen.Distinct());
    }
}
