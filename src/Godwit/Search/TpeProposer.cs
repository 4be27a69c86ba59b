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
    public Point? Propose(SearchSpace space, IReadOnlyList<Observation> observations, int budget, Random random)
    {
        if (observations.Count < StartupTrials || observations.All(observation => observation.Score is null))
        {
            return space.Sample(random);
        }

        var valid = observations.Where(observation => observation.Score is not null).OrderByDescending(observation => observation.Score).ToList();
        var goodCount = Math.Min((int)Math.Ceiling(0.1 * observations.Count), 25);
        var good = valid.Take(goodCount).Select(observation => observation.Point).ToList();
        var bad = valid.Skip(goodCount).Concat(observations.Where(observation => observation.Score is null)).Select(observation => observation.Point).ToList();

        // In turn: twice all parameters together, which sees what belongs together, and once each by itself, which holds along the
        // axes and on plateaus.
        var shrink = Math.Pow(LastShrink, Math.Min(1, observations.Count / (double)Math.Max(budget, 1)));
        var together = observations.Count % 3 != 2;
        var (whole, wholeBad) = (Whole(space, good), Whole(space, bad));
        for (var attempt = 0; attempt < FeasibleTries; attempt++)
        {
            var point = DrawEach(space, good, bad, shrink, random, together && whole.Count > 0 && wholeBad.Count > 0 ? DrawTogether(space, whole, wholeBad, shrink, random) : null);
            if (space.IsFeasible(point))
            {
                return point;
            }
        }

        return space.Sample(random);
    }

    /// <summary>The parameters that aren't known yet, one at a time, each over the trials in which it was active.</summary>
    private static Point DrawEach(SearchSpace space, List<Point> good, List<Point> bad, double shrink, Random random, Point? known)
    {
        var point = new Dictionary<string, string>(known ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        foreach (var parameter in space.Parameters.Where(parameter => !point.ContainsKey(parameter.Name)))
        {
            var like = ParzenEstimator.Independent(parameter, ValuesOf(good, parameter), shrink);
            var unlike = ParzenEstimator.Independent(parameter, ValuesOf(bad, parameter), shrink);
            point[parameter.Name] = parameter.FromNumber(Best(() => like.Sample(random), number => like.LogDensity(number) - unlike.LogDensity(number)));
        }

        return space.Active(point);
    }

    /// <summary>The parameters that are always active, from one density over all of them.</summary>
    private static Point DrawTogether(SearchSpace space, List<Point> good, List<Point> bad, double shrink, Random random)
    {
        var parameters = space.Parameters.Where(parameter => parameter.When is null).ToList();
        var like = new JointEstimator(parameters, good, FirstSpread * shrink, good: true);
        var unlike = new JointEstimator(parameters, bad, FirstSpread * shrink, good: false);
        return Best(() => like.Sample(random), point => like.LogDensity(point) - unlike.LogDensity(point));
    }

    /// <summary>The points that have a value for each parameter that is always active; one that the user asked for may lack some.</summary>
    private static List<Point> Whole(SearchSpace space, List<Point> points) =>
        [.. points.Where(point => space.Parameters.All(parameter => parameter.When is not null || point.ContainsKey(parameter.Name)))];

    private static T Best<T>(Func<T> draw, Func<T, double> score) => Enumerable.Range(0, Candidates).Select(_ => draw()).ToList().MaxBy(score)!;

    private static List<double> ValuesOf(List<Point> points, Parameter parameter) =>
        [.. points.Where(point => point.ContainsKey(parameter.Name)).Select(point => parameter.ToNumber(point[parameter.Name]))];
}
