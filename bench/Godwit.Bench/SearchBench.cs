using System.Diagnostics;
using System.Globalization;
using Godwit.Durable;
using Godwit.Search;

namespace Godwit.Bench;

/// <summary>The proposers on shifted, bounded functions in five dimensions, as BBOB (Hansen et al. 2009) defines them.</summary>
internal static class SearchBench
{
    public const int Dimensions = 5;
    public const int Evaluations = 200;
    public const int Instances = 45;

    // Instances below 5001 have been used for choosing settings (FIRST_INSTANCE=1).
    public const int FirstInstance = 5001;

    public static readonly string[] Functions = ["sphere", "rosenbrock", "ellipsoid", "rastrigin", "schaffer", "step"];

    public static void SuggestionTime()
    {
        var space = Space();
        var function = new TestFunction("rosenbrock", FirstInstance);
        var observations = Evaluate(space, function, new RandomProposer(), 200, 1);
        var tpe = new TpeProposer();
        var times = new List<double>();
        for (var index = -200; index < 200; index++)
        {
            var start = Stopwatch.GetTimestamp();
            tpe.Propose(space, observations, 400, new SeededRandom(2, $"{index}"));
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        // The first half warms the compiler up.
        times.RemoveRange(0, 200);
        Console.WriteLine(
            $"a TPE suggestion after {observations.Count} observations: median {Scratch.Median(times):0.00} ms (target 2 ms)");
    }

    /// <summary>Writes the regret of every instance, for comparison with another program on the same instances.</summary>
    public static void Run(string name, string output)
    {
        IProposer proposer = name == "tpe" ? new TpeProposer() : new CmaEsProposer();
        var first = int.Parse(Environment.GetEnvironmentVariable("FIRST_INSTANCE") ?? $"{FirstInstance}", CultureInfo.InvariantCulture);
        var lines = new List<string> { "function,instance,regret" };
        foreach (var function in Functions)
        {
            var regrets = new double[Instances];
            Parallel.For(0, Instances, index =>
            {
                var problem = new TestFunction(function, first + index);
                regrets[index] = -Evaluate(
                    Space(), problem, proposer, Evaluations, (ulong)(first + index)).Max(observation => observation.Score!.Value);
            });
            lines.AddRange(
                regrets.Select((regret, index) => $"{function},{first + index},{regret.ToString("R", CultureInfo.InvariantCulture)}"));
            Console.Error.WriteLine($"{name} {function}: median regret {Scratch.Median(regrets):G4}");
        }

        File.WriteAllLines(output, lines);
    }

    private static SearchSpace Space() => new([.. Enumerable.Range(0, Dimensions).Select(index => new RealParameter($"x{index}", -5, 5))]);

    private static List<Observation> Evaluate(SearchSpace space, TestFunction function, IProposer proposer, int count, ulong seed)
    {
        var observations = new List<Observation>();
        for (var number = 0; number < count; number++)
        {
            var random = new SeededRandom(seed, "search", $"{number}");
            var point = proposer.Propose(space, observations, count, random) ?? space.Sample(random)!;
            var x = Enumerable.Range(0, Dimensions)
                .Select(index => double.Parse(point[$"x{index}"], CultureInfo.InvariantCulture))
                .ToArray();
            observations.Add(new Observation(point, -function.Regret(x), proposer.Name));
        }

        return observations;
    }
}
