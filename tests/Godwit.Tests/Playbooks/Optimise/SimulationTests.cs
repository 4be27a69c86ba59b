using Godwit.Durable;

namespace Godwit.Tests.Playbooks.Optimise;

/// <summary>The proof itself, under noise: how often it claims what isn't there, and how often it finds what is.</summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private static readonly int NullRuns = Suite.IsWhole ? 4000 : 100;
    private static readonly int PowerRuns = Suite.IsWhole ? 2000 : 80;

    public static TheoryData<string> Noises =>
        ["normal", "bimodal", "quantised", "heteroscedastic", "second-position", "liar", "early-exit", "carry-over"];

    [Theory]
    [MemberData(nameof(Noises))]
    public void Optimise_NoCandidateMatters_ClaimsInAtMostFivePercent(string name)
    {
        var runs = Simulation.Run(NullRuns, name, Noise(name), (_, _) => 0);
        var claims = runs.Count(run => run.State == "verified");
        output.WriteLine(
            $"{name}: {claims} false claims in {runs.Count} runs, {runs.Average(run => run.Measurements):F0} measurements a " +
            $"run, seed {Simulation.Seed}");
        Assert.InRange(runs.Count(run => run.State == "failed"), 0, 3 + runs.Count / 250);
        Assert.All(runs, run => Assert.InRange(run.Measurements, 0, ScriptedMeasurer.MostMeasurements));

        // The quick version can't bound the rate at 5 %; it refuses what can't be chance.
        var bound = Simulation.UpperBound(claims, runs.Count);
        Assert.True(
            bound <= (Suite.IsWhole ? 0.05 : 0.08),
            $"false claims: {claims} of {runs.Count}, upper bound {bound:P1} (GODWIT_TEST_SEED={Simulation.Seed})");
    }

    [Fact]
    public void Optimise_OneTrueImprovement_IsClaimedWithAnHonestBound()
    {
        var runs = Simulation.Run(PowerRuns, "power", Noise("normal"), (seed, candidate) => candidate == Winner(seed) ? Math.Log(1.2) : 0);
        var claims = runs.Count(run => run.State == "verified" && run.TrueLog > 0);
        var above = runs.Count(run => run.State == "verified" && run.Lower > Math.Exp(run.TrueLog));
        output.WriteLine(
            $"power: {claims} of {runs.Count} claimed, {above} bounds above the truth, " +
            $"{runs.Average(run => run.Measurements):F0} measurements a run, seed {Simulation.Seed}");
        Assert.True(
            claims >= (Suite.IsWhole ? 0.85 : 0.78) * runs.Count, $"claimed {claims} of {runs.Count} (GODWIT_TEST_SEED={Simulation.Seed})");
        Assert.True(
            above <= (Suite.IsWhole ? 0.05 : 0.08) * runs.Count,
            $"{above} of {runs.Count} bounds lie above the truth (GODWIT_TEST_SEED={Simulation.Seed})");
    }

    /// <summary>Start-up dilutes what can be shown, and never makes more of it.</summary>
    [Fact]
    public void Optimise_PartOfARunIsTimed_BoundsStayHonest()
    {
        Suite.RequireWhole();
        foreach (var share in (double[])[0.1, 0.3, 0.5, 0.7, 0.9])
        {
            var noise = new NoiseModel { TimedShare = share };
            var runs = Simulation.Run(400, $"share-{share}", noise, (seed, candidate) => candidate == Winner(seed) ? Math.Log(1.5) : 0);
            var claims = runs.Count(run => run.State == "verified" && run.TrueLog > 0);
            var above = runs.Count(run => run.State == "verified" && run.Lower > Math.Exp(run.TrueLog));
            var wrong = runs.Count(run => run.State == "verified" && run.TrueLog <= 0);
            output.WriteLine(
                $"| {share:P0} | +{Math.Exp(ScriptedMeasurer.Observed(Math.Log(1.5), noise)) - 1:P0} | {claims / 4.0:0.#} % | " +
                $"{above / 4.0:0.#} % | {wrong} |");
            Assert.True(
                Simulation.UpperBound(above + wrong, runs.Count) <= 0.07,
                $"{above} bounds above the truth and {wrong} false claims at a share of {share:P0}");
        }
    }

    [Fact]
    public void Optimise_PowerCurve_RisesWithTheEffect()
    {
        Suite.RequireWhole();
        var before = 0;
        foreach (var percent in (int[])[5, 10, 15, 20, 30])
        {
            var runs = Simulation.Run(
                400, $"curve-{percent}", Noise("normal"),
                (seed, candidate) => candidate == Winner(seed) ? Math.Log(1 + percent / 100.0) : 0);
            var claims = runs.Count(run => run.State == "verified" && run.TrueLog > 0);
            output.WriteLine(
                $"| +{percent} % | {claims / 4.0:0.#} % | " +
                $"{runs.Count(run => run.State == "verified" && run.Lower > Math.Exp(run.TrueLog)) / 4.0:0.#} % |");
            Assert.True(claims >= before - 20, $"power falls at +{percent} %");
            before = claims;
        }
    }

    private static string Winner(ulong seed) => $"c{new SeededRandom(seed, "winner").Next(1, Simulation.Candidates + 1)}";

    private static NoiseModel Noise(string name) => name switch
    {
        "bimodal" => new NoiseModel { Bimodal = true },
        "quantised" => new NoiseModel { Quantum = 0.05 },
        "heteroscedastic" => new NoiseModel { Heteroscedastic = true },
        "second-position" => new NoiseModel { SecondPosition = 0.02 },
        "liar" => new NoiseModel { Lies = true },
        "early-exit" => new NoiseModel { ExitsEarly = true },
        "carry-over" => new NoiseModel { CarryOver = 0.03 },
        _ => new NoiseModel(),
    };
}
