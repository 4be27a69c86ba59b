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
            // The outermost kernels reach to their one neighbour, not to the bound: a good value near it stays a narrow one.
            var left = index > 0 ? centres[index] - centres[index - 1] : centres.Length > 2 ? 0 : centres[index] - parameter.Low;
            var right = index < centres.Length - 1
                ? centres[index + 1] - centres[index]
                : centres.Length > 2 ? 0 : parameter.High - centres[index];
            widths[index] = Math.Clamp(Math.Max(left, right), floor, range);
        }

        widths[Array.IndexOf(centres, centre)] = range;
        return new ParzenEstimator(parameter, centres, widths, null);
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

    private double SampleKernel(int kernel, Random random)
    {
        var quantile = _lows[kernel] + random.NextDouble() * _masses[kernel];
        var number = _centres[kernel] + _widths[kernel] * Math.Sqrt(2) * SpecialFunctions.ErfInv(2 * quantile - 1);
        return Math.Clamp(number, _parameter.Low, _parameter.High);
    }

    /// <summary>One kernel's density; an integer's is the mass of its interval.</summary>
    private double Density(int kernel, double number)
    {
        var width = _widths[kernel];
        var mass = _masses[kernel];
        if (_parameter.Count is not null && _parameter is not IntParameter { Log: true })
        {
            return Math.Max(
                Cumulative((number + 0.5 - _centres[kernel]) / width) - Cumulative((number - 0.5 - _centres[kernel]) / width),
                1e-300) / mass;
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
