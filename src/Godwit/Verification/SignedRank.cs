using System.Collections.Concurrent;
using MathNet.Numerics.Distributions;

namespace Godwit.Verification;

/// <summary>
/// The Wilcoxon signed-rank test and its confidence bounds by Walsh averages (Hollander, Wolfe and Chicken 2014,
/// "Nonparametric Statistical Methods", 3.1 to 3.3). Exact for up to 200 differences: with a fair coin for each pair's
/// order, the signs are independent and symmetric under the null, whatever the machine's drift.
/// </summary>
public static class SignedRank
{
    private const int ExactLimit = 200;
    private static readonly ConcurrentDictionary<int, double[]> Distributions = new();

    /// <summary>The Hodges-Lehmann estimate: the median of the Walsh averages.</summary>
    /// <param name="differences">At least one.</param>
    public static double Estimate(IReadOnlyList<double> differences)
    {
        var walsh = WalshAverages(differences);
        var middle = walsh.Length / 2;
        return walsh.Length % 2 == 1 ? walsh[middle] : (walsh[middle - 1] + walsh[middle]) / 2;
    }

    /// <summary>
    /// The one-sided lower confidence bound of the centre at level 1 - alpha; minus infinity where so few differences can't give
    /// one.
    /// </summary>
    /// <param name="differences">At least one.</param>
    /// <param name="alpha">In (0, 0.5].</param>
    public static double LowerBound(IReadOnlyList<double> differences, double alpha)
    {
        var rank = CriticalRank(differences.Count, alpha);
        return rank == 0 ? double.NegativeInfinity : WalshAverages(differences)[rank - 1];
    }

    /// <summary>The one-sided upper confidence bound of the centre at level 1 - alpha.</summary>
    /// <param name="differences">At least one.</param>
    /// <param name="alpha">In (0, 0.5].</param>
    public static double UpperBound(IReadOnlyList<double> differences, double alpha)
    {
        var rank = CriticalRank(differences.Count, alpha);
        if (rank == 0)
        {
            return double.PositiveInfinity;
        }

        var walsh = WalshAverages(differences);
        return walsh[^rank];
    }

    /// <summary>The largest c with P(T+ &lt; c) at most alpha; the c-th smallest Walsh average is the lower bound. 0 for none.</summary>
    internal static int CriticalRank(int count, double alpha)
    {
        if (count <= ExactLimit)
        {
            var cumulative = Distributions.GetOrAdd(count, Cumulative);
            var rank = 0;
            while (rank < cumulative.Length && cumulative[rank] <= alpha)
            {
                rank++;
            }

            return rank;
        }

        var mean = count * (count + 1.0) / 4;
        var deviation = Math.Sqrt(count * (count + 1.0) * (2 * count + 1) / 24);
        return Math.Max(0, (int)Math.Floor(mean + Normal.InvCDF(0, 1, alpha) * deviation));
    }

    private static double[] WalshAverages(IReadOnlyList<double> differences)
    {
        var count = differences.Count;
        var walsh = new double[count * (count + 1) / 2];
        var next = 0;
        for (var i = 0; i < count; i++)
        {
            for (var j = i; j < count; j++)
            {
                walsh[next++] = (differences[i] + differences[j]) / 2;
            }
        }

        Array.Sort(walsh);
        return walsh;
    }

    /// <summary>P(T+ at most t) for t from 0: each rank is in the sum or not, with even chance.</summary>
    private static double[] Cumulative(int count)
    {
        var probability = new double[count * (count + 1) / 2 + 1];
        probability[0] = 1;
        var top = 0;
        for (var rank = 1; rank <= count; rank++)
        {
            top += rank;
            for (var sum = top; sum >= 0; sum--)
            {
                probability[sum] = probability[sum] / 2 + (sum >= rank ? probability[sum - rank] / 2 : 0);
            }
        }

        for (var sum = 1; sum < probability.Length; sum++)
        {
            probability[sum] += probability[sum - 1];
        }

        return probability;
    }
}
