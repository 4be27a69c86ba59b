using Godwit.Durable;
using Godwit.Durable.Journal;

namespace Godwit.Tests.Durable;

/// <summary>What a crash in the middle of a step means, by its effect. The witness stands outside of the run.</summary>
public sealed class EffectTests : IDisposable
{
    private readonly RunFixture _runs = new();
    private readonly List<string> _witness = [];

    public void Dispose() => _runs.Dispose();

    /// <summary>A target that does what it is told and counts it; dying is what its caller does right afterwards.</summary>
    private Script<string, string> Sending(Effect effect, bool deduplicates = false) => new("p", async (context, input) =>
        await context.StepAsync("send", effect, input, (value, attempt, _) =>
        {
            if (!deduplicates || !_witness.Contains(attempt.IdempotencyKey))
            {
                _witness.Add(attempt.IdempotencyKey);
            }

            return Task.FromResult($"sent {value}");
        }));

    /// <summary>Runs until the effect is done and takes a picture of the disk before its result is journaled.</summary>
    private async Task<RunFolder> CrashAfterEffectAsync(Script<string, string> script)
    {
        RunFolder? crashed = null;
        var folder = _runs.Folder();
        var options = new DurableOptions
        {
            Failpoint = name => crashed = name == "effect-done" && crashed is null ? _runs.CopyAsCrashed(folder, "crashed") : crashed,
        };
        await using (var run = await _runs.CreateAsync(script, "x", options, folder: folder))
        {
            await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(20));
        }

