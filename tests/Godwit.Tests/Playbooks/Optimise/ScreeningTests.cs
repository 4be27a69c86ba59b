using Godwit.Playbooks.Optimise;

namespace Godwit.Tests.Playbooks.Optimise;

public sealed class ScreeningTests
{
    private static readonly Calibration Noise = new() { Sigma = 0.05 };

    private static TrialRecord Trial(int number, bool agent, double score, double seconds) => new()
    {
        Number = number, Claim = agent ? new TrialClaim { Agent = "a" } : null, Scores = [score, score], Seconds = seconds,
    };

    /// <summary>Agents and the search in turn, each with a factor that grows by so much a trial.</summary>
    private static List<TrialRecord> InTurn(int count, double agentGain, double searchGain, double agentSeconds, double searchSeconds) =>
        [.. Enumerable.Range(1, count).Select(number => number % 2 == 0
            ? Trial(number, true, number * agentGain, agentSeconds)
            : Trial(number, false, number * searchGain, searchSeconds))];

    [Fact]
    public void AgentShare_UntilBothHaveShownEnough_IsTheGoals()
    {
        Assert.Equal(0.5, Screening.AgentShare([], Noise, 0.5));
        Assert.Equal(0.3, Screening.AgentShare(InTurn(5, 0.1, 0, 1, 1), Noise, 0.3));
        Assert.Equal(0.3, Screening.AgentShare([.. Enumerable.Range(1, 20).Select(number => Trial(number, false, 0.1, 1))], Noise, 0.3));
    }

    [Fact]
    public void AgentShare_FollowsTheGainASecond_AndLeavesATenthToEach()
    {
        Assert.Equal(0.9, Screening.AgentShare(InTurn(12, 0.1, 0, 1, 1), Noise, 0.5));
        Assert.Equal(0.1, Screening.AgentShare(InTurn(12, 0, 0.1, 1, 1), Noise, 0.5));

        // As good, but a hundred times as slow.
        Assert.Equal(0.1, Screening.AgentShare(InTurn(12, 0.1, 0.1, 100, 1), Noise, 0.5));
        Assert.InRange(Screening.AgentShare(InTurn(12, 0.1, 0.1, 1, 1), Noise, 0.5), 0.3, 0.7);
    }
}
