using Godwit.Playbooks.Measuring;
using Godwit.Search;
using Godwit.Verification;
using MathNet.Numerics.Distributions;

namespace Godwit.Playbooks.Optimise;

/// <summary>How far screening has come.</summary>
public sealed record ScreenState
{
    /// <summary>Every candidate so far.</summary>
    public IReadOnlyList<TrialRecord> Trials { get; init; } = [];

    /// <summary>The base's last values, newest last.</summary>
    public IReadOnlyList<double> Bases { get; init; } = [];

    /// <summary>All metrics of the last base measurement.</summary>
    public IReadOnlyDictionary<string, double> BaseMetrics { get; init; } = new Dictionary<string, double>();

    /// <summary>Candidates measured since the last base measurement.</summary>
    public int SinceBase { get; init; }

    /// <summary>Points asked of proposers, known ones included.</summary>
    public int Proposals { get; init; }

    /// <summary>Measurements in all.</summary>
    public int Measurements { get; init; }

    /// <summary>Measurements that went to candidates for a closer look.</summary>
    public int Closer { get; init; }

    /// <summary>The seed of the last base measurement, which candidates are measured with where their answers must be the base's.</summary>
    public ulong BaseSeed { get; init; }

    /// <summary>The base's answer for it; null where none was taken.</summary>
    public string? BaseAnswer { get; init; }

    /// <summary>How long agents have waited for people, in the run's active time: that doesn't count against its time.</summary>
    public double WaitedSeconds { get; init; }

    /// <summary>Tool calls of all agents so far.</summary>
    public int ToolCalls { get; init; }

    /// <summary>Agents so far, those that agents have started included.</summary>
    public int Agents { get; init; }

    /// <summary>Those of the goal's agents that can't be asked any more, by name, and why.</summary>
    public IReadOnlyDictionary<string, string> Ended { get; init; } = new Dictionary<string, string>();

    /// <summary>Nothing is left to do in the time and trials there are.</summary>
    public bool Done { get; init; }

    /// <summary>Why the run can't go on; null when it can.</summary>
    public string? Failure { get; init; }

    /// <summary>The run's active time.</summary>
    public double ActiveSeconds { get; init; }
}

/// <summary>The arithmetic of screening. Pure.</summary>
internal static class Screening
{
    /// <summary>The prior's deviation of a candidate's true log ratio.</summary>
    private const double Tau = 0.1;

    private const int BasesForMedian = 5;
    private const int FirstOfArm = 3;
    private const double Discount = 0.97;
    private const double LeastShare = 0.1;

    // A score's variance in units of a pair's: one measurement (half a pair's variance) against the median of five, whose
    // variance is pi / (2 * 5) of a measurement's.
    private const double ScoreVariance = 0.5 * (1 + Math.PI / (2 * BasesForMedian));

    /// <summary>The posterior of a candidate's log ratio under a normal prior around 0.</summary>
    public static (double Mean, double Variance) Posterior(TrialRecord trial, Calibration calibration)
    {
        if (calibration.Exact)
        {
            return (trial.Scores.Count == 0 ? 0 : trial.Scores[0], 0);
        }

        var noise = Math.Max(ScoreVariance * calibration.Sigma * calibration.Sigma, 1e-12);
        var variance = 1 / (1 / (Tau * Tau) + trial.Scores.Count / noise);
        return (variance * trial.Scores.Sum() / noise, variance);
    }

    /// <summary>The score of one measurement.</summary>
    public static double Score(double value, IReadOnlyList<double> bases, Calibration calibration, bool maximise)
    {
        var recent = bases.TakeLast(BasesForMedian).Order().ToList();
        var median = recent.Count % 2 == 1 ? recent[recent.Count / 2] : (recent[recent.Count / 2 - 1] + recent[recent.Count / 2]) / 2;
        var gain = calibration.ScaleOf(maximise).Gain(median, value);
        return calibration.Exact ? gain : Math.Max(gain, -3 * calibration.Sigma / Math.Sqrt(2));
    }

    public static IReadOnlyList<Observation> Observations(IEnumerable<TrialRecord> trials, Calibration calibration) =>
        [
            .. trials.Select(
                trial => new Observation(
                    trial.Parameters,
                    trial.Outcome == TrialOutcome.Ok && trial.Scores.Count > 0 ? Posterior(trial, calibration).Mean : null,
                    trial.Proposer)),
        ];

    /// <summary>The candidate to look at again: the highest draw from the posteriors (Thompson 1933).</summary>
    public static TrialRecord? Thompson(IEnumerable<TrialRecord> trials, Calibration calibration, Durable.SeededRandom random) => trials
        .Where(trial => trial.Outcome == TrialOutcome.Ok)
        .Select(trial => (trial, Posterior(trial, calibration)))
        .Select(pair => (pair.trial, Draw: pair.Item2.Mean + Math.Sqrt(pair.Item2.Variance) * random.NextNormal()))
        .OrderByDescending(pair => pair.Draw)
        .FirstOrDefault().trial;

