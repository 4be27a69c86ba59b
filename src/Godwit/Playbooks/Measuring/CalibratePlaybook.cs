using Godwit.Durable;
using Godwit.Playbooks.Optimise;
using Godwit.Verification;

namespace Godwit.Playbooks.Measuring;

/// <summary>Builds and checks the base, looks at the points that the goal asks for, and learns the noise from A/A pairs.</summary>
/// <param name="Measurer">Checks and measures.</param>
internal sealed record CalibratePlaybook(IMeasurer Measurer) : Playbook<OptimiseInput, Calibration>("optimise/calibrate")
{
    private const int ExactBases = 5;
    private const int Pairs = 18;
    private const int SomeCandidates = 10;
    private const double ProofShare = 0.40;

    // Two-sided, for the interval that must contain 0: a sound harness is called biased once in a thousand runs.
    private const double BiasLevel = 0.001;

    public override async Task<Calibration> RunAsync(IDurableContext context, OptimiseInput input)
    {
        var goal = input.Goal;
        var check = await context.StepAsync("base/check", Effect.Repeatable, Candidate.Base, Measurer.CheckAsync);
        if (check.Outcome != TrialOutcome.Ok)
        {
            return Failed($"the base doesn't pass: {check.Reason}", check.ActiveSeconds);
        }

        var first = await MeasureBaseAsync(context, goal, 0);
        if (first.Outcome != TrialOutcome.Ok)
        {
            return Failed($"the base can't be measured: {first.Reason}", first.ActiveSeconds);
        }

        var scale = Scale.Of(goal.Harness, first.Value(goal.Harness.Metric));
        if (scale.Refuse(goal.Harness.Metric, first.Value(goal.Harness.Metric)) is { } refusal)
        {
            return Failed($"the base can't be measured: {refusal}", first.ActiveSeconds);
        }

        await context.NoteAsync(
            "note/base",
            (OptimiseNote)new OptimiseNote.BaseReady(
                first.Value(goal.Harness.Metric), first.Seconds, first.ActiveSeconds, scale.Reference, first.TimedShare, first.Complaint));
        var tried = await LookAsync(context, input, first, scale);
        var bases = new List<Measurement> { first };
        while (bases.Count < ExactBases && bases.TrueForAll(one => Same(one, first, goal)))
        {
            var next = await MeasureBaseAsync(context, goal, bases.Count);
            if (next.Outcome != TrialOutcome.Ok)
            {
                return Failed($"the base can't be measured: {next.Reason}", next.ActiveSeconds);
            }

            bases.Add(next);
        }

        var exact = bases.Count == ExactBases && bases.TrueForAll(one => Same(one, first, goal));
        var calibration = exact
            ? new Calibration
            {
                Exact = true,
                Reference = scale.Reference,
                Bases = [.. bases.Select(one => one.Value(goal.Harness.Metric))],
                BaseMetrics = Values(first),
                PairSeconds = 2 * (bases[^1].ActiveSeconds - first.ActiveSeconds) / Math.Max(1, bases.Count - 1),
                ActiveSeconds = bases[^1].ActiveSeconds,
            }
            : await PairAsync(context, goal, scale, bases[^1]);
        calibration = calibration with
        {
            StartSeconds = first.ActiveSeconds - first.Seconds,
            Tried = tried,
            TimedShare = first.TimedShare,
            SameAnswers = bases.Count > 1 && first.Answer is not null && bases.TrueForAll(one => one.Answer == first.Answer),
        };
        await context.NoteAsync("note/calibrated", (OptimiseNote)new OptimiseNote.Calibrated(calibration));
        return calibration;
    }

