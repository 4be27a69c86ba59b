using Godwit.Durable;
using Godwit.Search;

namespace Godwit.Playbooks.Optimise;

/// <summary>Points of parameters to try: who is asked gives one, as far as may be one that nobody has tried.</summary>
/// <param name="space">The space.</param>
/// <param name="outside">The user's own program; null for none.</param>
/// <param name="goal">The goal.</param>
/// <param name="trials">What was tried.</param>
internal sealed class PointSource(SearchSpace space, IOutsideProposer? outside, OptimiseGoal goal, List<TrialRecord> trials)
{
    private const int Redraws = 8;
    private const int Draws = 100;

    /// <summary>The trial of a point; null for none.</summary>
    public TrialRecord? Known(IReadOnlyDictionary<string, string> point)
    {
        var key = SearchSpace.KeyOf(point);
        return trials.Find(trial => SearchSpace.KeyOf(trial.Parameters) == key);
    }

    /// <summary>A random point that nobody has tried; null where none is found.</summary>
    public IReadOnlyDictionary<string, string>? Untried(int proposal)
    {
        var random = new SeededRandom(goal.Seed, "untried", $"{proposal}");
        return Enumerable.Range(0, Draws)
            .Select(_ => space.Sample(random))
            .FirstOrDefault(point => point is not null && Known(point) is null);
    }

    /// <summary>A point of the proposer that is asked, or of another where it has none.</summary>
    public async Task<Proposal> AskAsync(ProposeInput ask, CancellationToken cancellation)
    {
        var answer = ask.Proposer == Proposers.Outside
            ? await outside!.ProposeAsync(space, ask.Observations, goal.Trials, ask.Number, cancellation)
            : null;
        if (answer is { Point: { } given })
        {
            return new Proposal(ask.Proposer, given);
        }

        var random = new SeededRandom(goal.Seed, "propose", $"{ask.Number}");
        var proposer = Proposers.Named(ask.Proposer);
        var known = trials.Select(trial => SearchSpace.KeyOf(trial.Parameters)).ToHashSet(StringComparer.Ordinal);
        IReadOnlyDictionary<string, string>? drawn = null;

        // In a small space a proposer often draws what it has seen; a few more draws cost nothing.
        foreach (var point in proposer.Draws(space, ask.Observations, goal.Trials, random).Take(Redraws))
        {
            drawn = point;
            if (!known.Contains(SearchSpace.KeyOf(point)))
            {
                break;
            }
        }

        if (drawn is not null)
        {
            return new Proposal(proposer.Name, drawn, answer?.Failure);
        }

        drawn = space.Sample(random)
            ?? throw new StepFaultException(
                "infeasible",
                $"none found in {SearchSpace.MostTries:N0} tries: points that meet the constraints between parameters; loosen " +
                $"parameters.constraints");
        return new Proposal(Proposers.Random.Name, drawn, answer?.Failure);
    }
}
