using Godwit.Durable;
using Godwit.Playbooks.Measuring;
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

    /// <summary>
    /// The head against the base on the held-out workload; null where there is none, or where it made no difference to the verdict.
    /// </summary>
    public ClaimTest? HoldOut { get; init; }

    /// <summary>The pairs on the held-out workload.</summary>
    public IReadOnlyList<EvidencePair> HoldOutPairs { get; init; } = [];

    /// <summary>The noise.</summary>
    public Calibration? Calibration { get; init; }
}

/// <summary>The proof alone: is one commit's number really better or worse than another's?</summary>
/// <param name="Measurer">Checks and measures.</param>
public sealed record ComparePlaybook(IMeasurer Measurer) : Playbook<CompareInput, CompareResult>("compare")
{
    private const int ExactRepeats = 3;
    private const int MostPairs = 200;

    private CalibratePlaybook Calibrate => new(Measurer);

    /// <summary>All playbooks that a comparison starts.</summary>
    public PlaybookCatalogue Catalogue() => new(this, Calibrate);

    /// <inheritdoc/>
    public override async Task<CompareResult> RunAsync(IDurableContext context, CompareInput input)
    {
        var goal = input.Base.Goal;
        var calibration = (
            await context.ChildAsync("calibrate", Calibrate, input.Base with { Goal = goal with { Seconds = 0 } })).Require();
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
        var proofs = goal.Harness.HoldOut is null ? 1 : 2;
        if (goal.Seconds > 0 && !calibration.Exact)
        {
            pairs = Math.Min(
                pairs, (int)((calibration.StartSeconds + goal.Seconds - check.ActiveSeconds) / calibration.PairSeconds / proofs) - 1);
            if (pairs < rule.SmallestPairs(1))
            {
                return Failed(
                    $"a budget of {goal.Seconds:0} s is too small to tell: it leaves {Math.Max(pairs, 0)} pairs, and " +
                    $"{rule.SmallestPairs(1)} are needed");
            }
        }

        var series = new PairSeries(context, Measurer, goal, calibration.ScaleOf(goal.Harness.Maximise));
        var (found, failed) = await MeasureAsync(series, "compare", pairs, holdOut: false, goal, calibration, input.Head);
        if (failed is not null)
        {
            return Failed(failed);
        }

        var result = Judge(goal, rule, level, calibration, found);
        if (goal.Harness.HoldOut is null || result.Verdict is not ("better" or "not_worse"))
        {
            return result;
        }

        // An intersection of two tests needs no correction (Berger 1982).
        (var held, failed) = await MeasureAsync(series, "holdout", pairs, holdOut: true, goal, calibration, input.Head);
        return failed is not null
            ? Failed($"on the held-out workload {failed}")
            : WithHoldOut(result, Judge(goal, rule, level, calibration, held), goal);
    }

    private static async Task<(IReadOnlyList<EvidencePair> Samples, string? Failed)> MeasureAsync(
        PairSeries series, string stage, int pairs, bool holdOut, OptimiseGoal goal, Calibration calibration, Candidate head)
    {
        var measured = await series.MeasureAsync(
            stage, pairs, Candidate.Base, head, holdOut, warmUp: calibration.Exact ? 0 : 1, goal.BuildsTwice(calibration.Exact));
        if (measured.FailedArm != Arm.None)
        {
            return ([], $"the {(measured.FailedArm == Arm.Base ? "base" : "head")} can't be measured: {measured.Reason}");
        }

        var broken = ProofPlaybook.BrokenBound(goal, measured.Pairs, calibration.Exact);
        return (series.Samples(measured.Pairs), broken is null ? null : $"the head doesn't pass: {broken}");
    }

    /// <summary>What is better must be better on work that nobody tuned for, too, and what isn't worse mustn't be worse there.</summary>
    private static CompareResult WithHoldOut(CompareResult result, CompareResult held, OptimiseGoal goal) => (result.Verdict, held.Verdict) switch
    {
        ("better", "better") =>
            result with
            {
                HoldOut = held.Better,
                HoldOutPairs = held.Pairs,
                Reason = $"{result.Reason}, and at least {Bound.Text(held.Better!.Lower)} times on the held-out workload",
            },
        (_, "better" or "not_worse") =>
            result with
            {
                Verdict = "not_worse",
                Reason = result.Verdict == "better"
                    ? $"{result.Reason}, but the held-out workload doesn't show it; it isn't worse there by {goal.MinimumEffect:P0}"
                    : result.Reason,
            },
        _ => result with { Verdict = "unclear", Reason = $"{result.Reason}, but on the held-out workload: {held.Reason}" },
    };

    private static CompareResult Judge(
        OptimiseGoal goal, ClaimRule rule, double level, Calibration calibration, IReadOnlyList<EvidencePair> samples)
    {
        var scale = calibration.ScaleOf(goal.Harness.Maximise);
        var better = ClaimJudge.Judge(samples, rule, scale, calibration.Exact, level);
        var worse = ClaimJudge.Judge(Swap(samples), rule, scale, calibration.Exact, level);
        var times = scale.ByDifference ? "" : " times";
        var (verdict, reason) = (better, worse) switch
        {
            ({ Proven: true }, _) => ("better", $"{goal.Harness.Metric} is at least {Bound.Text(better.Lower)}{times} better"),
            (_, { Proven: true }) => ("worse", $"{goal.Harness.Metric} is at least {Bound.Text(worse.Lower)}{times} worse"),
            _ when scale.FromValue(better.Lower) > -scale.GainOf(goal.MinimumEffect) =>
                ("not_worse", $"{goal.Harness.Metric} is not worse by {goal.MinimumEffect:P0}: at least {Bound.Text(better.Lower)}{times} the base's"),
            _ => (
                "unclear",
                $"{better.Pairs} pairs can't tell: between {Bound.Text(better.Lower)} and " +
                $"{scale.Value(-scale.FromValue(worse.Lower)):0.###}{times} the base's"),
        };
        if (verdict is "better" or "worse" && !goal.Harness.Kind.CanClaim())
        {
            reason += ", as the measured process itself reports; nothing is signed, because that code could say anything " +
            "(docs/observed.md)";
        }

        return new CompareResult
        {
            Verdict = verdict,
            Reason = reason,
            Better = better,
            Worse = worse,
            Pairs = samples,
            Calibration = calibration,
        };
    }

    /// <summary>The same pairs with the sides exchanged.</summary>
    public static IReadOnlyList<EvidencePair> Swap(IReadOnlyList<EvidencePair> pairs) =>
        [.. pairs.Select(pair => new EvidencePair(!pair.BaseFirst, pair.Candidate, pair.Base))];

    private static CompareResult Failed(string reason) => new() { Verdict = "failed", Reason = reason };
}
