using System.Globalization;
using Godwit.Verification;

namespace Godwit.Search;

/// <summary>What may be tried: parameters, each under its condition, and constraints between them.</summary>
public sealed class SearchSpace
{
    private const int FeasibleTries = 1000;
    private readonly Expression?[] _conditions;
    private readonly Expression[] _constraints;
    private readonly Dictionary<string, Parameter> _byName;

    /// <summary>Makes a space.</summary>
    /// <param name="parameters">Each with a name of its own.</param>
    /// <param name="constraints">Expressions over their values; a point that breaks one is never tried.</param>
    /// <exception cref="FormatException">A condition or constraint can't be read.</exception>
    public SearchSpace(IReadOnlyList<Parameter> parameters, IReadOnlyList<string>? constraints = null)
    {
        Parameters = parameters;
        _byName = parameters.ToDictionary(parameter => parameter.Name, StringComparer.Ordinal);
        _conditions = [.. parameters.Select(parameter => parameter.When is null ? null : Expression.Parse(parameter.When))];
        _constraints = [.. (constraints ?? []).Select(Expression.Parse)];
    }

    /// <summary>The dimensions.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>How many different points there are at the most; null where there is no end.</summary>
    public long? Count => Parameters.Aggregate((long?)1, (product, parameter) => product is { } known && parameter.Count is { } count && known < long.MaxValue / Math.Max(count, 1) ? known * count : null);

    /// <summary>The parameter of a name, or null.</summary>
    public Parameter? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The point without the parameters whose condition it doesn't meet.</summary>
    public IReadOnlyDictionary<string, string> Active(IReadOnlyDictionary<string, string> values)
    {
        var active = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var index = 0; index < Parameters.Count; index++)
        {
            var parameter = Parameters[index];
            if (values.TryGetValue(parameter.Name, out var value) && (_conditions[index] is not { } condition || condition.Holds(name => Lookup(active, values, name))))
            {
                active[parameter.Name] = value;
            }
        }

        return active;
    }

    /// <summary>Whether every constraint holds.</summary>
    public bool IsFeasible(IReadOnlyDictionary<string, string> point) => _constraints.All(constraint => constraint.Holds(name => Typed(name, point)));

    /// <summary>A feasible point, drawn evenly; null where a thousand draws found none.</summary>
    public IReadOnlyDictionary<string, string>? Sample(Random random)
    {
        for (var attempt = 0; attempt < FeasibleTries; attempt++)
        {
            var point = Active(Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Sample(random)));
            if (IsFeasible(point))
            {
                return point;
            }
        }

        return null;
    }

    /// <summary>One name for equal points.</summary>
    public static string KeyOf(IReadOnlyDictionary<string, string> point) =>
        string.Join(' ', point.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"));

    /// <summary>A condition sees parameters that are inactive themselves as absent.</summary>
    private object? Lookup(Dictionary<string, string> active, IReadOnlyDictionary<string, string> all, string name) =>
        Typed(name, active) ?? (all.ContainsKey(name) ? "(inactive)" : null);

    private object? Typed(string name, IReadOnlyDictionary<string, string> point)
    {
        if (!point.TryGetValue(name, out var value))
        {
            return null;
        }

        return Find(name) switch
        {
            BooleanParameter => value == "true",
            ChoiceParameter when !double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _) => value,
            _ => double.Parse(value, CultureInfo.InvariantCulture),
        };
    }
}
