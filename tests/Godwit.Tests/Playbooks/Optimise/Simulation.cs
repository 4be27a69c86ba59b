using Godwit.Durable;
using Godwit.Playbooks.Optimise;
using Godwit.Search;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Tests.Playbooks.Optimise;

/// <summary>A machine that never existed: what it does to a measurement, from the least to the most it could do.</summary>
internal sealed record NoiseModel
{
    public double Deviation { get; init; } = 0.12;

    public double DriftDeviation { get; init; } = 0.10;

    public double Decline { get; init; } = 0.15;

    public double SpikeShare { get; init; } = 0.03;

    public double SecondPosition { get; init; }

    public bool Bimodal { get; init; }

    public double Quantum { get; init; }

    public bool Heteroscedastic { get; init; }

    /// <summary>The part of a run that a candidate can make faster; the rest is start-up.</summary>
    public double TimedShare { get; init; } = 1;

    /// <summary>Every candidate says of itself that it is three times as fast.</summary>
    public bool Lies { get; init; }

    /// <summary>Every second candidate ends at once, without the answer.</summary>
    public bool ExitsEarly { get; init; }

    /// <summary>How much slower whatever follows a candidate is, as a log.</summary>
    public double CarryOver { get; init; }
}

/// <summary>Measures candidates whose true effect is known, on a machine that drifts, slows down and has spikes.</summary>
internal sealed class ScriptedMeasurer(ulong seed, NoiseModel noise, Func<string, double> trueLog) : IMeasurer
{
    public const int MostMeasurements = 800;
    private const double Persistence = 0.95;
    private readonly SeededRandom _random = new(seed, "machine");
    private double _drift;
    private bool _follows;

    public int Measurements { get; private set; }

    public Task<CheckResult> CheckAsync(Candidate candidate, Attempt attempt, CancellationToken cancellation) =>
        Task.FromResult(new CheckResult(TrialOutcome.Ok, null, null, Measurements));

    public Task<Measurement> MeasureAsync(SingleRequest request, Attempt attempt, CancellationToken cancellation) =>
        Task.FromResult(
            IsUnreadable(request.Candidate)
                ? new Measurement { Outcome = TrialOutcome.Invalid, Reason = "can't read its settings" }
                : Measure(request.Candidate, request.Seed, second: false));

    public Task<Pair> MeasureAsync(PairRequest request, Attempt attempt, CancellationToken cancellation)
    {
        var first = Measure(request.BaseFirst ? request.Base : request.Candidate, request.Seed, second: false);
        var second = Measure(request.BaseFirst ? request.Candidate : request.Base, request.Seed, second: true);
        return Task.FromResult(request.BaseFirst ? new Pair(true, first, second, 1) : new Pair(false, second, first, 1));
    }

    private static bool IsUnreadable(Candidate candidate) =>
        candidate.Files.Count > 0 && !candidate.Files[0].Content.AsSpan().Contains((byte)'=');

    /// <summary>What the whole run shows of an effect on the part of it that is timed.</summary>
    public static double Observed(double log, NoiseModel noise) => -Math.Log(1 - noise.TimedShare + noise.TimedShare * Math.Exp(-log));

    private Measurement Measure(Candidate candidate, ulong request, bool second)
    {
        Measurements++;
        var name = candidate.Files.Count == 0 ? "" : System.Text.Encoding.UTF8.GetString(candidate.Files[0].Content!).Split('=')[1].Trim();
        _drift = Persistence * _drift + Math.Sqrt(1 - Persistence * Persistence) * noise.DriftDeviation * _random.NextNormal();
        var deviation = noise.Heteroscedastic
            ? 0.05 + 0.02 * (name.Length == 0 ? 5 : int.Parse(name[1..], System.Globalization.CultureInfo.InvariantCulture) % 12)
            : noise.Deviation;
        var own = noise.Bimodal
            ? deviation * (_random.NextDouble() < 0.5 ? 1 : -1) + 0.02 * _random.NextNormal()
            : deviation * _random.NextNormal();
        var spike = _random.NextDouble() < noise.SpikeShare ? -0.5 : 0;
        var carried = _follows ? noise.CarryOver : 0;
        _follows = name.Length > 0;
        var value = 1000 * Math.Exp(
            Observed(trueLog(name), noise) - carried + own + _drift + spike - noise.Decline * Measurements / MostMeasurements - (second ? noise.SecondPosition : 0));
        if (noise.Quantum > 0)
        {
            value = Math.Max(1, Math.Round(value / (1000 * noise.Quantum))) * 1000 * noise.Quantum;
        }

        // Every second candidate by its number: c2, c4...
        var exits = noise.ExitsEarly && name.Length > 0 && (name[^1] - '0') % 2 == 0;
        var seconds = exits ? 0.001 : 1000 / value;
        return new Measurement
        {
            Metrics =
                new Dictionary<string, MetricSamples> { [MeasurementKinds.Wall] = new([seconds], "s"), ["m"] = new([noise.Lies && name.Length > 0 ? 3 * value : value], null) },
            Answer = exits ? "none" : $"{request}",
            Seconds = seconds,
            ActiveSeconds = Measurements,
        };
    }
}

