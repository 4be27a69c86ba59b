using Godwit.Durable;
using Godwit.Durable.Journal;

namespace Godwit.Tests.Durable;

/// <summary>A process goes on with a result before its commit (docs/decisions/0011); nothing outside may ever see that.</summary>
public sealed class AheadTests : IDisposable
{
    private const int Turns = 20;
    private readonly RunFixture _runs = new();
    private readonly List<string> _missing = [];
    private JournalReader? _reader;

    public void Dispose()
    {
        _reader?.Dispose();
        _runs.Dispose();
    }

    /// <summary>Notes which of the keys before a step aren't in the file when its body runs.</summary>
    private Task<string> Look(string before, Attempt attempt, CancellationToken cancellation)
    {
        lock (_missing)
        {
            _reader ??= JournalReader.Open(attempt.Folder);
            var durable = _reader.After(0, EntryKind.StepCompleted).Select(entry => entry.Key).ToHashSet();
            _missing.AddRange(
                before.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(key => !durable.Contains(key))
                    .Select(key => $"{key}, needed by a body that was given '{before}'"));
        }

        return Task.FromResult("done");
    }

    private static Task<string> Pass(string input, Attempt attempt, CancellationToken cancellation) => Task.FromResult(input);

    [Fact]
    public async Task PaidAndRepeatableInTurn_EveryCallFindsAllBeforeItDurable_WithTwoCommitsATurn()
    {
        var commits = 0;
        var script = new Script<string, string>("p", async (context, _) =>
        {
            var before = "";
            for (var turn = 1; turn <= Turns; turn++)
            {
                await context.StepAsync($"ask{turn}", Effect.Paid(new Charge(1)), before, Look);
                await context.StepAsync($"tool{turn}", Effect.Repeatable, $"{turn}", Pass);
                before += $" ask{turn} tool{turn}";
            }

            return before;
        });
        var end = await _runs.RunAsync(script, new DurableOptions { Failpoint = name => commits += name == "before-commit" ? 1 : 0 });
        Assert.Equal(RunState.Completed, end.State);
        Assert.Empty(_missing);

        // And those of the run's start and end.
        Assert.InRange(commits, Turns, (2 * Turns) + 5);
    }

    [Fact]
    public async Task ExternalAfterRepeatable_FindsItDurable_EvenWithAnIntentOfAnEarlierOwner()
    {
        var input = "x";
        var script = new Script<string, string>("p", async (context, _) =>
        {
            await context.StepAsync("a", Effect.Repeatable, input, Pass);
            await context.StepAsync("b", Effect.Repeatable, input, Pass);
            return await context.StepAsync("send", Effect.External(targetDeduplicates: true), "a b", Look);
        });
        RunFolder? crashed = null;
        var folder = _runs.Folder();
        var options = new DurableOptions
        {
            Failpoint = name => crashed = name == "intended" ? _runs.CopyAsCrashed(folder, "crashed") : crashed,
        };
        await using (var run = await _runs.CreateAsync(script, "", options, folder: folder))
        {
            await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(20));
        }

        _reader!.Dispose();
        _reader = null;
        Assert.Empty(_missing);

        // The earlier steps run anew, before an external one that is open.
        input = "y";
        using (var before = JournalReader.Open(crashed!))
        {
            Assert.Equal(2, before.After(0, EntryKind.StepCompleted).Count);
        }

        List<long> seen = [];
        var again = new Script<string, string>("p", async (context, _) =>
        {
            await context.StepAsync("a", Effect.Repeatable, input, Pass);
            await context.StepAsync("b", Effect.Repeatable, input, Pass);
            return await context.StepAsync("send", Effect.External(targetDeduplicates: true), "a b", (_, attempt, _) =>
            {
                using var reader = JournalReader.Open(attempt.Folder);
                seen.AddRange(reader.After(0, EntryKind.StepCompleted).Select(entry => entry.Sequence));
                return Task.FromResult("sent");
            });
        });
        await using (var run = _runs.Open([again], null, crashed))
        {
            Assert.Equal("sent", (await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(20))).Result<string>());
        }

        Assert.Equal(4, seen.Count);
    }

    [Fact]
    public async Task ReservationThatHasToWait_WhatIsBeforeItIsWrittenMeanwhile()
    {
        var budget = new WaitingBudget();
        var script = new Script<string, string>("p", async (context, _) =>
        {
            await context.StepAsync("a", Effect.Repeatable, "", Pass);
            return await context.StepAsync("ask", Effect.Paid(new Charge(1), budget), "a", Look);
        });
        await using var run = await _runs.CreateAsync(script, "");
        var end = run.RunAsync();
        await Eventually.TrueAsync(
            () => run.Journal.Reader.After(0, EntryKind.StepCompleted).Any(entry => entry.Key == "a"),
            "the step before a call that waits for its budget");
        Assert.False(end.IsCompleted);
        budget.Room.SetResult();
        Assert.Equal("done", (await end.WaitAsync(TimeSpan.FromSeconds(20))).Result<string>());
        Assert.Empty(_missing);
    }

    [Fact]
    public async Task ContentOfAStep_IsReadByTheNext()
    {
        var script = new Script<string, int>("p", async (context, _) =>
        {
            var sum = 0;
            for (var index = 0; index < 50; index++)
            {
                var content = await context.StepAsync(
                    $"put{index}", Effect.Repeatable, index, (value, attempt, _) => Task.FromResult(attempt.Put([(byte)value])));
                sum += await context.StepAsync(
                    $"get{index}", Effect.Repeatable, content, (reference, attempt, _) => Task.FromResult((int)attempt.Get(reference)[0]));
            }

            return sum;
        });
        Assert.Equal(49 * 50 / 2, (await _runs.RunAsync(script)).Result<int>());
    }

    [Fact]
    public async Task ResultThatNobodyWritesWith_IsWrittenWhenTheProcessWaits()
    {
        var script = new Script<string, string>("p", async (context, _) =>
        {
            await context.StepAsync("a", Effect.Repeatable, "", Pass);
            return await context.SignalAsync<string>("wait", "go") ?? "";
        });
        await using var run = await _runs.CreateAsync(script, "");
        var end = run.RunAsync();
        await Eventually.TrueAsync(() => run.Journal.Reader.After(0, EntryKind.StepCompleted).Count > 0, "the step before a wait");
        await run.SignalAsync(DurableRun.Root, "go", "test", "went");
        Assert.Equal("went", (await end.WaitAsync(TimeSpan.FromSeconds(20))).Result<string>());
    }

    private sealed class WaitingBudget : IBudget
    {
        public TaskCompletionSource Room { get; } = new();

        public string Id => "run";

        public async Task<IReservation> ReserveAsync(Charge worst, CancellationToken cancellation)
        {
            await Room.Task.WaitAsync(cancellation);
            return new Reservation();
        }

        private sealed class Reservation : IReservation
        {
            public void Settle(Charge spent)
            {
            }
        }
    }
}
