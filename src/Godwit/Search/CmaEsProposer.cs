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

    /// <inheritdoc/>
    public string Name => "cma-es";

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string>? Propose(SearchSpace space, IReadOnlyList<Observation> observations, int budget, Random random)
    {
        var dimensions = space.Parameters.Where(parameter => parameter.IsOrdered || parameter is BooleanParameter).ToList();
        if (dimensions.Count < 2)
        {
            return null;
        }

        var own = observations.Where(observation => observation.Proposer == Name && dimensions.All(dimension => observation.Point.ContainsKey(dimension.Name))).ToList();
        var best = observations.Where(observation => observation.Score is not null).MaxBy(observation => observation.Score);
        var state = new CmaState(dimensions.Count, Start(dimensions, best, own));
        for (var generation = 0; (generation + 1) * Lambda <= own.Count; generation++)
        {
            var members = own.Skip(generation * Lambda).Take(Lambda).ToList();
            var ranked = members.OrderByDescending(member => member.Score ?? double.NegativeInfinity).Select(member => Unit(dimensions, member.Point)).ToList();
            state.Update(ranked);
            if (state.HasStagnated || members.All(member => member.Score is null))
            {
                state = new CmaState(dimensions.Count, [.. dimensions.Select(_ => random.NextDouble())]);
            }
        }

        if (own.Count % Lambda == 0 && QuadraticModel.Optimum(dimensions, observations, Unit, state) is { } injected)
        {
            return Complete(space, dimensions, injected, best);
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

        return Complete(space, dimensions, [.. state.Sample(random).Select(value => Math.Clamp(value, 0, 1))], best) is var clamped && space.IsFeasible(clamped) ? clamped : null;
    }

    private static double[] Start(List<Parameter> dimensions, Observation? best, List<Observation> own)
    {
        // Before its own first trial it starts where the others are best; later restarts draw their own place.
        if (own.Count == 0 && best is not null && dimensions.All(dimension => best.Point.ContainsKey(dimension.Name)))
        {
            return Unit(dimensions, best.Point);
        }

        return own.Count > 0 ? Mean(own.Take(Lambda).Select(member => Unit(dimensions, member.Point)).ToList()) : [.. dimensions.Select(_ => 0.5)];
    }

    private static double[] Mean(List<double[]> points) => [.. Enumerable.Range(0, points[0].Length).Select(index => points.Average(point => point[index]))];

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
    private static IReadOnlyDictionary<string, string> Complete(SearchSpace space, List<Parameter> dimensions, double[] unit, Observation? best)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var parameter in space.Parameters)
        {
            values[parameter.Name] = best?.Point.GetValueOrDefault(parameter.Name) ?? parameter.FromNumber((parameter.Low + parameter.High) / 2);
        }

        for (var index = 0; index < dimensions.Count; index++)
        {
            values[dimensions[index].Name] = dimensions[index].FromNumber(dimensions[index].Low + unit[index] * (dimensions[index].High - dimensions[index].Low));
        }

        return space.Active(values);
    }
}
