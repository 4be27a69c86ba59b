using Godwit.Agents;
using Godwit.Playbooks.Measuring;
using Godwit.Playbooks.Optimise;

namespace Godwit.Tests.Playbooks.Optimise;

public sealed class ScreeningTests
{
    private static readonly Calibration Noise = new() { Sigma = 0.05 };

    private static readonly IReadOnlyDictionary<string, double> First = new Dictionary<string, double> { ["worker"] = 0.4, ["tpe"] = 0.6 };

    private static TrialRecord Trial(int number, string proposer, double score, double seconds) => new()
    {
        Number = number, Proposer = proposer, Scores = [score, score], Seconds = seconds,
    };

    /// <summary>Proposers in turn, each with a factor that grows by so much a trial.</summary>
    private static List<TrialRecord> InTurn(int count, params (string Name, double Gain, double Seconds)[] proposers) =>
        [
            .. Enumerable.Range(1, count)
                .Select(number => (number, proposers[number % proposers.Length]))
                .Select(pair => Trial(pair.number, pair.Item2.Name, pair.number * pair.Item2.Gain, pair.Item2.Seconds)),
        ];

    private static double Worker(List<TrialRecord> trials) => Screening.Shares(trials, Noise, First)["worker"];

    [Fact]
    public void Shares_OfWhoHasntShownEnough_AreTheGoals()
    {
        Assert.Same(First, Screening.Shares([], Noise, First));
        Assert.Equal(0.4, Worker(InTurn(5, ("worker", 0.1, 1), ("tpe", 0, 1))), 9);

        // One that can never propose doesn't keep the others from being told apart.
        var first = new Dictionary<string, double> { ["worker"] = 0.3, ["tpe"] = 0.5, ["outside"] = 0.2 };
        var shares = Screening.Shares(InTurn(20, ("worker", 0.1, 1), ("tpe", 0, 1)), Noise, first);
        Assert.Equal(0.2, shares["outside"], 9);
        Assert.True(shares["worker"] > 0.6, $"{shares["worker"]}");
        Assert.Equal(1, shares.Values.Sum(), 9);
    }

    [Fact]
    public void Shares_FollowTheGainASecond_AndLeaveATenthToEach()
    {
        Assert.InRange(Worker(InTurn(12, ("worker", 0.1, 1), ("tpe", 0, 1))), 0.85, 0.9);
        Assert.InRange(Worker(InTurn(12, ("worker", 0, 1), ("tpe", 0.1, 1))), 0.1, 0.15);

        // As good, but a hundred times as slow.
        Assert.InRange(Worker(InTurn(12, ("worker", 0.1, 100), ("tpe", 0.1, 1))), 0.1, 0.12);
        Assert.InRange(Worker(InTurn(12, ("worker", 0.1, 1), ("tpe", 0.1, 1))), 0.3, 0.7);
    }

    [Fact]
    public void Shares_ManyProposers_MakeOneAndFavourTheBest()
    {
        var first = new Dictionary<string, double> { ["a"] = 0.25, ["b"] = 0.25, ["tpe"] = 0.3, ["cma-es"] = 0.2 };
        var shares = Screening.Shares(
            InTurn(40, ("a", 0, 1), ("b", 0.02, 1), ("tpe", 0, 1), ("cma-es", 0, 1), ("random", 0.02, 1)), Noise, first);
        Assert.Equal(1, shares.Values.Sum(), 9);
        Assert.All(shares.Values, share => Assert.InRange(share, 0.1, 0.7 + 1e-9));
        Assert.Equal("b", shares.MaxBy(share => share.Value).Key);
    }

    [Fact]
    public void Choose_TurnsComeAsTheShares_ATenthAtRandomAndNobodyWhoHasEnded()
    {
        var goal = new OptimiseGoal
        {
            Title = "t",
            Name = "n",
            Hash = "",
            Harness = new Godwit.Verification.HarnessSpec { Metric = "m", Measure = "c", Editable = [] },
            Agents = [new AgentSpec()],
        };
        var turns = Enumerable.Range(1, 4000)
            .Select(
                number => Proposers.Choose(
                    First, true, goal, new Dictionary<string, string>(), new Godwit.Durable.SeededRandom(7, "turn", $"{number}")))
            .CountBy(name => name!)
            .ToDictionary();
        Assert.InRange(turns["random"], 340, 460);
        Assert.InRange(turns["worker"], 1340, 1540);
        Assert.InRange(turns["tpe"], 2050, 2270);
        var ended = new Dictionary<string, string> { ["worker"] = "no key" };
        Assert.All(
            Enumerable.Range(1, 200),
            number => Assert.NotEqual(
                "worker", Proposers.Choose(First, true, goal, ended, new Godwit.Durable.SeededRandom(7, "turn", $"{number}"))));
        Assert.Null(Proposers.Choose(First, false, goal, ended, new Godwit.Durable.SeededRandom(7, "turn", "1")));
    }
}
