using MathNet.Numerics.LinearAlgebra;

namespace Godwit.Search;

/// <summary>The distribution of CMA-ES in the unit cube, and its update (Hansen 2016, figure 6, with active weights).</summary>
internal sealed class CmaState
{
    // Of the range; chosen on instances 1 to 135 and 4001 to 4345 of the search in bench.
    private const double StartSigma = 0.27;
    private readonly int _dimensions;
    private readonly double[] _weights;
    private readonly double _effective;
    private readonly double _rankOne;
    private readonly double _rankMu;
    private readonly double _pathRate;
    private readonly double _sigmaRate;
    private readonly double _damping;
    private readonly double _expectedNorm;
    private Matrix<double> _covariance;
    private Matrix<double> _axes;
    private Vector<double> _lengths;
    private Vector<double> _mean;
    private Vector<double> _path;
    private Vector<double> _sigmaPath;
    private double _sigma = StartSigma;
    private int _generation;

    public CmaState(int dimensions, double[] start)
    {
        _dimensions = dimensions;
        const int Lambda = CmaEsProposer.Lambda;
        const int Mu = Lambda / 2;
        var raw = Enumerable.Range(1, Lambda).Select(rank => Math.Log((Lambda + 1) / 2.0) - Math.Log(rank)).ToArray();
        _effective = Math.Pow(raw.Take(Mu).Sum(), 2) / raw.Take(Mu).Sum(weight => weight * weight);
        var negativeEffective = Math.Pow(raw.Skip(Mu).Sum(), 2) / raw.Skip(Mu).Sum(weight => weight * weight);
        _pathRate = (4 + _effective / dimensions) / (dimensions + 4 + 2 * _effective / dimensions);
        _sigmaRate = (_effective + 2) / (dimensions + _effective + 5);
        _damping = 1 + 2 * Math.Max(0, Math.Sqrt((_effective - 1) / (dimensions + 1)) - 1) + _sigmaRate;
        _rankOne = 2 / (Math.Pow(dimensions + 1.3, 2) + _effective);
        _rankMu = Math.Min(1 - _rankOne, 2 * (_effective - 2 + 1 / _effective) / (Math.Pow(dimensions + 2, 2) + _effective));
        var negativeSum = Math.Min(
            Math.Min(1 + _rankOne / Math.Max(_rankMu, 1e-9), 1 + 2 * negativeEffective / (_effective + 2)),
            (1 - _rankOne - _rankMu) / (dimensions * Math.Max(_rankMu, 1e-9)));
        var positive = raw.Take(Mu).Sum();
        var negative = raw.Skip(Mu).Sum(Math.Abs);
        _weights = [.. raw.Select((weight, index) => index < Mu ? weight / positive : negativeSum * weight / negative)];
        _expectedNorm = Math.Sqrt(dimensions) * (1 - 1.0 / (4 * dimensions) + 1.0 / (21.0 * dimensions * dimensions));
        _mean = Vector<double>.Build.DenseOfArray(start);
        _covariance = Matrix<double>.Build.DenseIdentity(dimensions);
        _axes = Matrix<double>.Build.DenseIdentity(dimensions);
        _lengths = Vector<double>.Build.Dense(dimensions, 1);
        _path = Vector<double>.Build.Dense(dimensions);
        _sigmaPath = Vector<double>.Build.Dense(dimensions);
    }

    /// <summary>The distribution has become too narrow to find anything new.</summary>
    public bool HasStagnated => _sigma * _lengths.Maximum() < 1e-6;

    public Vector<double> Mean => _mean;

    public double Sigma => _sigma;

    public double Deviation(int dimension) => _sigma * Math.Sqrt(_covariance[dimension, dimension]);

    public double[] Sample(Random random)
    {
        var normal = Vector<double>.Build.Dense(_dimensions, _ => SeededNormal.Next(random));
        return (_mean + _sigma * (_axes * _lengths.PointwiseMultiply(normal))).ToArray();
    }

    /// <summary>Learns from a generation, best first.</summary>
    public void Update(IReadOnlyList<double[]> ranked)
    {
        _generation++;
        var steps = ranked.Select(point => (Vector<double>.Build.DenseOfArray(point) - _mean) / _sigma).ToList();
        var step = Vector<double>.Build.Dense(_dimensions);
        for (var index = 0; index < ranked.Count / 2; index++)
        {
            step += _weights[index] * steps[index];
        }

        _mean += _sigma * step;
        var whitened = Whiten(step);
        _sigmaPath = (1 - _sigmaRate) * _sigmaPath + Math.Sqrt(_sigmaRate * (2 - _sigmaRate) * _effective) * whitened;
        var norm = _sigmaPath.L2Norm();
        var stalls = norm / Math.Sqrt(1 - Math.Pow(1 - _sigmaRate, 2 * _generation)) < (1.4 + 2.0 / (_dimensions + 1)) * _expectedNorm
            ? 1.0
            : 0.0;
        _path = (1 - _pathRate) * _path + stalls * Math.Sqrt(_pathRate * (2 - _pathRate) * _effective) * step;
        var weightSum = _weights.Sum();
        var covariance = (
            1 + _rankOne * (1 - stalls) * _pathRate * (2 - _pathRate) - _rankOne - _rankMu * weightSum) * _covariance + _rankOne * _path.OuterProduct(_path);
        for (var index = 0; index < ranked.Count; index++)
        {
            var weight = _weights[index];
            if (weight < 0)
            {
                weight *= _dimensions / Math.Max(Math.Pow(Whiten(steps[index]).L2Norm(), 2), 1e-12);
            }

            covariance += _rankMu * weight * steps[index].OuterProduct(steps[index]);
        }

        _covariance = covariance;
        _sigma = Math.Clamp(_sigma * Math.Exp(Math.Min(1, _sigmaRate / _damping * (norm / _expectedNorm - 1))), 1e-9, 0.5);
        Decompose();
    }

    private Vector<double> Whiten(Vector<double> step) =>
        _axes * _lengths.Map(length => 1 / length).PointwiseMultiply(_axes.TransposeThisAndMultiply(step));

    private void Decompose()
    {
        var symmetric = (_covariance + _covariance.Transpose()) / 2;
        var decomposed = symmetric.Evd(Symmetricity.Symmetric);
        _axes = decomposed.EigenVectors;
        _lengths = decomposed.EigenValues.Map(value => Math.Sqrt(Math.Clamp(value.Real, 1e-14, 1e7)));
        _covariance = symmetric;
    }
}
