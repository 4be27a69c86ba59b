using MathNet.Numerics;

namespace Godwit.Search;

/// <summary>
/// The density of one parameter's values: truncated normal kernels around them and a wide prior kernel, or for unordered
/// choices weights by how often each occurs.
/// </summary>
internal sealed class ParzenEstimator
{
    private readonly Parameter _parameter;
    private readonly double[] _centres;
    private readonly double[] _widths;
    private readonly double[]? _weights;
    private readonly double[] _lows;
    private readonly double[] _masses;

    private ParzenEstimator(Parameter parameter, double[] centres, double[] widths, double[]? weights)
    {
        _parameter = parameter;
        _centres = centres;
        _widths = widths;
        _weights = weights;
        _lows = [.. widths.Select((width, kernel) => Cumulative((parameter.Low - centres[kernel]) / width))];
        _masses = [.. widths.Select((width, kernel) => Cumulative((parameter.High - centres[kernel]) / width) - _lows[kernel])];
    }

    /// <summary>Kernels as wide as the gap to their neighbours, as Optuna has them, with the floor scaled by a factor.</summary>
    public static ParzenEstimator Independent(Parameter parameter, IReadOnlyList<double> values, double shrink)
    {
        if (!parameter.IsOrdered)
        {
            return Weighted(parameter, values);
        }

        var range = parameter.High - parameter.Low;
        var centre = (parameter.Low + parameter.High) / 2;
        var centres = values.Append(centre).Order().ToArray();
        var floor = range / Math.Min(100, values.Count + 2) * shrink;
        var widths = new double[centres.Length];
        for (var index = 0; index < centres.Length; index++)
        {
            var left = centres[index] - (index > 0 ? centres[index - 1] : parameter.Low);
            var right = (index < centres.Length - 1 ? centres[index + 1] : parameter.High) - centres[index];
            widths[index] = Math.Clamp(Math.Max(left, right), floor, range);
        }

        widths[Array.IndexOf(centres, centre)] = range;
        return new ParzenEstimator(parameter, centres, widths, null);
    }

    /// <summary>Kernels of one width, with the prior last.</summary>
    public static ParzenEstimator Uniform(Parameter parameter, IReadOnlyList<double> values, double width)
    {
        if (!parameter.IsOrdered)
        {
            return Weighted(parameter, values);
        }

        var range = parameter.High - parameter.Low;
        return new ParzenEstimator(
            parameter, [.. values, (parameter.Low + parameter.High) / 2], [.. values.Select(_ => Math.Clamp(width, range * 1e-4, range)), range], null);
    }

    public double Sample(Random random) => _weights is null ? SampleKernel(random.Next(_centres.Length), random) : SampleWeights(random);

    public double LogDensity(double number)
    {
        if (_weights is not null)
        {
            return Math.Log(_weights[(int)number]);
        }

        var sum = 0.0;
        for (var kernel = 0; kernel < _centres.Length; kernel++)
        {
            sum += Density(kernel, number);
        }

        return Math.Log(Math.Max(sum / _centres.Length, double.Epsilon));
    }

    public double SampleKernel(int kernel, Random random)
    {
        if (_weights is not null)
        {
            return kernel < _centres.Length && random.NextDouble() < 0.8 ? _centres[kernel] : SampleWeights(random);
        }

        kernel = Math.Min(kernel, _centres.Length - 1);
        var quantile = _lows[kernel] + random.NextDouble() * _masses[kernel];
        var number = _centres[kernel] + _widths[kernel] * Math.Sqrt(2) * SpecialFunctions.ErfInv(2 * quantile - 1);
        return Math.Clamp(number, _parameter.Low, _parameter.High);
    }

    /// <summary>One kernel's density; an integer's is the mass of its interval.</summary>
    public double Density(int kernel, double number)
    {
        if (_weights is not null)
        {
            return (kernel < _centres.Length && _centres[kernel] == number ? 0.8 : 0) + 0.2 * _weights[(int)number];
        }

        kernel = Math.Min(kernel, _centres.Length - 1);
        var width = _widths[kernel];
        var mass = _masses[kernel];
        if (_parameter.Count is not null && _parameter is not IntParameter { Log: true })
        {
            return Math.Max(Cumulative((number + 0.5 - _centres[kernel]) / width) - Cumulative((number - 0.5 - _centres[kernel]) / width), 1e-300) / mass;
        }

        var distance = (number - _centres[kernel]) / width;
        return Math.Exp(-0.5 * distance * distance) / (width * Math.Sqrt(2 * Math.PI) * mass);
    }

    private static ParzenEstimator Weighted(Parameter parameter, IReadOnlyList<double> values)
    {
        var weights = new double[(int)parameter.Count!];
        foreach (var value in values)
        {
            weights[(int)value] += 1;
        }

        var prior = 1.0 / weights.Length;
        return new ParzenEstimator(parameter, [.. values], [], [.. weights.Select(weight => (weight + prior) / (values.Count + 1))]);
    }

    private double SampleWeights(Random random)
    {
        var pick = random.NextDouble();
        var index = 0;
        while (index < _weights!.Length - 1 && (pick -= _weights[index]) > 0)
        {
            index++;
        }

        return index;
    }

    private static double Cumulative(double z) => 0.5 * SpecialFunctions.Erfc(-z / Math.Sqrt(2));
}

/// <summary>The density of whole points: each good point is one kernel over all dimensions (Scott's rule for the widths).</summary>
internal sealed class JointEstimator
{
    private readonly ParzenEstimator[] _estimators;
    private readonly int _kernels;

    public JointEstimator(SearchSpace space, IReadOnlyList<IReadOnlyDictionary<string, string>> points)
    {
        _kernels = points.Count + 1;
        var exponent = -1.0 / (space.Parameters.Count + 4);
        _estimators = [.. space.Parameters.Select(parameter =>
        {
            // An inactive parameter has no value: its kernel stands at the centre, where it says nothing.
            var values = points.Select(point => point.TryGetValue(parameter.Name, out var value) ? parameter.ToNumber(value) : (parameter.IsOrdered ? (parameter.Low + parameter.High) / 2 : 0)).ToList();
            var mean = values.DefaultIfEmpty().Average();
            var deviation = Math.Sqrt(values.Select(value => (value - mean) * (value - mean)).DefaultIfEmpty().Average());
            var width = deviation > 0 ? deviation * Math.Pow(Math.Max(points.Count, 1), exponent) : (parameter.High - parameter.Low) / 10;
            return ParzenEstimator.Uniform(parameter, values, width);
        })];
    }

    public double[] Sample(Random random)
    {
        var kernel = random.Next(_kernels);
        return [.. _estimators.Select(estimator => estimator.SampleKernel(kernel, random))];
    }

    public double LogDensity(double[] numbers)
    {
        var sum = 0.0;
        for (var kernel = 0; kernel < _kernels; kernel++)
        {
            var product = 1.0;
            for (var dimension = 0; dimension < numbers.Length; dimension++)
            {
                product *= _estimators[dimension].Density(kernel, numbers[dimension]);
            }

            sum += product;
        }

        return Math.Log(Math.Max(sum / _kernels, double.Epsilon));
    }
}
