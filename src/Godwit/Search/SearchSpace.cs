using System.Globalization;
using Godwit.Verification;

namespace Godwit.Search;

/// <summary>What may be tried: parameters, each under its condition, and constraints between them.</summary>
public sealed class SearchSpace
{
    /// <summary>How many random points are tried before a space counts as one that nothing meets.</summary>
    public const int MostTries = 20_000;

    // Most spaces need a few draws; after so many, equalities are solved instead of hit by chance.
    private const int PlainTries = 200;
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
        _conditions = [.. parameters.Select(parameter => parameter.When is null ? null : Expression.Parse(parameter.When, _byName.Keys))];
        _constraints = [.. (constraints ?? []).Select(text => Expression.Parse(text, _byName.Keys))];
    }

    /// <summary>The dimensions.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>How many different points there are at the most; null where there is no end.</summary>
    public long? Count =>
        Parameters.Aggregate(
            (long?)1,
            (product, parameter) =>
                product is { } known && parameter.Count is { } count && known < long.MaxValue / Math.Max(count, 1) ? known * count : null);

    /// <summary>The parameter of a name, or null.</summary>
    public Parameter? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The point without the parameters whose condition it doesn't meet.</summary>
    public IReadOnlyDictionary<string, string> Active(IReadOnlyDictionary<string, string> values)
    {
        var active = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var index = 0; index < Parameters.Count; index++)
        {
            var parameter = Parameters[index];
            if (values.TryGetValue(parameter.Name, out var value)
                && (_conditions[index] is not { } condition || condition.Holds(name => Lookup(active, values, name))))
            {
                active[parameter.Name] = value;
            }
        }

        return active;
    }

    /// <summary>Whether every constraint holds.</summary>
    public bool IsFeasible(IReadOnlyDictionary<string, string> point) =>
        _constraints.All(constraint => constraint.Holds(name => Typed(name, point)));

    /// <summary>
    /// A feasible point, drawn evenly; where equalities leave next to nothing to chance, some parameters follow from the others.
    /// Null where <see cref="MostTries"/> found none.
    /// </summary>
    public IReadOnlyDictionary<string, string>? Sample(Random random)
    {
        for (var attempt = 0; attempt < MostTries; attempt++)
        {
            var point = Active(Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Sample(random)));
            if (IsFeasible(point))
            {
                return point;
            }

            if (attempt >= PlainTries && Solve(point, random) is { } solved && IsFeasible(solved))
            {
                return solved;
            }
        }

        return null;
    }

    /// <summary>The point with one parameter of each equality set so that it holds, as far as that can be; null where it can't.</summary>
    private Dictionary<string, string>? Solve(IReadOnlyDictionary<string, string> point, Random random)
    {
        var solved = new Dictionary<string, string>(point, StringComparer.Ordinal);
        foreach (var equality in _constraints
            .Where(constraint => constraint.ComparesBy == "==" && !constraint.Holds(name => Typed(name, solved))))
        {
            var free = equality.Names.Select(Find)
                .Where(parameter => parameter is IntParameter or RealParameter && solved.ContainsKey(parameter.Name))
                .OfType<Parameter>()
                .ToList();
            if (free.Count == 0 || !free.OrderBy(_ => random.NextDouble()).Any(parameter => SolveFor(equality, parameter, solved)))
            {
                return null;
            }
        }

        return solved;
    }

    /// <summary>
    /// Sets one parameter so that both sides agree, by a step of the secant method, which is exact where it enters linearly.
    /// </summary>
    private bool SolveFor(Expression equality, Parameter parameter, Dictionary<string, string> point)
    {
        var value = double.Parse(point[parameter.Name], CultureInfo.InvariantCulture);
        if (Distance(equality, point, parameter.Name, value) is not { } here
            || Distance(equality, point, parameter.Name, value + 1) is not { } there
            || there == here)
        {
            return false;
        }

        var root = (value - here / (there - here)).ToString("R", CultureInfo.InvariantCulture);
        if (!parameter.Accepts(root))
        {
            return false;
        }

        point[parameter.Name] = root;
        return equality.Holds(name => Typed(name, point));
    }

    private double? Distance(Expression equality, Dictionary<string, string> point, string name, double value) =>
        equality.Sides(other => other == name ? value : Typed(other, point)) is var (left, _, right) ? left - right : null;

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
