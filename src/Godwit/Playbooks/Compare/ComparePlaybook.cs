using Godwit.Durable;
using Godwit.Playbooks.Optimise;
using Godwit.Verification;

namespace Godwit.Playbooks.Compare;

/// <summary>What a comparison starts from.</summary>
/// <param name="Base">The goal and the base commit.</param>
/// <param name="Head">What the other commit has otherwise, as far as the goal allows it to be changed.</param>
/// <param name="HeadCommit">The other commit.</param>
public sealed record CompareInput(OptimiseInput Base, Candidate Head, string HeadCommit);

/// <summary>What a comparison found. Factors are above 1 where the head is better.</summary>
public sealed record CompareResult
{
    /// <summary><c>better</c>, <c>worse</c>, <c>not_worse</c>, <c>unclear</c> or <c>failed</c>.</summary>
    public required string Verdict { get; init; }

    /// <summary>One line that says why.</summary>
    public required string Reason { get; init; }

    /// <summary>The head against the base.</summary>
    public ClaimTest? Better { get; init; }

    /// <summary>The base against the head.</summary>
    public ClaimTest? Worse { get; init; }

    /// <summary>The pairs.</summary>
    public IReadOnlyList<EvidencePair> Pairs { get; init; } = [];

    /// <summary>The noise.</summary>
    public Calibration? Calibration { get; init; }
}

/// <summary>The proof alone: is one commit's number really better or worse than another's?</summary>
/// <param name="Measurer">Checks and measures.</param>
public sealed record ComparePlaybook(IMeasurer Measurer) : Playbook<CompareInput, CompareResult>("compare")
{
    private const int ExactRepeats = 3;
    private const int MostPairs = 200;

    private CalibratePlaybook Calibrate => new(new OptimiseServices(Measurer, null!));

    /// <summary>All playbooks that a comparison starts.</summary>
    public PlaybookCatalogue Catalogue() => new(this, Calibrate);

    /// <inheritdoc/>
    public override async Task<CompareResult> RunAsync(IDurableContext context, CompareInput input)
    {
        var goal = input.Base.Goal;
        var calibration = (await context.ChildAsync("calibrate", Calibrate, input.Base with { Goal = goal with { Seconds = 0 } })).Require();
        if (calibration.Failure is { } failure)
        {
            return Failed(failure);
        }

        var check = await context.StepAsync("head/check", Effect.Repeatable, input.Head, Measurer.CheckAsync);
        if (check.Outcome != TrialOutcome.Ok)
        {
            return Failed($"the head doesn't pass: {check.Reason}");
        }

        // Both directions are tested, so each gets half of the level.
        var level = (1 - goal.Confidence) / 2;
        var rule = new ClaimRule(goal.MinimumEffect, level);
        var pairs = calibration.Exact ? ExactRepeats : Math.Min(MostPairs, rule.Pairs(1, calibration.Sigma, 0));
        if (goal.Seconds > 0 && !calibration.Exact)
        {
            pairs = Math.Min(pairs, (int)((calibration.StartSeconds + goal.Seconds - check.ActiveSeconds) / calibration.PairSeconds) - 1);
            if (pairs < rule.SmallestPairs(1))
            {
                return Failed($"a budget of {goal.Seconds:0} s is too small to tell: it leaves {Math.Max(pairs, 0)} pairs, and {rule.SmallestPairs(1)} are needed");
            }
        }

        var series = new PairSeries(context, Measurer, goal);
        var measured = await series.MeasureAsync("compare", pairs, Candidate.Base, input.Head, holdOut: false, warmUp: calibration.Exact ? 0 : 1, goal.BuildsTwice(calibration.Exact));
        if (measured.FailedArm != Arm.None)
        {
            return Failed($"the {(measured.FailedArm == Arm.Base ? "base" : "head")} can't be measured: {measured.Reason}");
        }

        return Judge(goal, rule, level, calibration, series.Samples(measured.Pairs));
    }

    private static CompareResult Judge(Goal goal, ClaimRule rule, double level, Calibration calibration, IReadOnlyList<EvidencePair> samples)
    {
        var better = ClaimJudge.Judge(samples, rule, goal.Harness.Maximise, calibration.Exact, level);
        var worse = ClaimJudge.Judge(Swap(samples), rule, goal.Harness.Maximise, calibration.Exact, level);
        var (verdict, reason) = (better, worse) switch
        {
            ({ Proven: true }, _) => ("better", $"{goal.Harness.Metric} is at least {better.Lower:0.###} times better"),
            (_, { Proven: true }) => ("worse", $"{goal.Harness.Metric} is at least {worse.Lower:0.###} times worse"),
            _ when better.Lower > 1 / (1 + goal.MinimumEffect) => ("not_worse", $"{goal.Harness.Metric} is not worse by {goal.MinimumEffect:P0}: at least {better.Lower:0.###} times the base's"),
            _ => ("unclear", $"{better.Pairs} pairs can't tell: between {better.Lower:0.###} and {(worse.Lower > 0 ? 1 / worse.Lower : double.PositiveInfinity):0.###} times the base's"),
        };
        return new CompareResult { Verdict = verdict, Reason = reason, Better = better, Worse = worse, Pairs = samples, Calibration = calibration };
    }

    /// <summary>The same pairs with the sides exchanged.</summary>
    public static IReadOnlyList<EvidencePair> Swap(IReadOnlyList<EvidencePair> pairs) => [.. pairs.Select(pair => new EvidencePair(!pair.BaseFirst, pair.Candidate, pair.Base))];

    private static CompareResult Failed(string reason) => new() { Verdict = "failed", Reason = reason };
}
