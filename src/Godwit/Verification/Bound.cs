using System.Globalization;

namespace Godwit.Verification;

/// <summary>Lower bounds in words: never more than what is proven.</summary>
public static class Bound
{
    // What exp and log leave of a ratio that is exact, such as 2.
    private const double Residue = 1e-9;

    /// <summary>A bound, rounded down.</summary>
    /// <param name="lower">The bound.</param>
    /// <param name="digits">Digits behind the point, 0 to 6.</param>
    public static double Down(double lower, int digits)
    {
        var unit = Math.Pow(10, digits);
        return double.IsFinite(lower) ? Math.Floor(lower * unit * (1 + Residue)) / unit : lower;
    }

    /// <summary>A bound with at most three digits behind the point.</summary>
    public static string Text(double lower) => Down(lower, 3).ToString("0.###", CultureInfo.InvariantCulture);
}
