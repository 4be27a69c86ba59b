using Godwit.Durable;
using Godwit.Playbooks.Measuring;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>What an attempt to prove a finalist starts from.</summary>
/// <param name="Input">The run's input.</param>
/// <param name="Calibration">The noise.</param>
/// <param name="Trial">The finalist.</param>
/// <param name="Number">The attempt, from 1.</param>
/// <param name="Screened">The finalist's posterior mean log ratio.</param>
/// <param name="Sigma">The refined deviation of a pair.</param>
/// <param name="ActiveSeconds">The run's active time.</param>
/// <param name="WaitedSeconds">What of it was spent waiting for people, and doesn't count.</param>
public sealed record ProofInput(
    OptimiseInput Input, Calibration Calibration, TrialRecord Trial, int Number, double Screened, double Sigma,
    double ActiveSeconds, double WaitedSeconds = 0);

/// <summary>Ablates a finalist, confirms what is left on fresh data, and holds it out.</summary>
/// <param name="Services">The world.</param>
internal sealed record ProofPlaybook(OptimiseServices Services) : Playbook<ProofInput, ProofResult>("optimise/attempt")
{
    private const int ExactRepeats = 3;
    private const int MostPairs = 160;
    private const int FewestAblationPairs = 8;
    private const int MostAblationPairs = 24;
    private const double OneSided = 0.05;
    private const double TooManyTies = 0.25;

    public override async Task<ProofResult> RunAsync(IDurableContext context, ProofInput input)
    {
        var goal = input.Input.Goal;
        var rule = new ClaimRule(goal.MinimumEffect, 1 - goal.Confidence);
        var maker = new CandidateMaker(input.Input);
        var scale = input.Calibration.ScaleOf(goal.Harness.Maximise);
        var series = new PairSeries(context, Services.Measurer, goal, scale, input.Number);
        var result = new ProofResult
        {
            Attempt = input.Number,
            Trial = input.Trial.Number,
            Parameters = input.Trial.Parameters,
            Summary = input.Trial.Claim?.Summary ?? "",
            ActiveSeconds = input.ActiveSeconds,
        };
        var planned = input.Calibration.Exact ? ExactRepeats : Plan(input, rule, goal);
        if (planned == 0)
        {
            return result with { Reason = "the time that is left is too short to confirm it" };
        }

        result = result with { Planned = planned };
        await context.NoteAsync(
            "note/start",
            (OptimiseNote)new OptimiseNote.ProofStarted(input.Number, input.Trial.Number, input.Screened, input.Sigma, planned));
        result = await AblateAsync(context, series, maker, input, result);
        if (result.Reason is not null)
        {
            return result;
        }

        var candidate = maker.Make(result.Parameters);
        var twice = goal.BuildsTwice(input.Calibration.Exact);
        var confirmed = await series.MeasureAsync(
            "confirm", planned, Candidate.Base, candidate, holdOut: false, warmUp: input.Calibration.Exact ? 0 : 1, twice);
        result = result with { ActiveSeconds = series.ActiveSeconds, Pairs = series.Samples(confirmed.Pairs) };
        if (confirmed.FailedArm != Arm.None)
        {
            return result with { Reason = confirmed.Reason, BaseFailed = confirmed.FailedArm == Arm.Base };
        }

        var level = rule.Level(input.Number);
        result = result with
        {
            Claim = ClaimJudge.Judge(result.Pairs, rule, scale, input.Calibration.Exact, level),
            Outside = goal.Harness.Kind.CanClaim()
                ? null
                : rule.Test(PairSeries.Seconds(confirmed.Pairs), new Scale(Maximise: false), level),
        };
        if (Refuse(result.Claim!, confirmed.Pairs, series, goal, input.Calibration.Exact) is { } refusal)
        {
            return result with { Reason = refusal };
        }

        if (goal.Harness.HoldOut is null)
        {
            return result with { Proven = true };
        }

        var held = await series.MeasureAsync(
            "holdout", planned, Candidate.Base, candidate, holdOut: true, warmUp: input.Calibration.Exact ? 0 : 1, twice);
        result = result with { ActiveSeconds = series.ActiveSeconds, HoldOutPairs = series.Samples(held.Pairs) };
        if (held.FailedArm != Arm.None)
        {
            return result with { Reason = $"on the held-out workload: {held.Reason}", BaseFailed = held.FailedArm == Arm.Base };
        }

        // An intersection of two tests, each at its own level, needs no correction (Berger 1982).
        var test = ClaimJudge.Judge(result.HoldOutPairs, rule, scale, input.Calibration.Exact, OneSided);
        var broken = BrokenBound(goal, held.Pairs, input.Calibration.Exact);
        return result with
        {
            HoldOut = test,
            Proven = test.Proven && broken is null,
            Reason = broken is not null
                ? $"on the held-out workload {broken}"
                : test.Proven ? null : "the held-out workload doesn't show it",
        };
    }