    /// <summary>
    /// The shares of the trials that proposers are given: by the expected improvement over the incumbent at the time of
    /// proposal (Mockus 1978), a second of the run's time, discounted; at least a tenth for each.
    /// </summary>
    /// <param name="trials">All trials by number.</param>
    /// <param name="calibration">The noise.</param>
    /// <param name="first">The proposers, at most ten, and the share of each until it has shown enough; they make 1.</param>
    /// <param name="credit">Who is credited with a trial; null for its proposer.</param>
    public static IReadOnlyDictionary<string, double> Shares(
        IReadOnlyList<TrialRecord> trials, Calibration calibration, IReadOnlyDictionary<string, double> first,
        Func<TrialRecord, string>? credit = null)
    {
        credit ??= trial => trial.Proposer;
        var arms = first.Keys.ToDictionary(name => name, _ => new Arm());
        var incumbent = 0.0;
        foreach (var trial in trials)
        {
            var (mean, variance) = trial.Outcome == TrialOutcome.Ok && trial.Scores.Count > 0
                ? Posterior(trial, calibration)
                : (double.NegativeInfinity, 0);
            arms.GetValueOrDefault(credit(trial))?.Add(ExpectedGain(mean - incumbent, Math.Sqrt(variance)), trial.Seconds);
            incumbent = Math.Max(incumbent, mean);
        }

        // Who hasn't shown enough keeps its first share: some never can, such as a search without a dimension to search.
        var shown = arms.Where(arm => arm.Value.Count >= FirstOfArm).ToList();
        var (left, all) = (
            first.Where(share => arms[share.Key].Count < FirstOfArm).Aggregate(first.Values.Sum(), (rest, share) => rest - share.Value),
            shown.Sum(arm => arm.Value.Rate));
        if (all <= 0)
        {
            return first;
        }

        var least = Math.Min(LeastShare, left / shown.Count);
        return first.ToDictionary(
            share => share.Key,
            share => arms[share.Key].Count < FirstOfArm ? share.Value : least + (left - least * shown.Count) * arms[share.Key].Rate / all);
    }

    /// <summary>The mean of what a normal variable has above 0.</summary>
    private static double ExpectedGain(double mean, double deviation) => deviation <= 0
        ? Math.Max(0, mean)
        : mean * Normal.CDF(0, 1, mean / deviation) + deviation * Normal.PDF(0, 1, mean / deviation);

    private sealed class Arm
    {
        private double _gain;
        private double _seconds;

        public int Count { get; private set; }

        public double Rate => _gain / Math.Max(_seconds, 1e-3);

        public void Add(double gain, double seconds)
        {
            Count++;
            _gain = Discount * _gain + gain;
            _seconds = Discount * _seconds + seconds;
        }
    }

    /// <summary>The candidate to prove: the highest posterior mean, if it is at least half of the minimum effect.</summary>
    public static TrialRecord? Finalist(
        IEnumerable<TrialRecord> trials, Calibration calibration, double minimumEffect, IReadOnlyCollection<int> excluded)
    {
        var least = calibration.ScaleOf(maximise: true).GainOf(minimumEffect) / 2;
        var best = trials.Where(trial => trial.Outcome == TrialOutcome.Ok && trial.Scores.Count > 0 && !excluded.Contains(trial.Number))
            .MaxBy(trial => Posterior(trial, calibration).Mean);
        return best is not null && Posterior(best, calibration).Mean >= least ? best : null;
    }

    /// <summary>The pair deviation from calibration, refined by how the scores of each candidate scatter around their mean.</summary>
    public static double RefinedSigma(IEnumerable<TrialRecord> trials, Calibration calibration)
    {
        var groups = trials.Where(trial => trial.Outcome == TrialOutcome.Ok && trial.Scores.Count >= 2).ToList();
        var freedom = groups.Sum(trial => trial.Scores.Count - 1);
        if (calibration.Exact || freedom < 10)
        {
            return calibration.Sigma;
        }

        // Robust as calibration is: each residual is blown up to the deviation that it is an estimate of.
        var residuals = groups.SelectMany(trial =>
        {
            var mean = trial.Scores.Average();
            var scale = Math.Sqrt(trial.Scores.Count / (trial.Scores.Count - 1.0));
            return trial.Scores.Select(score => (score - mean) * scale);
        });
        var screened = ClaimRule.Sigma(residuals) / Math.Sqrt(ScoreVariance);
        var known = calibration.Pairs.Count;
        return Math.Sqrt((known * calibration.Sigma * calibration.Sigma + freedom * screened * screened) / (known + freedom));
    }
}
