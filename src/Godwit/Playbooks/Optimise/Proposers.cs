using Godwit.Durable;
using Godwit.Search;

namespace Godwit.Playbooks.Optimise;

/// <summary>Who may propose a candidate, and whose turn it is.</summary>
internal static class Proposers
{
    public const string Outside = "outside";

    private const string Try = "try";
    private const double OutsidePart = 0.5;
    private const double RandomShare = 0.10;

    public static IProposer Random { get; } = new RandomProposer();

    /// <summary>The searches of parameters, with the part of each at first.</summary>
    private static readonly IReadOnlyList<(IProposer Proposer, double Part)> Searches =
        [(new TpeProposer(), 2 / 3.0), (new CmaEsProposer(), 1 / 3.0)];

    /// <summary>Whether a name is no agent's to have.</summary>
    public static bool IsTaken(string name) =>
        name is Outside or Try || name == Random.Name || Searches.Any(search => search.Proposer.Name == name);

    /// <summary>The proposer of a name; TPE where there is none, such as an outside one that has nothing to propose.</summary>
    public static IProposer Named(string name) =>
        name == Random.Name ? Random : Searches.FirstOrDefault(search => search.Proposer.Name == name, Searches[0]).Proposer;

    /// <summary>The shares of all proposers that can propose, until each has shown enough; they make 1.</summary>
    /// <param name="goal">The goal.</param>
    /// <param name="space">Its parameters; null where it has none.</param>
    /// <param name="hasOutside">Whether an outside program proposes too.</param>
    public static IReadOnlyDictionary<string, double> First(OptimiseGoal goal, SearchSpace? space, bool hasOutside)
    {
        var unsaid = goal.Agents.Count(agent => agent.Share is null);
        var rest = 1 - goal.Agents.Sum(agent => agent.Share ?? 0);
        var each = rest * (space is null ? 1 : 0.5) / Math.Max(unsaid, 1);
        var shares = goal.Agents.ToDictionary(agent => agent.Name, agent => agent.Share ?? each);
        if (space is not null)
        {
            var left = 1 - shares.Values.Sum();
            var searches = Searches.Where(search => search.Proposer is not CmaEsProposer || CmaEsProposer.CanSearch(space)).ToList();
            foreach (var (proposer, part) in searches)
            {
                shares.Add(proposer.Name, left * part / searches.Sum(search => search.Part) * (hasOutside ? 1 - OutsidePart : 1));
            }

            if (hasOutside)
            {
                shares.Add(Outside, left * OutsidePart);
            }
        }

        var all = shares.Values.Sum();
        return shares.ToDictionary(share => share.Key, share => share.Value / all);
    }

    /// <summary>Whose turn it is; null where nobody can.</summary>
    /// <param name="shares">The proposers.</param>
    /// <param name="canSearch">Whether there are points of parameters left; a tenth of all trials is then random.</param>
    /// <param name="goal">The goal.</param>
    /// <param name="ended">Agents that can't be asked any more.</param>
    /// <param name="random">Draws.</param>
    public static string? Choose(
        IReadOnlyDictionary<string, double> shares, bool canSearch, OptimiseGoal goal, IReadOnlyDictionary<string, string> ended,
        SeededRandom random)
    {
        if (canSearch && random.NextDouble() < RandomShare)
        {
            return Random.Name;
        }

        var able = shares.Where(share => goal.Agents.Any(agent => agent.Name == share.Key) ? !ended.ContainsKey(share.Key) : canSearch)
            .OrderBy(share => share.Key, StringComparer.Ordinal)
            .ToList();
        var draw = random.NextDouble() * able.Sum(share => share.Value);
        foreach (var (name, share) in able)
        {
            draw -= share;
            if (draw < 0)
            {
                return name;
            }
        }

        return able.Count == 0 ? null : able[^1].Key;
    }
}

/// <summary>What a proposer is asked with.</summary>
/// <param name="Number">The proposal's number.</param>
/// <param name="Proposer">Who is asked.</param>
/// <param name="Observations">Everything that is known.</param>
internal sealed record ProposeInput(int Number, string Proposer, IReadOnlyList<Observation> Observations);

/// <summary>What a proposer answered.</summary>
/// <param name="Proposer">Who.</param>
/// <param name="Point">What to try.</param>
/// <param name="Failure">Why somebody proposed in its place; null where nobody had to.</param>
internal sealed record Proposal(string Proposer, IReadOnlyDictionary<string, string> Point, string? Failure = null);