    private async Task<Calibration> PairAsync(IDurableContext context, OptimiseGoal goal, Scale scale, Measurement last)
    {
        var rule = new ClaimRule(goal.MinimumEffect, 1 - goal.Confidence);
        var series = new PairSeries(context, Measurer, goal, scale);
        var twice = goal.BuildsTwice(exact: false);
        var early = await series.MeasureAsync("calibrate/first", 2, Candidate.Base, Candidate.Base, holdOut: false, builtTwice: twice);

        // Where the base is built once more, the first pair holds the build.
        var pairSeconds = twice && early.Pairs is [var building, ..]
            ? series.ActiveSeconds - Math.Max(building.Base.ActiveSeconds, building.Candidate.ActiveSeconds)
            : (series.ActiveSeconds - last.ActiveSeconds) / 2;
        var proofs = goal.Harness.HoldOut is null ? 1 : 2;

        // The reserve must hold the fewest pairs that can prove anything, and what stands before it a calibration and some candidates.
        var proofPairs = rule.SmallestPairs(1) * proofs + proofs;
        var needed = Math.Max(proofPairs / ProofShare, Pairs + SomeCandidates + proofPairs) * pairSeconds;
        if (goal.Seconds > 0 && early.FailedArm == Arm.None && goal.Seconds < needed)
        {
            return Failed(
                $"a budget of {goal.Seconds:0} s is too small to claim anything: a pair takes {pairSeconds:0.0} s, and " +
                $"calibrating, screening and confirming need about {needed:0} s; raise budget.time, say --time " +
                $"{Math.Ceiling(1.5 * needed):0}s, or make a measurement shorter",
                series.ActiveSeconds);
        }

        var measured = early.FailedArm == Arm.None
            ? await series.MeasureAsync("calibrate", Pairs, Candidate.Base, Candidate.Base, holdOut: false, warmUp: 1, twice)
            : early;
        if (measured.FailedArm != Arm.None)
        {
            return Failed($"the base can't be measured: {measured.Reason}", series.ActiveSeconds);
        }

        var differences = series.Differences(measured.Pairs);
        var (low, high) = (SignedRank.LowerBound(differences, BiasLevel / 2), SignedRank.UpperBound(differences, BiasLevel / 2));
        if (low > 0 || high < 0)
        {
            return Failed(
                $"the harness is biased: the base against itself differs by " +
                $"{Math.Exp(SignedRank.Estimate(differences)) - 1:+0.0%;-0.0%}; look for state that one measurement leaves for the next",
                series.ActiveSeconds);
        }

        var sigma = ClaimRule.Sigma(differences);
        var affordable = goal.Seconds > 0 ? (int)(goal.Seconds * ProofShare / proofs / pairSeconds) : 0;
        return new Calibration
        {
            Reference = scale.Reference,
            Sigma = sigma,
            Bases =
                [
                    .. measured.Pairs.SelectMany(
                        pair => (double[])[pair.Base.Value(goal.Harness.Metric), pair.Candidate.Value(goal.Harness.Metric)]),
                ],
            BaseMetrics = Values(measured.Pairs[^1].Base),
            Pairs = series.Samples(measured.Pairs),
            Ties = differences.Count(difference => difference == 0) / (double)differences.Count,
            PairSeconds = pairSeconds,
            ActiveSeconds = series.ActiveSeconds,
            AffordablePairs = affordable,
            SmallestEffect = affordable == 0 ? 0 : rule.SmallestEffect(sigma, affordable),
        };
    }

    /// <summary>A first look at each point of <c>try:</c>, so that a cheat is refused before any time is spent on it.</summary>
    private async Task<IReadOnlyList<TrialRecord>> LookAsync(IDurableContext context, OptimiseInput input, Measurement first, Scale scale)
    {
        var tried = new List<TrialRecord>();
        if (input.Goal.Parameters is not { Try.Count: > 0 } parameters)
        {
            return tried;
        }

        var maker = new CandidateMaker(input);
        foreach (var point in parameters.Try.Select(maker.Complete).DistinctBy(Search.SearchSpace.KeyOf))
        {
            var number = tried.Count + 1;
            var record = await new TrialRunner(context, Measurer, input.Goal, scale).CheckAsync(
                new TrialRecord { Number = number, Parameters = point, Proposer = "try" }, maker.Make(point),
                first.Value(input.Goal.Harness.Metric));
            tried.Add(record);
            if (record.Outcome != TrialOutcome.Ok)
            {
                await context.NoteAsync(
                    $"note/try/{number}", (OptimiseNote)new OptimiseNote.TrialEnded(record, 0, first.Value(input.Goal.Harness.Metric)));
            }
        }

        return tried;
    }

    private Task<Measurement> MeasureBaseAsync(IDurableContext context, OptimiseGoal goal, int number) => context.StepAsync(
        $"base/measure/{number}", Effect.Repeatable,
        new SingleRequest(Candidate.Base, true, PairSeries.Seed(goal.Seed, "base", number), false),
        Measurer.MeasureAsync);

    private static bool Same(Measurement left, Measurement right, OptimiseGoal goal) =>
        left.Value(goal.Harness.Metric) == right.Value(goal.Harness.Metric);

    private static Dictionary<string, double> Values(Measurement measurement) =>
        measurement.Metrics.ToDictionary(pair => pair.Key, pair => pair.Value.Value);

    private static Calibration Failed(string why, double active) => new() { Failure = why, ActiveSeconds = active };
}
