using Point = System.Collections.Generic.IReadOnlyDictionary<string, string>;

namespace Godwit.Search;

/// <summary>
/// Tree-structured Parzen estimator (Bergstra et al. 2011, "Algorithms for hyper-parameter optimization"; the settings are
/// Optuna's) in turn with a multivariate form (Falkner et al. 2018, "BOHB"; bandwidths by Scott's rule): points are drawn where
/// good trials are dense and bad ones are not.
/// </summary>
public sealed class TpeProposer : IProposer
{
    private const int StartupTrials = 10;
    private const int Candidates = 24;
    private const double LastShrink = 0.3;
    private const double FirstSpread = 2;
    private const int FeasibleTries = 20;

    /// <inheritdoc/>
    public string Name => "tpe";

    /// <inheritdoc/>
    public Point? Propose(SearchSpace space, IReadOnlyList<Observation> observations, int budget, Random random) =>
        Draws(space, observations, budget, random).FirstOrDefault();

    /// <inheritdoc/>
    public IEnumerable<Point> Draws(SearchSpace space, IReadOnlyList<Observation> observations, int budget, Random random)
    {
        var draw = observations.Count < StartupTrials || observations.All(observation => observation.Score is null)
            ? null
            : Densities(space, observations, budget);
        while ((Feasible(space, draw, random) ?? space.Sample(random)) is { } point)
        {
            yield return point;
        }
    }

    /// <summary>A point from the densities that the space's constraints allow; null where none is found.</summary>
    private static Point? Feasible(SearchSpace space, Func<Random, Point>? draw, Random random)
    {
        for (var attempt = 0; draw is not null && attempt < FeasibleTries; attempt++)
        {
            if (draw(random) is var point && space.IsFeasible(point))
            {
                return point;
            }
        }

        return null;
    }

    /// <summary>The densities of good and bad trials, as a way to draw points from them.</summary>
    private static Func<Random, Point> Densities(SearchSpace space, IReadOnlyList<Observation> observations, int budget)
    {
        var valid = observations.Where(observation => observation.Score is not null)
            .OrderByDescending(observation => observation.Score)
            .ToList();
        var goodCount = Math.Min((int)Math.Ceiling(0.1 * observations.Count), 25);
        var good = valid.Take(goodCount).Select(observation => observation.Point).ToList();
        var bad = valid.Skip(goodCount)
            .Concat(observations.Where(observation => observation.Score is null))
            .Select(observation => observation.Point)
            .ToList();
        var shrink = Math.Pow(LastShrink, Math.Min(1, observations.Count / (double)Math.Max(budget, 1)));

        // In turn: twice all parameters together, which sees what belongs together, and once each by itself, which holds along the
        // axes and on plateaus.
        var (whole, wholeBad) = (Whole(space, good), Whole(space, bad));
        var together = observations.Count % 3 != 2 && whole.Count > 0 && wholeBad.Count > 0
            ? Together(space, whole, wholeBad, shrink)
            : null;
        var each = space.Parameters.ToDictionary(
            parameter => parameter.Name, parameter => new Lazy<Func<Random, string>>(() => Each(parameter, good, bad, shrink)));
        return random =>
        {
            var point = new Dictionary<string, string>(
                together?.Invoke(random) ?? new Dictionary<string, string>(), StringComparer.Ordinal);
            foreach (var parameter in space.Parameters.Where(parameter => !point.ContainsKey(parameter.Name)))
            {
                point[parameter.Name] = each[parameter.Name].Value(random);
            }

            return space.Active(point);
        };
    }

    /// <summary>A parameter by itself, over the trials in which it was active.</summary>
    private static Func<Random, string> Each(Parameter parameter, List<Point> good, List<Point> bad, double shrink)
    {
        var like = ParzenEstimator.Independent(parameter, ValuesOf(good, parameter), shrink);
        var unlike = ParzenEstimator.Independent(parameter, ValuesOf(bad, parameter), shrink);
        return random =>
            parameter.FromNumber(Best(() => like.Sample(random), number => like.LogDensity(number) - unlike.LogDensity(number)));
    }

    /// <summary>The parameters that are always active, from one density over all of them.</summary>
    private static Func<Random, Point> Together(SearchSpace space, List<Point> good, List<Point> bad, double shrink)
    {
        var parameters = space.Parameters.Where(parameter => parameter.When is null).ToList();
        var like = new JointEstimator(parameters, good, FirstSpread * shrink, good: true);
        var unlike = new JointEstimator(parameters, bad, FirstSpread * shrink, good: false);
        return random => Best(() => like.Sample(random), point => like.LogDensity(point) - unlike.LogDensity(point));
    }

    /// <summary>The points that have a value for each parameter that is always active; one that the user asked for may lack some.</summary>
    private static List<Point> Whole(SearchSpace space, List<Point> points) =>
        [.. points.Where(point => space.Parameters.All(parameter => parameter.When is not null || point.ContainsKey(parameter.Name)))];

    private static T Best<T>(Func<T> draw, Func<T, double> score) =>
        Enumerable.Range(0, Candidates).Select(_ => draw()).ToList().MaxBy(score)!;

    private static List<double> ValuesOf(List<Point> points, Parameter parameter) =>
        [.. points.Where(point => point.ContainsKey(parameter.Name)).Select(point => parameter.ToNumber(point[parameter.Name]))];
}
