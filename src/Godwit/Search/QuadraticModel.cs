using MathNet.Numerics.LinearAlgebra;

namespace Godwit.Search;

/// <summary>
/// Quadratic surrogates of the scores, by the idea of lq-CMA-ES (Hansen 2019). The full one, near CMA-ES's mean, is trusted only
/// while it ranks the last generation as the measurements do (Kendall's tau of .85 or more); else a round bowl through the best
/// points, where it ranks those as they were measured (.95 or more).
/// </summary>
internal static class QuadraticModel
{
    private const double TrustedTau = 0.85;
    private const double TrustedBowl = 0.95;
    private const int BowlSpare = 3;

    public static double[]? Optimum(
        IReadOnlyList<Parameter> dimensions, IReadOnlyList<Observation> observations,
        Func<IReadOnlyList<Parameter>, IReadOnlyDictionary<string, string>, double[]> unit, CmaState state)
    {
        var count = dimensions.Count;
        var terms = 1 + count + count * (count + 1) / 2;
        var scored = observations.Where(
            observation => observation.Score is not null && dimensions.All(dimension => observation.Point.ContainsKey(dimension.Name)))
            .Select(observation => (Point: unit(dimensions, observation.Point), Score: observation.Score!.Value)).ToList();
        if (scored.Count < terms + CmaEsProposer.Lambda)
        {
            return null;
        }

        // The newest and nearest say most: the model is local.
        var mean = state.Mean.ToArray();
        var near = scored.OrderBy(pair => Distance(pair.Point, mean)).Take(Math.Max(2 * terms, 20)).ToList();
        var weighted = near.OrderByDescending(pair => pair.Score)
            .Select((pair, rank) => (pair.Point, pair.Score, Weight: 1 + 19.0 * (near.Count - rank) / near.Count))
            .ToList();
        var rows = Matrix<double>.Build.DenseOfRows(
            weighted.Select(pair => Terms(pair.Point, mean).Select(term => term * Math.Sqrt(pair.Weight))));
        var values = Vector<double>.Build.DenseOfEnumerable(weighted.Select(pair => pair.Score * Math.Sqrt(pair.Weight)));
        var normal = rows.TransposeThisAndMultiply(rows) + Matrix<double>.Build.DenseIdentity(terms) * 1e-9;
        var coefficients = normal.Solve(rows.TransposeThisAndMultiply(values));
        var last = scored.TakeLast(Math.Max(CmaEsProposer.Lambda, 2)).ToList();
        if (coefficients.Any(value => !double.IsFinite(value))
            || Tau(last, point => coefficients.DotProduct(Vector<double>.Build.DenseOfEnumerable(Terms(point, mean)))) < TrustedTau)
        {
            return Bowl(scored, count);
        }

        return Climb(coefficients, mean, scored.MaxBy(pair => pair.Score).Point, Math.Max(3 * state.Sigma, 1e-4));
    }

    /// <summary>
    /// The optimum of a round bowl through the best points, where they lie on one: the smallest of the models (Hansen 2019 has linear,
    /// diagonal and full ones), for when the best are few and what is around them is another plateau.
    /// </summary>
    private static double[]? Bowl(IReadOnlyList<(double[] Point, double Score)> scored, int count)
    {
        var ranked = scored.OrderByDescending(pair => pair.Score).ToList();
        var best = ranked[0].Point;
        for (var points = 3 * (count + 2); points >= count + 2 + BowlSpare; points--)
        {
            var some = ranked.Take(points).ToList();
            var scale = some.Max(pair => Distance(pair.Point, best));
            var spread = some[0].Score - some[^1].Score;
            if (scale <= 0 || spread <= 0)
            {
                continue;
            }

            double[] Row(double[] point) =>
                [
                    1,
                    .. point.Select((value, index) => (value - best[index]) / scale),
                    point.Select((value, index) => Math.Pow((value - best[index]) / scale, 2)).Sum(),
                ];
            var rows = Matrix<double>.Build.DenseOfRows(some.Select(pair => Row(pair.Point)));
            var coefficients = rows.QR()
                .Solve(Vector<double>.Build.DenseOfEnumerable(some.Select(pair => (pair.Score - some[^1].Score) / spread)));
            if (coefficients.Any(value => !double.IsFinite(value))
                || coefficients[count + 1] >= 0
                || Tau(some, point => coefficients.DotProduct(Vector<double>.Build.DenseOfArray(Row(point)))) < TrustedBowl)
            {
                continue;
            }

            var step = coefficients.SubVector(1, count) * (-0.5 / coefficients[count + 1]);
            var length = Math.Min(1, 1 / Math.Max(step.L2Norm(), 1e-12));
            return [.. step.Select((value, index) => Math.Clamp(best[index] + scale * length * value, 0, 1))];
        }

        return null;
    }

    /// <summary>The stationary point where the model is concave, kept within the trust region around the mean and the cube.</summary>
    private static double[]? Climb(Vector<double> coefficients, double[] mean, double[] best, double radius)
    {
        var count = mean.Length;
        var hessian = Matrix<double>.Build.Dense(count, count);
        var index = 1 + count;
        for (var i = 0; i < count; i++)
        {
            for (var j = i; j < count; j++, index++)
            {
                hessian[i, j] += coefficients[index];
                hessian[j, i] += coefficients[index];
            }
        }

        if (hessian.Evd(Symmetricity.Symmetric).EigenValues.Any(value => value.Real >= -1e-12))
        {
            return null;
        }

        var step = -hessian.Solve(coefficients.SubVector(1, count));
        var target = mean.Select((centre, dimension) => centre + step[dimension]).ToArray();
        var length = Distance(target, best);
        var scale = length > radius ? radius / length : 1;
        return [.. target.Select((value, dimension) => Math.Clamp(best[dimension] + scale * (value - best[dimension]), 0, 1))];
    }

    private static IEnumerable<double> Terms(double[] point, double[] mean)
    {
        yield return 1;
        for (var i = 0; i < point.Length; i++)
        {
            yield return point[i] - mean[i];
        }

        for (var i = 0; i < point.Length; i++)
        {
            for (var j = i; j < point.Length; j++)
            {
                yield return (point[i] - mean[i]) * (point[j] - mean[j]);
            }
        }
    }

    /// <summary>Kendall's rank correlation between the scores and a model of them.</summary>
    private static double Tau(IReadOnlyList<(double[] Point, double Score)> points, Func<double[], double> model)
    {
        var predicted = points.Select(pair => model(pair.Point)).ToList();
        var (agree, pairs) = (0, 0);
        for (var i = 0; i < points.Count; i++)
        {
            for (var j = i + 1; j < points.Count; j++, pairs++)
            {
                agree += Math.Sign(points[i].Score - points[j].Score) * Math.Sign(predicted[i] - predicted[j]);
            }
        }

        return pairs == 0 ? 0 : agree / (double)pairs;
    }

    private static double Distance(double[] left, double[] right) => Math.Sqrt(left.Zip(right, (a, b) => (a - b) * (a - b)).Sum());
}
