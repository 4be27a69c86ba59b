using System.Globalization;
using System.Text;
using System.Text.Json;
using Godwit.Durable;
using Godwit.Playbooks.Optimise;
using Godwit.Search;

namespace Godwit.Tests.Search;

public sealed class SearchTests
{
    private static SearchSpace Mixed { get; } = new(
        [
            new ChoiceParameter("mode", ["plain", "fast", "wild"]),
            new IntParameter("size", 1, 1000, Log: true),
            new RealParameter("ratio", 0.1, 0.9, When: "mode == fast"),
            new BooleanParameter("deep", When: "mode == fast and ratio > 0.5"),
            new ChoiceParameter("level", ["1", "2", "4", "8"], Ordered: true),
        ],
        ["size * level <= 2000"]);

    public static TheoryData<string> Proposers => ["random", "tpe", "cma-es"];

    private static IProposer Of(string name) =>
        name switch { "tpe" => new TpeProposer(), "cma-es" => new CmaEsProposer(), _ => new RandomProposer() };

    [Theory]
    [MemberData(nameof(Proposers))]
    public void Propose_MixedSpace_OnlyActiveFeasiblePointsAndTheSameForTheSameSeed(string name)
    {
        var proposer = Of(name);
        var observations = new List<Observation>();
        for (var number = 0; number < 80; number++)
        {
            var point = proposer.Propose(Mixed, observations, 80, new SeededRandom(4, $"{number}"));
            var again = proposer.Propose(Mixed, observations, 80, new SeededRandom(4, $"{number}"));
            Assert.Equal(point is null ? null : SearchSpace.KeyOf(point), again is null ? null : SearchSpace.KeyOf(again));
            point ??= Mixed.Sample(new SeededRandom(5, $"{number}"))!;
            Assert.True(Mixed.IsFeasible(point));
            Assert.Equal(point["mode"] == "fast", point.ContainsKey("ratio"));
            Assert.Equal(
                point["mode"] == "fast" && double.Parse(point["ratio"], CultureInfo.InvariantCulture) > 0.5, point.ContainsKey("deep"));
            Assert.All(point, pair => Assert.True(Mixed.Find(pair.Key)!.Accepts(pair.Value), $"{pair.Key}={pair.Value}"));

            // Every fifth trial is invalid: it has no number, and must not stop anyone.
            observations.Add(
                new Observation(
                    point,
                    number % 5 == 0 ? null : -Math.Abs(Math.Log(int.Parse(point["size"], CultureInfo.InvariantCulture) / 60.0)),
                    name));
        }
    }

    [Theory]
    [InlineData("tpe", 2.0)]
    [InlineData("cma-es", 0.001)]
    public void Propose_Sphere_FarBetterThanChance(string name, double regret)
    {
        var space = new SearchSpace([.. Enumerable.Range(0, 4).Select(index => new RealParameter($"x{index}", -5, 5))]);
        var proposer = Of(name);
        var observations = new List<Observation>();
        for (var number = 0; number < 150; number++)
        {
            var random = new SeededRandom(11, $"{number}");
            var point = proposer.Propose(space, observations, 150, random) ?? space.Sample(random)!;
            observations.Add(
                new Observation(
                    point, -point.Values.Sum(value => Math.Pow(double.Parse(value, CultureInfo.InvariantCulture) - 1.7, 2)), name));
        }

        Assert.True(
            -observations.Max(observation => observation.Score!.Value) < regret, $"{-observations.Max(observation => observation.Score)}");
    }

    [Theory]
    [MemberData(nameof(Proposers))]
    public void Propose_PointsThatLackAParameter_AreNoHindrance(string name)
    {
        // A point that the user asks to be tried may leave a parameter out that the base's file hasn't either.
        var observations = Enumerable.Range(0, 30).Select(number => new Observation(
            number < 25 ? new Dictionary<string, string> { ["mode"] = "plain" } : Mixed.Sample(new SeededRandom(6, $"{number}"))!,
            1.0 - number % 7, "random")).ToList();
        for (var number = 0; number < 6; number++)
        {
            var point = Of(name).Propose(Mixed, [.. observations.Take(25 + number)], 60, new SeededRandom(7, $"{number}"));
            Assert.True(point is null || Mixed.IsFeasible(point));
        }
    }

