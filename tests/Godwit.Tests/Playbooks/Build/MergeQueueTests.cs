using Godwit.Playbooks.Build;

namespace Godwit.Tests.Playbooks.Build;

/// <summary>The merge queue over a world of sums: what is merged passes, what is bad is alone sent back, and gates are few.</summary>
public sealed class MergeQueueTests
{
    [Fact]
    public async Task MergeAsync_AllGood_OneGateABatch()
    {
        var world = new World();
        var round = await new MergeQueue(world).MergeAsync("base", Changes(4));
        Assert.Equal(["T1", "T2", "T3", "T4"], round.Merged.Select(one => one.Change.Task));
        Assert.Equal(1, world.Gates);
        Assert.Equal("base T1 T2 T3 T4", round.Tip);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task MergeAsync_OneBad_ItAloneIsSentBack(int bad)
    {
        var world = new World { Bad = { $"T{bad}" } };
        var round = await new MergeQueue(world).MergeAsync("base", Changes(4));
        Assert.Equal([$"T{bad}"], round.Refused.Select(one => one.Change.Task));
        Assert.Equal(Enumerable.Range(1, 4).Where(number => number != bad).Select(number => $"T{number}"), round.Merged.Select(one => one.Change.Task));
        Assert.DoesNotContain($"T{bad}", round.Tip, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MergeAsync_GoodAloneAndBadTogether_TheLaterIsSentBack()
    {
        var world = new World { BadTogether = { ("T1", "T3") } };
        var round = await new MergeQueue(world).MergeAsync("base", Changes(4));
        Assert.Equal(["T3"], round.Refused.Select(one => one.Change.Task));
        Assert.Equal("base T1 T2 T4", round.Tip);
    }

    [Fact]
    public async Task MergeAsync_Conflict_IsReportedAndTheOthersAreMerged()
    {
        var world = new World { Conflicts = { ("T1", "T2") } };
        var round = await new MergeQueue(world).MergeAsync("base", Changes(3));
        Assert.Equal(["T2"], round.Conflicting.Select(one => one.Change.Task));
        Assert.Equal("base T1 T3", round.Tip);
    }

    [Fact]
    public async Task MergeAsync_FailsOnceAndPasses_IsAFlakeAndNobodyIsSentBack()
    {
        var world = new World { FailsFirst = { "base T1 T2" } };
        var round = await new MergeQueue(world).MergeAsync("base", Changes(2));
        Assert.Empty(round.Refused);
        Assert.Equal(2, round.Merged.Count);
        Assert.Single(round.Flakes);
        Assert.Equal(2, world.Gates);
    }

    [Fact]
    public async Task MergeAsync_CheckCantRunOnTheChangeAlone_TheChangeIsSentBack()
    {
        var world = new World { Unrunnable = { "T2" } };
        var round = await new MergeQueue(world).MergeAsync("base", Changes(3));
        Assert.Equal(["T2"], round.Refused.Select(one => one.Change.Task));
        Assert.Null(round.Stopped);
        Assert.Equal("base T1 T3", round.Tip);
    }

    [Fact]
    public async Task MergeAsync_CheckCantRunOnTheGoodTipEither_StopsAndBlamesNobody()
    {
        var world = new World { IsToolGone = true };
        var round = await new MergeQueue(world).MergeAsync("base", Changes(3));
        Assert.Empty(round.Refused);
        Assert.Empty(round.Merged);
        Assert.Equal(GateVerdict.CouldNotRun, round.Stopped?.Verdict);
    }

    [Fact]
    public async Task MergeAsync_ManyBad_GoesOneByOne()
    {
        var world = new World();
        for (var number = 1; number <= 20; number += 2)
        {
            world.Bad.Add($"T{number}");
        }

        var queue = new MergeQueue(world);
        var round = await queue.MergeAsync("base", Changes(20));
        Assert.Equal(10, round.Refused.Count);
        Assert.Equal(1, queue.BatchSize);
    }

    [Theory]
    [InlineData(0.02)]
    [InlineData(0.1)]
    [InlineData(0.3)]
    public async Task MergeAsync_RandomBadAndFlaky_NothingBadIsMergedAndInnocentsStay(double rate)
    {
        var (innocents, good) = (0, 0);
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var world = new World { FlakeRate = 0.05, Random = random };
            var changes = Changes(20);
            foreach (var change in changes.Where(_ => random.NextDouble() < rate))
            {
                world.Bad.Add(change.Task);
            }

            var round = await new MergeQueue(world).MergeAsync("base", changes);
            Assert.DoesNotContain(round.Merged, one => world.Bad.Contains(one.Change.Task));
            Assert.Equal(20, round.Merged.Count + round.Refused.Count);
            innocents += round.Refused.Count(one => !world.Bad.Contains(one.Change.Task));
            good += 20 - world.Bad.Count;
        }

        Assert.True(innocents * 200 <= good, $"{innocents} of {good}");
    }

    private static IReadOnlyList<QueuedChange> Changes(int count) =>
        [.. Enumerable.Range(1, count).Select(number => new QueuedChange($"T{number}", $"commit {number}"))];

    /// <summary>A tip is the names of what is in it.</summary>
    private sealed class World : IIntegration
    {
        public HashSet<string> Bad { get; } = [];

        public List<(string One, string Other)> BadTogether { get; } = [];

        public List<(string One, string Other)> Conflicts { get; } = [];

        public HashSet<string> FailsFirst { get; } = [];

        public HashSet<string> Unrunnable { get; } = [];

        public bool IsToolGone { get; init; }

        public double FlakeRate { get; init; }

        public Random Random { get; init; } = new(1);

        public int Gates { get; private set; }

        public Task<StackedChange> StackAsync(string tip, QueuedChange change)
        {
            var met = Conflicts.Exists(pair => pair.Other == change.Task && tip.Split(' ').Contains(pair.One));
            return Task.FromResult(met ? new StackedChange(null, ["file"]) : new StackedChange($"{tip} {change.Task}", []));
        }

        public Task<GateResult> GateAsync(string tip, IReadOnlyList<QueuedChange> stacked)
        {
            Gates++;
            var names = tip.Split(' ');
            var verdict = IsToolGone || names.Any(Unrunnable.Contains) ? GateVerdict.CouldNotRun
                : names.Any(Bad.Contains)
                    || BadTogether.Exists(pair => names.Contains(pair.One) && names.Contains(pair.Other))
                    || FailsFirst.Remove(tip)
                    || Random.NextDouble() < FlakeRate
                    ? GateVerdict.Failed
                    : GateVerdict.Passed;
            return Task.FromResult(new GateResult("tip", [new CheckVerdict("check", verdict, verdict == GateVerdict.Passed ? null : "why")], []));
        }
    }
}
