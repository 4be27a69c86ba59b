using System.Security.Cryptography;
using System.Text;

namespace Godwit.Bench;

/// <summary>
/// A test function with its optimum moved to a place of the instance's own, and rotated where the name says so. The numbers of
/// an instance come from SHA-256, so that another language can make the same.
/// </summary>
internal sealed class TestFunction
{
    private readonly string _name;
    private readonly double[] _optimum;
    private readonly double[][] _rotation;

    public TestFunction(string name, int instance)
    {
        _name = name;
        _optimum = [.. Enumerable.Range(0, SearchBench.Dimensions).Select(index => 8 * Uniform(name, instance, "optimum", index) - 4)];
        _rotation = Rotation(name, instance);
    }

    /// <summary>The value above the optimum's; 0 is the best.</summary>
    public double Regret(double[] x)
    {
        var z = x.Select((value, index) => value - _optimum[index]).ToArray();
        return _name switch
        {
            "sphere" => z.Sum(value => value * value),
            "rosenbrock" => Rosenbrock(z),
            "ellipsoid" => Rotate(z).Select((value, index) => Math.Pow(10, 6.0 * index / (z.Length - 1)) * value * value).Sum(),
            "rastrigin" => 10 * (z.Length - z.Sum(value => Math.Cos(2 * Math.PI * value))) + z.Sum(value => value * value),
            "schaffer" => Schaffer(Rotate(z)),
            "step" => Rotate(z).Select((value, index) => Math.Pow(10, 2.0 * index / (z.Length - 1)) * Math.Pow(Math.Floor(value + 0.5), 2))
                .Sum() + 1e-4 * z
                .Sum(value => value * value),
            _ => throw new ArgumentException(_name),
        };
    }

    private static double Rosenbrock(double[] z)
    {
        var scale = Math.Max(1, Math.Sqrt(z.Length) / 8);
        var y = z.Select(value => scale * value + 1).ToArray();
        return Enumerable.Range(0, y.Length - 1)
            .Sum(index => 100 * Math.Pow(y[index] * y[index] - y[index + 1], 2) + Math.Pow(y[index] - 1, 2));
    }

    private static double Schaffer(double[] z)
    {
        var s = Enumerable.Range(0, z.Length - 1).Select(index => Math.Sqrt(z[index] * z[index] + z[index + 1] * z[index + 1])).ToList();
        return Math.Pow(s.Average(value => Math.Sqrt(value) * (1 + Math.Pow(Math.Sin(50 * Math.Pow(value, 0.2)), 2))), 2);
    }

    private double[] Rotate(double[] z) => [.. _rotation.Select(row => row.Zip(z, (a, b) => a * b).Sum())];

    /// <summary>An orthonormal basis by Gram and Schmidt from normal numbers.</summary>
    private static double[][] Rotation(string name, int instance)
    {
        var rows = new List<double[]>();
        for (var row = 0; row < SearchBench.Dimensions; row++)
        {
            var vector = Enumerable.Range(0, SearchBench.Dimensions).Select(column =>
            {
                var (u, v) = (Uniform(name, instance, "u", row * 100 + column), Uniform(name, instance, "v", row * 100 + column));
                return Math.Sqrt(-2 * Math.Log(1 - u)) * Math.Cos(2 * Math.PI * v);
            }).ToArray();
            foreach (var other in rows)
            {
                var product = vector.Zip(other, (a, b) => a * b).Sum();
                vector = [.. vector.Zip(other, (a, b) => a - product * b)];
            }

            var length = Math.Sqrt(vector.Sum(value => value * value));
            rows.Add([.. vector.Select(value => value / length)]);
        }

        return [.. rows];
    }

    private static double Uniform(string name, int instance, string what, int index)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{name}/{instance}/{what}/{index}"));
        return (BitConverter.ToUInt64(hash) >> 11) / (double)(1UL << 53);
    }
}
