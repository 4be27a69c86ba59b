namespace Godwit.Search;

/// <summary>
/// Tree-structured Parzen estimator (Bergstra et al. 2011, "Algorithms for hyper-parameter optimization"; the settings are
/// Optuna's, with a floor of the kernels' width that shrinks in every third trial): points are drawn where good trials are dense
/// and bad ones are not.
/// </summary>
public sealed class TpeProposer : IProposer
{
    private const int StartupTrials = 10;
    private const int Candidates = 24;
    private const double FloorShrink = 0.05;
    private const int FeasibleTries = 20;

    /// <inheritdoc/>
    public string Name => "tpe";

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string>? Propose(SearchSpace space, IReadOnlyList<Observation> observations, int budget, Random random)
    {
        if (observations.Count < StartupTrials || observations.All(observation => observation.Score is null))
        {
            return space.Sample(random);
        }

        var valid = observations.Where(observation => observation.Score is not null).OrderByDescending(observation => observation.Score).ToList();
        var goodCount = Math.Min((int)Math.Ceiling(0.1 * observations.Count), 25);
        var good = valid.Take(goodCount).Select(observation => observation.Point).ToList();
        var bad = valid.Skip(goodCount).Concat(observations.Where(observation => observation.Score is null)).Select(observation => observation.Point).ToList();

        // In turn, two with the plain floor, which holds on plateaus and against noise, and one with a floor that shrinks to converge.
        var shrink = observations.Count % 3 == 2 ? Math.Pow(FloorShrink, Math.Min(1, observations.Count / (double)Math.Max(budget, 1))) : 1;
        for (var attempt = 0; attempt < FeasibleTries; attempt++)
        {
            var point = DrawEach(space, good, bad, shrink, random);
            if (space.IsFeasible(point))
            {
                return point;
            }
        }

        return space.Sample(random);
    }

    private static IReadOnlyDictionary<string, string> DrawEach(
        SearchSpace space, List<IReadOnlyDictionary<string, string>> good, List<IReadOnlyDictionary<string, string>> bad, double shrink, Random random)
    {
        var point = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var parameter in space.Parameters)
        {
            var like = ParzenEstimator.Independent(parameter, ValuesOf(good, parameter), shrink);
            var unlike = ParzenEstimator.Independent(parameter, ValuesOf(bad, parameter), shrink);
            point[parameter.Name] = parameter.FromNumber(Best(() => like.Sample(random), number => like.LogDensity(number) - unlike.LogDensity(number)));
        }

        return space.Active(point);
    }

    private static T Best<T>(Func<T> draw, Func<T, double> score) => Enumerable.Range(0, Candidates).Select(_ => draw()).ToList().MaxBy(score)!;

    private static List<double> ValuesOf(List<IReadOnlyDictionary<string, string>> points, Parameter parameter) =>
        [.. points.Where(point => point.ContainsKey(parameter.Name)).Select(point => parameter.ToNumber(point[parameter.Name]))];
}
