namespace Godwit.Playbooks.Build;

/// <summary>A change that wants to be merged.</summary>
/// <param name="Task">The task that it is of.</param>
/// <param name="Commit">The work, as a commit on the tip that it began at.</param>
/// <param name="IsContract">Whether it is only what others build on, landed early.</param>
public sealed record QueuedChange(string Task, string Commit, bool IsContract = false)
{
    /// <summary>Its name in the journal and in messages.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Name => IsContract ? $"{Task}-contract" : Task;
}

/// <summary>A change on top of a tip.</summary>
/// <param name="Tip">The new tip; null where both sides changed the same places.</param>
/// <param name="Conflicts">The files with these places.</param>
public sealed record StackedChange(string? Tip, IReadOnlyList<string> Conflicts);

/// <summary>What the queue asks of the world; each answer is journaled before it counts.</summary>
internal interface IIntegration
{
    /// <summary>Puts a change on top of a tip, without looking at whether it works there.</summary>
    Task<StackedChange> StackAsync(string tip, QueuedChange change);

    /// <summary>Looks at a tip on a clean checkout.</summary>
    /// <param name="tip">The tip.</param>
    /// <param name="stacked">The changes that aren't merged yet, of which it is made.</param>
    Task<GateResult> GateAsync(string tip, IReadOnlyList<QueuedChange> stacked);
}

/// <summary>What became of some changes.</summary>
internal sealed record QueueRound
{
    /// <summary>The tip after it.</summary>
    public required string Tip { get; init; }

    /// <summary>Changes that are merged, in their order, each with the tip that it made.</summary>
    public IReadOnlyList<(QueuedChange Change, string Tip)> Merged { get; init; } = [];

    /// <summary>Changes that a gate refused on a tip that it had let through without them.</summary>
    public IReadOnlyList<(QueuedChange Change, CheckVerdict Why)> Refused { get; init; } = [];

    /// <summary>Changes that changed the same places as what was merged before them.</summary>
    public IReadOnlyList<(QueuedChange Change, IReadOnlyList<string> Files)> Conflicting { get; init; } = [];

    /// <summary>Checks that failed and passed on the same tip.</summary>
    public IReadOnlyList<CheckVerdict> Flakes { get; init; } = [];

    /// <summary>Why nothing can be merged any more: a check that can't be carried out, or runs no test. Null otherwise.</summary>
    public CheckVerdict? Stopped { get; init; }
}

/// <summary>
/// Merges changes in batches: a batch is stacked, its tip is gated once, and where it is refused the change that it is refused for is
/// found by bisection and alone sent back. Batches start at 4, grow by one with each that passes and are halved by each that doesn't;
/// with more than a fifth of bad changes they go one by one (docs/decisions/0018).
/// </summary>
/// <param name="world">Stacks and gates.</param>
internal sealed class MergeQueue(IIntegration world)
{
    private const int FirstBatch = 4;
    private const int Remembered = 20;
    private const int EnoughToJudge = 5;
    private const double ManyBad = 0.2;

    private const int LooksInBatch = 2;

    // A change is sent back once that many failures by chance have become this unlikely, given how often good tips failed lately; a tip that
    // fails without the change is taken to fail at least that often (docs/decisions/0018).
    private const double Unlikely = 0.002;
    private const double FlakyTip = 0.35;
    private const int MostLooks = 10;
    private const int LooksRemembered = 12;

    private readonly Queue<bool> _lately = new();
    private readonly HashSet<string> _good = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CheckVerdict> _refusals = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _looks = new(StringComparer.Ordinal);
    private readonly List<CheckVerdict> _flakes = [];
    private readonly Queue<bool> _failuresOfGood = new();
    private int _size = FirstBatch;

    /// <summary>How many changes are taken at once.</summary>
    public int BatchSize => _lately.Count >= EnoughToJudge && _lately.Count(bad => bad) > ManyBad * _lately.Count ? 1 : _size;

    /// <summary>Says that a tip is known to be good.</summary>
    public void Trust(string tip) => _good.Add(tip);

    /// <summary>Merges what can be merged of some changes; none is left over.</summary>
    /// <param name="tip">The tip before, which is good.</param>
    /// <param name="changes">The changes, the first first.</param>
    public async Task<QueueRound> MergeAsync(string tip, IReadOnlyList<QueuedChange> changes)
    {
        _flakes.Clear();
        Trust(tip);
        var round = new QueueRound { Tip = tip };
        for (var left = changes.ToList(); left.Count > 0 && round.Stopped is null;)
        {
            var batch = left.Take(BatchSize).ToList();
            left.RemoveRange(0, batch.Count);
            (round, var back) = await BatchAsync(round, batch);

            // What stood behind a change that was refused goes first.
            left.InsertRange(0, back);
        }

        return round with { Flakes = [.. _flakes] };
    }

