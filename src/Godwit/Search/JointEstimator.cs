using MathNet.Numerics.LinearAlgebra;

namespace Godwit.Search;

/// <summary>
/// The density of several parameters at once: normal kernels around the points, all with one full covariance by Scott's rule
/// (n^(-1/(D+4)) of the points' own; Scott 1992, "Multivariate density estimation"), so that they lie along what belongs
/// together. Unordered choices multiply it by how well their values agree. Good points weigh by their rank, as in CMA-ES
/// (Hansen 2016, equation 49); n is then the effective number of points.
/// </summary>
internal sealed class JointEstimator
{
    private const int Resamples = 50;

    private readonly IReadOnlyList<Parameter> _ordered;
    private readonly IReadOnlyList<Parameter> _unordered;
    private readonly IReadOnlyList<IReadOnlyDictionary<string, string>> _points;
    private readonly double[] _weights;
    private readonly double[] _logWeights;
    private readonly (double Same, double Other)[] _logAgreement;
    private readonly double _priorWeight;
    private readonly Matrix<double> _factor;
    private readonly Matrix<double> _inverse;
    private readonly double[][] _white;
    private readonly double _logScale;
    private readonly double _otherShare;

    /// <param name="parameters">The dimensions; every point has a value for each.</param>
    /// <param name="points">At least one.</param>
    /// <param name="spread">How many evenly spread trials are counted into the covariance, so that good points near each other
    /// don't end the search.</param>
    /// <param name="good">
    /// Weigh by rank, the best point first. Bad points weigh the same and have a prior kernel beside them, as wide as the space:
    /// among good ones it would make every empty corner of a space of many dimensions look better than the neighbourhood of the
    /// best point, where bad points gather too.
    /// </param>
    public JointEstimator(
        IReadOnlyList<Parameter> parameters, IReadOnlyList<IReadOnlyDictionary<string, string>> points, double spread, bool good)
    {
        _ordered = [.. parameters.Where(parameter => parameter.IsOrdered)];
        _unordered = [.. parameters.Where(parameter => !parameter.IsOrdered)];
        _points = points;
        var raw = points.Select((_, rank) => good ? Math.Log(points.Count + 1) - Math.Log(rank + 1) : 1).ToArray();
        _priorWeight = good ? 0 : 1.0 / (points.Count + 1);
        _weights = [.. raw.Select(weight => weight / raw.Sum() * (1 - _priorWeight))];
        _logWeights = [.. _weights.Select(weight => Math.Log(weight))];
        _otherShare = 1.0 / (points.Count + 1);
        _logAgreement = [.. _unordered.Select(Agreement)];
        var dimensions = Math.Max(_ordered.Count, 1);
        var numbers = Matrix<double>.Build.Dense(
            points.Count, dimensions, (row, column) => column < _ordered.Count ? Unit(_ordered[column], points[row]) : 0);
        var shares = Vector<double>.Build.DenseOfEnumerable(raw.Select(weight => weight / raw.Sum()));
        var mean = numbers.LeftMultiply(shares);
        var covariance = Matrix<double>.Build.DenseIdentity(dimensions) * (spread / 12);
        for (var row = 0; row < points.Count; row++)
        {
            var away = numbers.Row(row) - mean;
            covariance += away.OuterProduct(away) * (points.Count * shares[row]);
        }

        var effective = 1 / shares.DotProduct(shares);
        _factor = (covariance / (points.Count + spread)).Cholesky().Factor * Math.Pow(effective, -1.0 / (dimensions + 4));
        _inverse = _factor.Inverse();
        _white = [.. numbers.EnumerateRows().Select(row => (_inverse * row).ToArray())];
        _logScale = _factor.Diagonal().PointwiseLog().Sum() + dimensions / 2.0 * Math.Log(2 * Math.PI);
    }

    public IReadOnlyDictionary<string, string> Sample(Random random)
    {
        var kernel = _points[Pick(random)];
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var parameter in _unordered)
        {
            values[parameter.Name] = random.NextDouble() < _otherShare ? parameter.Sample(random) : kernel[parameter.Name];
        }

        var numbers = Draw(kernel, random);
        for (var index = 0; index < _ordered.Count; index++)
        {
            var parameter = _ordered[index];
            values[parameter.Name] = parameter.FromNumber(
                parameter.Low + Math.Clamp(numbers[index], 0, 1) * (parameter.High - parameter.Low));
        }

        return values;
    }

    public double LogDensity(IReadOnlyDictionary<string, string> point)
    {
        // Without ordered parameters all points lie in one place.
        double[] white = _ordered.Count == 0
            ? []
            : (_inverse * Vector<double>.Build.DenseOfEnumerable(_ordered.Select(parameter => Unit(parameter, point)))).ToArray();
        var logs = new double[_points.Count + 1];
        for (var kernel = 0; kernel < _points.Count; kernel++)
        {
            var distance = 0.0;
            for (var index = 0; index < white.Length; index++)
            {
                distance += (white[index] - _white[kernel][index]) * (white[index] - _white[kernel][index]);
            }

            logs[kernel] = _logWeights[kernel] - 0.5 * distance - _logScale;
            for (var index = 0; index < _unordered.Count; index++)
            {
                var name = _unordered[index].Name;
                logs[kernel] += point[name] == _points[kernel][name] ? _logAgreement[index].Same : _logAgreement[index].Other;
            }
        }

        logs[^1] = Math.Log(_priorWeight) - _unordered.Sum(parameter => Math.Log(parameter.Count!.Value));
        var largest = logs.Max();
        return largest + Math.Log(logs.Sum(log => Math.Exp(log - largest)));
    }

    /// <summary>The logs of the factor by which a kernel counts whose value agrees, or doesn't.</summary>
    private (double Same, double Other) Agreement(Parameter parameter)
    {
        var chance = _otherShare / parameter.Count!.Value;
        return (Math.Log(chance + 1 - _otherShare), Math.Log(chance));
    }

    private int Pick(Random random)
    {
        var pick = random.NextDouble() * (1 - _priorWeight);
        var index = 0;
        while (index < _weights.Length - 1 && (pick -= _weights[index]) > 0)
        {
            index++;
        }

        return index;
    }

    private double[] Draw(IReadOnlyDictionary<string, string> kernel, Random random)
    {
        for (var attempt = 1; ; attempt++)
        {
            var step = _factor * Vector<double>.Build.Dense(_factor.RowCount, _ => SeededNormal.Next(random));
            var numbers = _ordered.Select((parameter, index) => Unit(parameter, kernel) + step[index]).ToArray();
            if (attempt == Resamples || numbers.All(number => number is >= 0 and <= 1))
            {
                return numbers;
            }
        }
    }

    private static double Unit(Parameter parameter, IReadOnlyDictionary<string, string> point) =>
        (parameter.ToNumber(point[parameter.Name]) - parameter.Low) / (parameter.High - parameter.Low);
}
