using System.Globalization;

namespace Godwit.Verification;

/// <summary>Something that must hold for the metrics of a measurement.</summary>
internal sealed class Constraint
{
    private const string BasePrefix = "base.";
    private readonly Expression _expression;

    public Constraint(string text, IEnumerable<string>? known = null)
    {
        _expression = Expression.Parse(text, known);
        ComparesWithBase = _expression.Names.Any(name => name.StartsWith(BasePrefix, StringComparison.Ordinal));
    }

    /// <summary>It holds a candidate's noisy metrics against the base's, so single measurements can't decide it.</summary>
    public bool ComparesWithBase { get; }

    public string Text => _expression.Text;

    /// <summary>It is a single comparison, which alone can be judged against noise.</summary>
    public bool IsOneComparison => _expression.ComparesBy is not null;

    /// <summary>Why a measurement breaks it, or null.</summary>
    public string? Refuse(IReadOnlyDictionary<string, MetricSamples> metrics)
    {
        try
        {
            return _expression.Holds(name => Value(metrics, name)) ? null : $"constraint {Text} doesn't hold: {Describe(metrics)}";
        }
        catch (FormatException error)
        {
            return $"constraint {Text} can't be judged: {error.Message}";
        }
    }

    /// <summary>
    /// How far a pair is from breaking a comparison with the base, as a signed log distance: 0 or more keeps it. Where a side isn't
    /// above 0, or equality is asked for, there is no distance: 1 keeps it and -1 breaks it.
    /// </summary>
    public double Margin(Pair pair)
    {
        var sides = _expression.Sides(name => name.StartsWith(BasePrefix, StringComparison.Ordinal)
            ? Value(pair.Base.Metrics, name[BasePrefix.Length..])
            : Value(pair.Candidate.Metrics, name));
        return sides switch
        {
            ( > 0 and var left, "<" or "<=", > 0 and var right) => Math.Log(right / left),
            ( > 0 and var left, ">" or ">=", > 0 and var right) => Math.Log(left / right),
            var (left, comparison, right) => comparison switch
            {
                "<" => left < right,
                "<=" => left <= right,
                ">" => left > right,
                ">=" => left >= right,
                "==" => left == right,
                _ => left != right,
            } ? 1 : -1,
            null => -1,
        };
    }

    /// <summary>
    /// Whether pairs show that a comparison with the base holds: by a one-sided bound where metrics have noise, and in each pair
    /// where equality is asked for.
    /// </summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="exact">The goal's metric has no noise: each pair must hold.</param>
    /// <param name="level">The bound's one-sided level.</param>
    public bool IsShown(IReadOnlyList<Pair> pairs, bool exact, double level)
    {
        var margins = pairs.Select(Margin).ToList();
        return exact || _expression.ComparesBy is "==" or "!="
            ? margins.TrueForAll(margin => margin >= 0)
            : SignedRank.LowerBound(margins, level) >= 0;
    }

    private string Describe(IReadOnlyDictionary<string, MetricSamples> metrics) => string.Join(", ", _expression.Names
        .Where(metrics.ContainsKey)
        .Select(name => string.Create(CultureInfo.InvariantCulture, $"{name} is {metrics[name].Value:G6}")));

    private static object? Value(IReadOnlyDictionary<string, MetricSamples> metrics, string name) =>
        metrics.TryGetValue(name, out var metric) ? metric.Value : null;
}
