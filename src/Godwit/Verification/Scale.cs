using System.Globalization;

namespace Godwit.Verification;

/// <summary>
/// How two values of a metric are compared: by their ratio, or by their difference where ratios can't be taken, because the
/// metric can be 0 or below. A gain is above 0 where the candidate is better: a log ratio, or a difference in parts of the reference.
/// </summary>
/// <param name="Maximise">Whether more is better.</param>
/// <param name="Reference">What differences are parts of, above 0; 0 for ratios.</param>
public readonly record struct Scale(bool Maximise, double Reference = 0)
{
    private const double CountsUpTo = 100;

    // A minimised metric of such a name has its best value at 0.
    private static readonly string[] CanVanish =
        [
            "err",
            "fail",
            "miss",
            "loss",
            "violation",
            "conflict",
            "warning",
            "defect",
            "drop",
            "timeout",
            "retr",
            "collision",
            "distance",
            "gap",
            "regret",
            "fault",
            "leak",
        ];

    /// <summary>Whether values are compared by their difference.</summary>
    public bool ByDifference => Reference > 0;

    /// <summary>The scale of a goal's metric, once the base has a value.</summary>
    /// <param name="spec">The goal's harness.</param>
    /// <param name="base">The base's first value.</param>
    public static Scale Of(HarnessSpec spec, double @base)
    {
        var difference = spec.ByDifference ?? (spec.Kind != MeasurementKind.BeforeObservation && CanBeZero(spec, @base));
        return new Scale(spec.Maximise, !difference ? 0 : @base == 0 ? 1 : Math.Abs(@base));
    }

    private static bool CanBeZero(HarnessSpec spec, double @base)
    {
        if (@base <= 0 || spec.Maximise || spec.Metric.StartsWith(MeasurementKinds.Own, StringComparison.Ordinal))
        {
            return @base <= 0;
        }

        var isCount = @base == Math.Floor(@base) && @base <= CountsUpTo;
        return isCount || CanVanish.Any(word => spec.Metric.Contains(word, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Why a value can't be compared on this scale; null where it can.</summary>
    public string? Refuse(string metric, double value) => ByDifference || value > 0 ? null
        : string.Create(
            CultureInfo.InvariantCulture,
            $"metric {metric} is {value}, and ratios need it above 0; if 0 or less is a real value of it, write 'scale: " +
            $"difference' below 'measure'");

    /// <summary>How much better the candidate is.</summary>
    public double Gain(double @base, double candidate)
    {
        var gain = ByDifference ? (candidate - @base) / Reference : Math.Log(candidate / @base);
        return Maximise ? gain : -gain;
    }

    /// <summary>The gain that an improvement by a fraction is.</summary>
    public double GainOf(double fraction) => ByDifference ? fraction : Math.Log(1 + fraction);

    /// <summary>A gain as people read it: a factor, or the difference in the metric's unit, above 0 where it is better.</summary>
    public double Value(double gain) => ByDifference ? gain * Reference : Math.Exp(gain);

    /// <summary>The gain that a value of <see cref="Value"/> stands for.</summary>
    public double FromValue(double value) => ByDifference ? value / Reference : Math.Log(value);

    /// <summary>A value of <see cref="Value"/> in words: <c>1.25x</c>, or <c>7 less</c>.</summary>
    public string Text(double value) => !ByDifference ? Factor(value) : string.Create(
        CultureInfo.InvariantCulture, $"{Math.Abs(value):0.####} {(value > 0 == Maximise || value == 0 ? "more" : "less")}");

    /// <summary>The same for a lower bound, never more than what is proven.</summary>
    public string AtLeast(double lower) => ByDifference ? Text(lower) : Factor(Bound.Down(lower, lower >= 10 ? 1 : 2));

    private static string Factor(double factor) => factor.ToString(factor >= 10 ? "0.#" : "0.00", CultureInfo.InvariantCulture) + "x";

    /// <summary>A measured value, in at most five digits unless they are those of thousands.</summary>
    public static string Number(double value) => value switch
    {
        >= 1000 or <= -1000 => value.ToString("N0", CultureInfo.InvariantCulture),
        _ => value.ToString("G5", CultureInfo.InvariantCulture),
    };
}
