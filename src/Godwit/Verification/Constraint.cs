using System.Globalization;

namespace Godwit.Verification;

/// <summary>Something that must hold for the metrics of a measurement.</summary>
internal sealed class Constraint
{
    private const string BasePrefix = "base.";
    private readonly Expression _expression;

    public Constraint(string text)
    {
        _expression = Expression.Parse(text);
        ComparesWithBase = _expression.Names.Any(name => name.StartsWith(BasePrefix, StringComparison.Ordinal));
    }

    /// <summary>It holds a candidate's noisy metrics against the base's, so single measurements can't decide it.</summary>
    public bool ComparesWithBase { get; }

    public string Text => _expression.Text;

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
    /// How far pairs are from breaking a comparison with the base, as signed log distances: above 0 keeps it. Null where the
    /// expression is no such comparison or a side isn't above 0.
    /// </summary>
    public IReadOnlyList<double>? Margins(IEnumerable<Pair> pairs)
    {
        var margins = new List<double>();
        foreach (var pair in pairs)
        {
            var sides = _expression.Sides(name => name.StartsWith(BasePrefix, StringComparison.Ordinal)
                ? Value(pair.Base.Metrics, name[BasePrefix.Length..])
                : Value(pair.Candidate.Metrics, name));
            if (sides is not ({ } left, { } sign, { } right) || left <= 0 || right <= 0 || sign is "==" or "!=")
            {
                return null;
            }

            margins.Add(sign is "<" or "<=" ? Math.Log(right / left) : Math.Log(left / right));
        }

        return margins;
    }

    private string Describe(IReadOnlyDictionary<string, MetricSamples> metrics) => string.Join(", ", _expression.Names
        .Where(metrics.ContainsKey)
        .Select(name => string.Create(CultureInfo.InvariantCulture, $"{name} is {metrics[name].Value:G6}")));

    private static object? Value(IReadOnlyDictionary<string, MetricSamples> metrics, string name) => metrics.TryGetValue(name, out var metric) ? metric.Value : null;
}