/// <summary>Delivers nowhere.</summary>
internal sealed class NoDelivery : IDelivery, IPublisher
{
    public Task<string> CommitAsync(DeliveryRequest request, Attempt attempt, CancellationToken cancellation) => Task.FromResult("commit");

    public Task<string> SignAsync(EvidenceRequest request, Attempt attempt, CancellationToken cancellation) => Task.FromResult("evidence");

    public Task<string> PublishAsync(PublishRequest request, Attempt attempt, CancellationToken cancellation) => Task.FromResult("branch");

    public Task<ProbeAnswer> ProbeAsync(PublishRequest request, CancellationToken cancellation) =>
        Task.FromResult<ProbeAnswer>(new ProbeAnswer.Absent());
}

/// <summary>What a simulated run came to.</summary>
internal sealed record SimulatedRun(string State, double Lower, double TrueLog, int Measurements);

/// <summary>Drives the production playbook many times.</summary>
internal static class Simulation
{
    public const int Candidates = 40;

    /// <summary>
    /// The whole suite, whose bounds are exact, takes its seed from the commit, so that no lucky one is kept; the quick one has a
    /// fixed seed, so that no commit turns it red by chance.
    /// </summary>
    public static ulong Seed { get; } = ulong.TryParse(Environment.GetEnvironmentVariable("GODWIT_TEST_SEED"), out var seed) ? seed
        : Suite.IsWhole ? SeedOfCommit()
        : 20260501;

    public static IReadOnlyList<SimulatedRun> Run(int runs, string name, NoiseModel noise, Func<ulong, string, double> trueLog)
    {
        var results = new SimulatedRun[runs];
        Parallel.For(0, runs, index =>
        {
            var seed = new SeededRandom(Seed, name, $"{index}").NextBits() >> 11;
            results[index] = RunOneAsync(seed, noise, candidate => trueLog(seed, candidate)).GetAwaiter().GetResult();
        });
        return results;
    }

    /// <summary>The upper end of the exact 95 % binomial interval (Clopper and Pearson 1934), one-sided.</summary>
    public static double UpperBound(int hits, int runs) =>
        hits == runs ? 1 : MathNet.Numerics.Distributions.Beta.InvCDF(hits + 1, runs - hits, 0.95);

    private static async Task<SimulatedRun> RunOneAsync(ulong seed, NoiseModel noise, Func<string, double> trueLog)
    {
        var goal = new OptimiseGoal
        {
            Title = "simulation",
            Name = "simulation",
            Hash = "",
            Harness = new HarnessSpec
            {
                Editable = ["p.env"],
                Kind = MeasurementKind.Wall,
                Answer = Answers.Printed,
                Measure = "m",
                HoldOut = "h",
                Metric = MeasurementKinds.Wall,
                Maximise = false,
            },
            Parameters = new ParameterSpec
            {
                File = "p.env",
                Space = [new ChoiceParameter("p", [.. Enumerable.Range(1, Candidates).Select(index => $"c{index}")])],
            },
            Trials = Candidates,
            Seconds = ScriptedMeasurer.MostMeasurements - 20,
            Seed = seed,
        };
        var measurer = new ScriptedMeasurer(seed, noise, trueLog);
        var playbook = new OptimisePlaybook(new OptimiseServices(measurer, new NoDelivery(), new NoDelivery()));
        var result = await playbook.RunAsync(
            new DirectContext(seed, new ActiveClock(TimeProvider.System, TimeSpan.Zero)),
            new OptimiseInput { Goal = goal, BaseCommit = "base" });

        // A sound harness is called biased once in a thousand calibrations; nothing else may fail.
        Assert.True(result.State != "failed" || result.Reason.StartsWith("the harness is biased", StringComparison.Ordinal), result.Reason);
        return new SimulatedRun(
            result.State,
            result.Proof?.Claim?.Lower ?? 0,
            result.Proof is null ? 0 : ScriptedMeasurer.Observed(trueLog(result.Proof.Parameters["p"]), noise),
            measurer.Measurements);
    }

    private static ulong SeedOfCommit()
    {
        var info = new System.Diagnostics.ProcessStartInfo("git", ["rev-parse", "HEAD"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var git = System.Diagnostics.Process.Start(info)!;
        var commit = git.StandardOutput.ReadToEnd().Trim();
        git.WaitForExit();
        return commit.Length >= 15 ? Convert.ToUInt64(commit[..15], 16) : 20260501;
    }
}
