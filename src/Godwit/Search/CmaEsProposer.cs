namespace Godwit.Search;

/// <summary>
/// CMA-ES (Hansen 2016, "The CMA evolution strategy: a tutorial") with active updates, a margin for whole numbers (Hamano
/// et al. 2022) and restarts, over the ordered parameters. Its state is a fold of its own trials with their scores as they
/// are known now, so a better look at an old trial changes what it has learned.
/// </summary>
public sealed class CmaEsProposer : IProposer
{
    /// <summary>Points a generation.</summary>
    internal const int Lambda = 6;

    private const int Resamples = 100;
    private const int FewestDimensions = 2;

    /// <inheritdoc/>
    public string Name => "cma-es";

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string>? Propose(
        SearchSpace space, IReadOnlyList<Observation> observations, int budget, Random random)
    {
        var dimensions = Dimensions(space);
        if (dimensions.Count < FewestDimensions)
        {
            return null;
        }

        bool IsOwn(Observation observation) =>
            observation.Proposer == Name && dimensions.All(dimension => observation.Point.ContainsKey(dimension.Name));
        var own = observations.Where(IsOwn).ToList();
        var best = Best(observations);
        var state = new CmaState(dimensions.Count, Start(dimensions, Best(observations.TakeWhile(observation => !IsOwn(observation)))));
        for (var generation = 0; (generation + 1) * Lambda <= own.Count; generation++)
        {
            var members = own.Skip(generation * Lambda).Take(Lambda).ToList();
            var ranked = members.OrderByDescending(member => member.Score ?? double.NegativeInfinity)
                .Select(member => Unit(dimensions, member.Point))
                .ToList();
            state.Update(ranked);
            if (state.HasStagnated || members.All(member => member.Score is null))
            {
                state = new CmaState(dimensions.Count, Restart(dimensions.Count, generation));
            }
        }

        // A known point would teach nothing, and would be injected again for want of a further trial of its own.
        if (own.Count % Lambda == 0 && QuadraticModel.Optimum(dimensions, observations, Unit, state) is { } injected)
        {
            var optimum = Complete(space, dimensions, injected, best);
            var key = SearchSpace.KeyOf(optimum);
            if (space.IsFeasible(optimum) && observations.All(observation => SearchSpace.KeyOf(observation.Point) != key))
            {
                return optimum;
            }
        }

        for (var attempt = 0; attempt < Resamples; attempt++)
        {
            var sample = state.Sample(random);
            if (sample.All(value => value is >= 0 and <= 1))
            {
                var point = Complete(space, dimensions, WithMargin(dimensions, sample, state, random), best);
                if (space.IsFeasible(point))
                {
                    return point;
                }
            }
        }

        return Complete(space, dimensions, [.. state.Sample(random).Select(value => Math.Clamp(value, 0, 1))], best) is var clamped
            && space.IsFeasible(clamped)
            ? clamped
            : null;
    }

    /// <summary>Whether a space has dimensions enough for it.</summary>
    public static bool CanSearch(SearchSpace space) => Dimensions(space).Count >= FewestDimensions;

    private static List<Parameter> Dimensions(SearchSpace space) =>
        [.. space.Parameters.Where(parameter => parameter.IsOrdered || parameter is BooleanParameter)];

    private static Observation? Best(IEnumerable<Observation> observations) =>
        observations.Where(observation => observation.Score is not null).MaxBy(observation => observation.Score);

    /// <summary>It starts where the others were best before its own first trial, or else in the middle.</summary>
    private static double[] Start(List<Parameter> dimensions, Observation? best) =>
        best is not null && dimensions.All(dimension => best.Point.ContainsKey(dimension.Name))
            ? Unit(dimensions, best.Point)
            : [.. dimensions.Select(_ => 0.5)];

    /// <summary>
    /// A place that is the same each time the trials are folded: points of an additive recurrence spread evenly (Roberts 2018,
    /// "R-sequence").
    /// </summary>
    private static double[] Restart(int dimensions, int generation)
    {
        var ratio = 2.0;
        for (var round = 0; round < 50; round++)
        {
            ratio = Math.Pow(1 + ratio, 1.0 / (dimensions + 1));
        }

        return [.. Enumerable.Range(1, dimensions).Select(index => (0.5 + generation * Math.Pow(1 / ratio, index)) % 1)];
    }

    /// <summary>Where so narrow a distribution would never leave a whole number, it does so with a small chance.</summary>
    private static double[] WithMargin(List<Parameter> dimensions, double[] sample, CmaState state, Random random)
    {
        for (var index = 0; index < sample.Length; index++)
        {
            if (dimensions[index].Count is { } count and < 1000)
            {
                var step = 1.0 / count;
                var deviation = state.Deviation(index);
                if (deviation < step / 2 && random.NextDouble() < 1.0 / (dimensions.Count * Lambda))
                {
                    sample[index] = Math.Clamp(sample[index] + (random.NextDouble() < 0.5 ? step : -step), 0, 1);
                }
            }
        }

        return sample;
    }

    private static double[] Unit(IReadOnlyList<Parameter> dimensions, IReadOnlyDictionary<string, string> point) =>
        [.. dimensions.Select(dimension => (dimension.ToNumber(point[dimension.Name]) - dimension.Low) / (dimension.High - dimension.Low))];

    /// <summary>Unordered parameters are as in the best point so far.</summary>
    private static IReadOnlyDictionary<string, string> Complete(
        SearchSpace space, List<Parameter> dimensions, double[] unit, Observation? best)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var parameter in space.Parameters)
        {
            values[parameter.Name] = best?.Point.GetValueOrDefault(parameter.Name)
                ?? parameter.FromNumber((parameter.Low + parameter.High) / 2);
        }

        for (var index = 0; index < dimensions.Count; index++)
        {
            values[dimensions[index].Name] = dimensions[index].FromNumber(
                dimensions[index].Low + unit[index] * (dimensions[index].High - dimensions[index].Low));
        }

        return space.Active(values);
    }
}