    /// <summary>One batch; what it returns has to be stacked again.</summary>
    private async Task<(QueueRound Round, List<QueuedChange> Back)> BatchAsync(QueueRound round, List<QueuedChange> batch)
    {
        var stack = new List<(QueuedChange Change, string Tip)>();
        var conflicting = new List<(QueuedChange Change, IReadOnlyList<string> Files)>();
        var top = round.Tip;
        foreach (var change in batch)
        {
            var stacked = await world.StackAsync(top, change);
            if (stacked.Tip is null)
            {
                conflicting.Add((change, stacked.Conflicts));
                continue;
            }

            top = stacked.Tip;
            stack.Add((change, top));
        }

        var met = round with { Conflicting = [.. round.Conflicting, .. conflicting] };
        if (stack.Count == 0)
        {
            return (met, []);
        }

        var refusal = await RefusalAsync(stack, stack.Count, LooksInBatch);
        if (refusal is null)
        {
            _size++;
            stack.ForEach(_ => Remember(bad: false));
            return (met with { Tip = top, Merged = [.. round.Merged, .. stack] }, []);
        }

        _size = Math.Max(1, _size / 2);

        // What met a change that isn't merged in the end has met nothing.
        var (after, back) = await BisectAsync(round, stack);
        return (after, [.. back, .. conflicting.Select(one => one.Change)]);
    }

    private async Task<(QueueRound Round, List<QueuedChange> Back)> BisectAsync(
        QueueRound round, List<(QueuedChange Change, string Tip)> stack)
    {
        var (good, bad) = (0, stack.Count);
        while (bad - good > 1)
        {
            var middle = (good + bad) / 2;
            if (await RefusalAsync(stack, middle, LooksInBatch) is null)
            {
                good = middle;
            }
            else
            {
                bad = middle;
            }
        }

        var sure = await RefusalAsync(stack, bad, LooksInBatch);
        if (sure is not null)
        {
            // Without the change it should pass; where it doesn't, the change may have nothing to do with it.
            var before = good == 0 ? round.Tip : stack[good - 1].Tip;
            var without = (await world.GateAsync(before, [])).Refusal;
            if (without is not null && await LostAsync(sure, without, before))
            {
                return (round with { Stopped = without }, []);
            }

            Saw(failed: without is not null);
            if (without is not null)
            {
                _flakes.Add(without);
            }

            sure = await RefusalAsync(stack, bad, LooksFor(without is not null));
        }

        var merged = stack.Take(sure is null ? bad : good).ToList();
        merged.ForEach(_ => Remember(bad: false));
        round = round with
        {
            Tip = merged.Count == 0 ? round.Tip : merged[^1].Tip,
            Merged = [.. round.Merged, .. merged],
        };
        if (sure is not null)
        {
            Remember(bad: true);
            round = round with { Refused = [.. round.Refused, (stack[bad - 1].Change, sure)] };
        }

        return (round, [.. stack.Skip(bad).Select(one => one.Change)]);
    }

    /// <summary>Why a tip isn't let through; null where it is. Only final answers are remembered, and of one that changes the good one.</summary>
    private async Task<CheckVerdict?> RefusalAsync(List<(QueuedChange Change, string Tip)> stack, int count, int looks)
    {
        var tip = stack[count - 1].Tip;
        if (_good.Contains(tip))
        {
            return null;
        }

        List<QueuedChange> changes = [.. stack.Take(count).Select(one => one.Change)];
        CheckVerdict? refusal = null;
        while (_looks.GetValueOrDefault(tip) < looks)
        {
            _looks[tip] = _looks.GetValueOrDefault(tip) + 1;
            var result = await world.GateAsync(tip, changes);
            if (result.Refusal is null)
            {
                if (_refusals.TryGetValue(tip, out var earlier))
                {
                    _flakes.Add(earlier);
                    for (var look = 1; look < _looks[tip]; look++)
                    {
                        Saw(failed: true);
                    }
                }

                Saw(failed: false);

                Trust(tip);
                return null;
            }

            refusal = _refusals[tip] = result.Refusal;
        }

        return refusal ?? _refusals[tip];
    }

    /// <summary>
    /// Whether a check that couldn't be carried out, or ran no test, has lost its tool and not its change: it doesn't run on a tip either
    /// that is known to be good, twice.
    /// </summary>
    private async Task<bool> LostAsync(CheckVerdict refusal, CheckVerdict without, string good)
    {
        bool IsLost(CheckVerdict? one) => one is { Verdict: not GateVerdict.Failed } && one.Name == refusal.Name;
        return refusal.Verdict != GateVerdict.Failed && IsLost(without) && IsLost((await world.GateAsync(good, [])).Refusal);
    }

    /// <summary>How often a tip has to fail before that is no chance.</summary>
    /// <param name="isFlaky">Whether the tip without the change has just failed too.</param>
    private int LooksFor(bool isFlaky)
    {
        // Half a failure in ten looks before anything was seen.
        var chance = (_failuresOfGood.Count(failed => failed) + 0.5) / (_failuresOfGood.Count + 10);
        chance = isFlaky ? Math.Max(chance, FlakyTip) : chance;
        return Math.Clamp((int)Math.Ceiling(Math.Log(Unlikely) / Math.Log(chance)), LooksInBatch, MostLooks);
    }

    private void Saw(bool failed)
    {
        _failuresOfGood.Enqueue(failed);
        if (_failuresOfGood.Count > LooksRemembered)
        {
            _failuresOfGood.Dequeue();
        }
    }

    private void Remember(bool bad)
    {
        _lately.Enqueue(bad);
        if (_lately.Count > Remembered)
        {
            _lately.Dequeue();
        }
    }
}