    /// <summary>The pairs of the one look, as many as the rule wants or the time allows; 0 where that is too few.</summary>
    private static int Plan(ProofInput input, ClaimRule rule, OptimiseGoal goal)
    {
        var wanted = Math.Min(rule.Pairs(input.Number, input.Sigma, input.Screened), MostPairs);
        if (goal.Seconds <= 0)
        {
            return wanted;
        }

        var proofs = goal.Harness.HoldOut is null ? 1 : 2;
        var affordable = (int)(
            (input.Calibration.StartSeconds + goal.Seconds + input.WaitedSeconds - input.ActiveSeconds) / input.Calibration.PairSeconds / proofs) - 1;
        return Math.Min(wanted, affordable) is var pairs && pairs >= rule.SmallestPairs(input.Number) ? pairs : 0;
    }

    /// <summary>
    /// Takes back, one by one, what makes no difference: a reduced candidate stays when it isn't worse by half the minimum effect
    /// and passes the check, which only the whole one has passed so far.
    /// </summary>
    private async Task<ProofResult> AblateAsync(
        IDurableContext context, PairSeries series, CandidateMaker maker, ProofInput input, ProofResult result)
    {
        var goal = input.Input.Goal;
        var changed = maker.Changed(result.Parameters);
        var pairs = input.Calibration.Exact ? 1 : AblationPairs(input, goal, result.Planned, changed.Count);
        if (changed.Count < 2 || pairs < (input.Calibration.Exact ? 1 : FewestAblationPairs))
        {
            return result;
        }

        var scale = input.Calibration.ScaleOf(goal.Harness.Maximise);
        var margin = scale.GainOf(goal.MinimumEffect / 2);
        var dropped = new List<string>();
        var worth = new Dictionary<string, double>();
        var checkedAt = 0.0;
        foreach (var name in changed)
        {
            var reduced = maker.Without(result.Parameters, name);
            if (!maker.Changed(result.Parameters).Contains(name) || maker.Changed(reduced).Count == 0 || !maker.Space.IsFeasible(reduced))
            {
                continue;
            }

            var measured = await series.MeasureAsync(
                $"ablate/{name}", pairs, maker.Make(result.Parameters), maker.Make(reduced), holdOut: false);
            if (measured.FailedArm == Arm.Base)
            {
                return result with { Reason = measured.Reason, ActiveSeconds = series.ActiveSeconds };
            }

            var differences = series.Differences(measured.Pairs);
            var keeps = measured.FailedArm == Arm.Candidate || differences.Count == 0;
            if (keeps)
            {
                continue;
            }

            if ((input.Calibration.Exact ? differences[0] : SignedRank.LowerBound(differences, OneSided)) >= -margin)
            {
                var check = await context.StepAsync(
                    $"ablate/{name}/check", Effect.Repeatable, maker.Make(reduced), Services.Measurer.CheckAsync);
                checkedAt = check.ActiveSeconds;
                if (check.Outcome == TrialOutcome.Ok)
                {
                    dropped.Add(name);
                    result = result with { Parameters = reduced };
                }

                continue;
            }

            worth[name] = scale.Value(-SignedRank.Estimate(differences));
        }

        return result with { Dropped = dropped, Worth = worth, ActiveSeconds = Math.Max(series.ActiveSeconds, checkedAt) };
    }

    /// <summary>What the reserve can spare after both proofs, shared among the changes.</summary>
    private static int AblationPairs(ProofInput input, OptimiseGoal goal, int planned, int changes)
    {
        if (goal.Seconds <= 0)
        {
            return Math.Min(planned, MostAblationPairs);
        }

        var left = input.Calibration.StartSeconds + goal.Seconds + input.WaitedSeconds - input.ActiveSeconds;
        var spare = left / input.Calibration.PairSeconds - (planned + 2) * (goal.Harness.HoldOut is null ? 1 : 2);
        return (int)Math.Clamp(spare / Math.Max(changes, 1), 0, MostAblationPairs);
    }

    /// <summary>The first constraint against the base that pairs don't show to hold, in words; null where all hold.</summary>
    internal static string? BrokenBound(OptimiseGoal goal, IReadOnlyList<Pair> pairs, bool exact) =>
        goal.Harness.Constraints.Select(text => new Constraint(text))
        .Where(constraint => constraint.ComparesWithBase && !constraint.IsShown(pairs, exact, OneSided))
            .Select(constraint => $"constraint {constraint.Text} isn't shown to hold")
            .FirstOrDefault();

    private static string? Refuse(ClaimTest claim, IReadOnlyList<Pair> pairs, PairSeries series, OptimiseGoal goal, bool exact)
    {
        if (BrokenBound(goal, pairs, exact) is { } broken)
        {
            return broken;
        }

        if (claim.Proven)
        {
            return null;
        }

        var ties = series.Differences(pairs).Count(difference => difference == 0) / (double)pairs.Count;
        return !exact && ties > TooManyTies
            ? $"{ties:P0} of the pairs show no difference at all; increase the work that a measurement does"
            : "fresh data don't confirm it";
    }
}
