using MathNet.Numerics.Distributions;

namespace Godwit.Verification;

/// <summary>What may be claimed, and how many pairs that takes. All deviations here are of one pair's log ratio.</summary>
/// <param name="MinimumEffect">The smallest improvement worth a claim, as a fraction: 0.05 for 5 %.</param>
/// <param name="Alpha">One minus the confidence, over all attempts of a run.</param>
public sealed record ClaimRule(double MinimumEffect, double Alpha)
{
    // The asymptotic relative efficiency of the signed-rank test under normal noise, 3/pi (Hodges and Lehmann 1956).
    private const double Efficiency = 0.955;

    // z(0.95): pairs are planned for a power of 95 %.
    private const double PowerQuantile = 1.645;

    /// <summary>The level of the k-th attempt: alpha / (k (k + 1)), which sums to alpha over all of them.</summary>
    /// <param name="attempt">From 1; failed attempts count.</param>
    public double Level(int attempt) => Alpha / ((double)attempt * (attempt + 1));

    /// <summary>
    /// The pairs for one look: the normal approximation of the t test over the signed-rank test's efficiency, and never
    /// fewer than the test needs to be able to reach the level at all.
    /// </summary>
    /// <param name="attempt">From 1.</param>
    /// <param name="sigma">The deviation of a pair.</param>
    /// <param name="screened">The candidate's mean log ratio from screening.</param>
    public int Pairs(int attempt, double sigma, double screened)
    {
        var level = Level(attempt);
        var delta = Math.Max(Math.Log(1 + MinimumEffect), screened / 2);
        var byPower = Math.Ceiling(Math.Pow((Quantile(level) + PowerQuantile) * sigma / delta, 2) / Efficiency) + 2;
        return (int)Math.Max(byPower, SmallestPairs(attempt));
    }

    /// <summary>Below this many pairs an attempt has no fair chance.</summary>
    public int SmallestPairs(int attempt) => (int)Math.Ceiling(Math.Log2(1 / Level(attempt))) + 12;

    /// <summary>The smallest effect that so many pairs can prove in the first attempt, as a fraction.</summary>
    public double SmallestEffect(double sigma, int pairs) => pairs <= 2
        ? double.PositiveInfinity
        : Math.Exp((Quantile(Level(1)) + PowerQuantile) * sigma / Math.Sqrt(Efficiency * (pairs - 2))) - 1;

    /// <summary>Judges the pairs of one attempt.</summary>
    /// <param name="pairs">Base and candidate.</param>
    /// <param name="scale">How they are compared.</param>
    /// <param name="level">The one-sided level.</param>
    public ClaimTest Test(IReadOnlyList<(double Base, double Candidate)> pairs, Scale scale, double level)
    {
        if (pairs.Count == 0)
        {
            return new ClaimTest(scale.Value(0), scale.Value(double.NegativeInfinity), scale.Value(0), 0, level, false);
        }

        var gains = pairs.Select(pair => scale.Gain(pair.Base, pair.Candidate)).ToList();
        var estimate = scale.Value(SignedRank.Estimate(gains));
        var lower = scale.Value(SignedRank.LowerBound(gains, level));
        var means = scale.Value(scale.Gain(pairs.Average(pair => pair.Base), pairs.Average(pair => pair.Candidate)));
        var none = scale.Value(0);
        return new ClaimTest(
            estimate, lower, means, pairs.Count, level,
            lower > none && estimate >= scale.Value(scale.GainOf(MinimumEffect)) && means > none);
    }

    /// <summary>The deviation of a pair from A/A differences: 1.25 times the normal-consistent median absolute deviation from 0.</summary>
    public static double Sigma(IEnumerable<double> differences)
    {
        var sorted = differences.Select(Math.Abs).Order().ToList();
        if (sorted.Count == 0)
        {
            return 0;
        }

        var median = sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[sorted.Count / 2 - 1] + sorted[sorted.Count / 2]) / 2;
        return 1.25 * 1.4826 * median;
    }

    private static double Quantile(double level) => Normal.InvCDF(0, 1, 1 - level);
}

/// <summary>
/// What pairs prove. Estimate, bound and mean are improvement factors, above 1 where it is better; or, where values are compared by
/// their difference, improvements in the metric's unit, above 0 where it is better.
/// </summary>
/// <param name="Estimate">The Hodges-Lehmann estimate.</param>
/// <param name="Lower">The one-sided lower confidence bound: what is claimed.</param>
/// <param name="MeanRatio">The same of the arithmetic means: a median alone can be bought with rare bad spikes.</param>
/// <param name="Pairs">How many pairs.</param>
/// <param name="Level">The one-sided level.</param>
/// <param name="Proven">All three rules hold.</param>
public sealed record ClaimTest(double Estimate, double Lower, double MeanRatio, int Pairs, double Level, bool Proven);