    [Fact]
    public void Tpe_InvalidRegion_IsLeftAlone()
    {
        var space = new SearchSpace([new BooleanParameter("cheat"), new IntParameter("x", 1, 100)]);
        var tpe = new TpeProposer();
        var observations = new List<Observation>();
        for (var number = 0; number < 60; number++)
        {
            var point = tpe.Propose(space, observations, 60, new SeededRandom(2, $"{number}"))!;
            observations.Add(
                new Observation(point, point["cheat"] == "true" ? null : -double.Parse(point["x"], CultureInfo.InvariantCulture), "tpe"));
        }

        Assert.InRange(observations.Skip(20).Count(observation => observation.Score is null), 0, 8);
    }

    [Fact]
    public void ParameterFile_JsonAndLines_KeepWhatIsNotTheirs()
    {
        var space = new SearchSpace([new ChoiceParameter("a.mode", ["x", "y"]), new IntParameter("n", 1, 9), new BooleanParameter("on")]);
        var json = new FirstParameterFile("s.json");
        var before = Encoding.UTF8.GetBytes("""{"a": {"mode": "x", "other": 1}, "keep": [1], "on": true}""");
        Assert.Equal("a.mode=x on=true", SearchSpace.KeyOf(json.Read(before, space)));
        using var after = JsonDocument.Parse(json.Write(before, space, new Dictionary<string, string> { ["a.mode"] = "y", ["n"] = "4" }));
        Assert.Equal("y", after.RootElement.GetProperty("a").GetProperty("mode").GetString());
        Assert.Equal(1, after.RootElement.GetProperty("a").GetProperty("other").GetInt32());
        Assert.Equal(4, after.RootElement.GetProperty("n").GetInt32());
        Assert.True(after.RootElement.TryGetProperty("keep", out _));
        Assert.False(after.RootElement.TryGetProperty("on", out _));

        var lines = new FirstParameterFile("s.env");
        var text = Encoding.UTF8.GetString(
            lines.Write(
                Encoding.UTF8.GetBytes("# note\nn=2\nOTHER=3\n"), space, new Dictionary<string, string> { ["n"] = "7", ["on"] = "false" }));
        Assert.Equal("# note\nn=7\nOTHER=3\non=false\n", text);
    }

    [Fact]
    public void OutsideProposer_Lines_TellEverythingAndTakeOnlyAPoint()
    {
        var lines = OutsideProposer.Lines(
            Mixed,
            [
                new Observation(new Dictionary<string, string> { ["mode"] = "plain" }, Math.Log(2), "x"),
                new Observation(new Dictionary<string, string> { ["mode"] = "wild" }, null, "x"),
            ],
            60, 3)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, lines.Length);
        Assert.Contains("\"space\"", lines[0], StringComparison.Ordinal);
        using var told = JsonDocument.Parse(lines[1]);
        Assert.Equal(2, told.RootElement.GetProperty("tell").GetProperty("score").GetDouble(), 9);
        Assert.Contains("\"score\":null", lines[2], StringComparison.Ordinal);
        Assert.NotNull(
            OutsideProposer.Read("thinking...\n{\"parameters\": {\"mode\": \"plain\", \"size\": 5, \"level\": \"2\"}}\n", Mixed));
        foreach (var wrong in (string[])["", "no", "{}", """{"parameters": {"mode": "fish"}}""", """{"parameters": {"who": 1}}""", """{"parameters": {"mode": "plain", "size": 1000, "level": "8"}}"""])
        {
            Assert.Null(OutsideProposer.Read(wrong, Mixed));
        }
    }
}