        Assert.Single(_witness);
        return crashed!;
    }

    private async Task<RunEnd> ResumeAsync(RunFolder folder, Script<string, string> script)
    {
        await using var run = _runs.Open([script], null, folder);
        return await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task External_TargetDeduplicates_HappensOnce()
    {
        var script = Sending(Effect.External(targetDeduplicates: true), deduplicates: true);
        var crashed = await CrashAfterEffectAsync(script);
        Assert.Equal("sent x", (await ResumeAsync(crashed, script)).Result<string>());
        Assert.Single(_witness);
    }

    [Fact]
    public async Task External_ProbeThatAnswersLate_HappensOnce()
    {
        var asked = 0;
        var probe = new Probe((key, _) =>
        {
            asked++;
            return Task.FromResult<ProbeAnswer>(_witness.Contains(key) ? new ProbeAnswer.Happened("probed") : new ProbeAnswer.Absent());
        }, TimeSpan.FromMilliseconds(50));
        var script = Sending(Effect.External(probe));
        var crashed = await CrashAfterEffectAsync(script);
        Assert.Equal("probed", (await ResumeAsync(crashed, script)).Result<string>());
        Assert.Single(_witness);
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task External_Neither_ParksForAPersonAndIsResolved()
    {
        var script = Sending(Effect.External());
        var crashed = await CrashAfterEffectAsync(script);
        var end = await ResumeAsync(crashed, script);
        Assert.Equal(RunState.Parked, end.State);
        Assert.Contains("'send'", end.ParkedFor[0], StringComparison.Ordinal);
        Assert.Single(_witness);

        await using var run = _runs.Open([script], null, crashed);
        var parked = Assert.Single(ParkedWork.Of(run.Journal.Reader));
        await run.ResolveAsync(parked.Process, parked.Key, new Resolution.Done("\"by hand\""));
        Assert.Equal("by hand", (await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(20))).Result<string>());
        Assert.Single(_witness);
    }

    [Fact]
    public async Task External_FoundWithAnotherInput_ParksAsConflict()
    {
        var input = "x";
        var script = new Script<string, string>("p", async (context, _) =>
        {
            var sent = await context.StepAsync("send", Effect.External(targetDeduplicates: true), input, (value, attempt, _) =>
            {
                _witness.Add(value);
                return Task.FromResult(value);
            });
            await context.SignalAsync<string>("wait", "go");
            return sent;
        });
        await using (var run = await _runs.CreateAsync(script, ""))
        {
            _ = run.RunAsync();
            await Eventually.TrueAsync(() => run.Journal.Reader.After(0, EntryKind.StepCompleted).Count == 1, "sent");
        }

        input = "y";
        var end = await _runs.ResumeAsync(null, script);
        Assert.Equal(RunState.Parked, end.State);
        Assert.Contains("never fires twice", end.ParkedFor[0], StringComparison.Ordinal);
        Assert.Equal(["x"], _witness);
    }

    [Fact]
    public async Task External_ResolvedThenAskedWithAnotherInput_ParksAsConflict()
    {
        var input = "x";
        var script = new Script<string, string>("p", async (context, _) =>
        {
            var sent = await context.StepAsync("send", Effect.External(), input, (value, _, _) =>
            {
                _witness.Add(value);
                return Task.FromResult(value);
            });
            await context.SignalAsync<string>("wait", "go");
            return sent;
        });
        var folder = _runs.Folder();
        RunFolder? crashed = null;
        var options = new DurableOptions
        {
            Failpoint = name => crashed = name == "effect-done" && crashed is null ? _runs.CopyAsCrashed(folder, "crashed") : crashed,
        };
        await using (var first = await _runs.CreateAsync(script, "", options, folder: folder))
        {
            _ = first.RunAsync();
            await Eventually.TrueAsync(() => crashed is not null, "sent");
        }

        await using (var run = _runs.Open([script], null, crashed!))
        {
            Assert.Equal(RunState.Parked, (await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(20))).State);
            await run.ResolveAsync(DurableRun.Root, "send", new Resolution.Done("\"by hand\""));
        }

        input = "y";
        var end = await ResumeAsync(crashed!, script);
        Assert.Contains("never fires twice", Assert.Single(end.ParkedFor), StringComparison.Ordinal);
        Assert.Equal(["x"], _witness);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task External_TimesOut_IsTriedAgainOnlyWhereAProbeSaysThatItIsntThere(bool probed)
    {
        var probe = new Probe(
            (key, _) => Task.FromResult<ProbeAnswer>(_witness.Count > 1 ? new ProbeAnswer.Happened("probed") : new ProbeAnswer.Absent()));
        var script = new Script<string, string>("p", (context, input) => context.StepAsync(
            "send", Effect.External(probed ? probe : null), input,
            Task<string> (value, _, _) =>
            {
                _witness.Add(value);
                throw new TimeoutException("no answer");
            },
            new StepOptions { MaxAttempts = 3, Backoff = TimeSpan.FromMilliseconds(1) }));
        var end = await _runs.RunAsync(script);
        Assert.Equal((probed ? RunState.Completed : RunState.Parked, probed ? 2 : 1), (end.State, _witness.Count));
        Assert.True(probed || end.ParkedFor[0].Contains("whether it took effect isn't known", StringComparison.Ordinal));
    }

    /// <summary>What may have been done to the world is looked at by a person, however the process ends; after that it ends.</summary>
    [Fact]
    public async Task External_InFlightWhenItsProcessIsCancelled_ParksAndEndsOnceLookedAt()
    {
        var script = new Script<string, string>(
            "p", (context, input) => context.StepAsync("send", Effect.External(), input, async (value, _, cancellation) =>
        {
            _witness.Add(value);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
            return "never";
        }));
        await using (var run = await _runs.CreateAsync(script, "x"))
        {
            var end = run.RunAsync();
            await Eventually.TrueAsync(() => _witness.Count == 1, "sending");
            await run.CancelAsync(DurableRun.Root, "enough");
            var parked = await end.WaitAsync(TimeSpan.FromSeconds(20));
            Assert.Contains("step 'send' was in flight when it was broken off", Assert.Single(parked.ParkedFor), StringComparison.Ordinal);
        }

        await using var again = _runs.Open([script]);
        await again.ResolveAsync(DurableRun.Root, "", new Resolution.Retry());
        Assert.Equal(RunState.Cancelled, (await again.RunAsync().WaitAsync(TimeSpan.FromSeconds(20))).State);
        Assert.Single(_witness);
    }

    [Fact]
    public async Task Resolve_NothingIsParked_IsRefused()
    {
        var script = new Script<string, string>("p", async (context, _) => (await context.SignalAsync<string>("k", "s"))!);
        await using var run = await _runs.CreateAsync(script, "x");
        var refused = await Assert.ThrowsAsync<ArgumentException>(() => run.ResolveAsync(DurableRun.Root, "", new Resolution.Retry()));
        Assert.Contains("isn't parked", refused.Message, StringComparison.Ordinal);
        Assert.Empty(run.Journal.Reader.After(0, EntryKind.ProcessResolved));
    }

    [Fact]
    public async Task Park_BesideATimeoutThatNobodyWaitsForAnyMore_EndsTheHosting()
    {
        var script = new Script<string, string>("p", async (context, input) =>
        {
            await context.SignalAsync<string>("k", "s", TimeSpan.FromHours(8));
            return await context.StepAsync(
                "send", Effect.External(), input, Task<string> (_, _, _) => throw new TimeoutException("no answer"),
                new StepOptions { MaxAttempts = 2 });
        });
        await using var run = await _runs.CreateAsync(script, "x");
        var end = run.RunAsync();
        await run.SignalAsync(DurableRun.Root, "s", "sender", "go");
        Assert.Equal(RunState.Parked, (await end.WaitAsync(TimeSpan.FromSeconds(20))).State);
    }

    [Fact]
    public async Task Paid_CrashInFlight_IsBookedAtItsWorstCaseAndAskedAgain()
    {
        var script = new Script<string, string>(
            "p", (context, input) => context.StepAsync("call", Effect.Paid(new Charge(2m, 100)), input, (value, attempt, _) =>
        {
            _witness.Add(value);
            attempt.Settle(new Charge(0.5m, 20));
            return Task.FromResult("answer");
        }));
        var crashed = await CrashAfterEffectAsync(script);
        await using var run = _runs.Open([script], null, crashed);
        Assert.Equal("answer", (await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(20))).Result<string>());
        Assert.Equal(2, _witness.Count);
        var reader = run.Journal.Reader;
        Assert.Equal(new Charge(2m, 100), EntryInfo.Of<EntryInfo.Step>(Assert.Single(reader.After(0, EntryKind.StepBooked))).Charge);
        Assert.Equal(2, reader.After(0, EntryKind.StepIntended).Count);
        Assert.Equal(new Charge(0.5m, 20), EntryInfo.Of<EntryInfo.Step>(Assert.Single(reader.After(0, EntryKind.StepCompleted))).Charge);
    }

    [Fact]
    public async Task Workspace_CrashInFlight_StartsFromTheLastJournaledTree()
    {
        var workspace = new CountingWorkspace();
        var script = new Script<string, string>("p", async (context, input) =>
        {
            await context.StepAsync("one", Effect.Workspace(workspace), "1", Append);
            return await context.StepAsync("two", Effect.Workspace(workspace), "2", Append);
        });
        var crashed = await CrashAfterEffectAsync(new Script<string, string>("p", async (context, input) =>
        {
            await context.StepAsync("one", Effect.Workspace(workspace), "1", Append);
            _witness.Add("one");
            return "";
        }));

        // The files say more than the journal knows.
        workspace.Content = "1 and a half";
        Assert.Equal("base12", (await ResumeAsync(crashed, script)).Result<string>());

        Task<string> Append(string value, Attempt attempt, CancellationToken cancellation)
        {
            workspace.Content += value;
            return Task.FromResult(workspace.Content);
        }
    }

    private sealed class CountingWorkspace : IWorkspace
    {
        public string Content { get; set; } = "base";

        public string Id => "w";

        public string BaseTree => "base";

        public Task ResetAsync(string tree, CancellationToken cancellation)
        {
            Content = tree;
            return Task.CompletedTask;
        }

        public Task<string> SnapshotAsync(CancellationToken cancellation) => Task.FromResult(Content);
    }
}
