namespace Godwit.Search;

/// <summary>What is known of a point that was tried.</summary>
/// <param name="Point">The active parameters.</param>
/// <param name="Score">The posterior mean of its log ratio: above 0 is better; null where the trial has no number.</param>
/// <param name="Proposer">Who proposed it.</param>
public sealed record Observation(IReadOnlyDictionary<string, string> Point, double? Score, string Proposer);

/// <summary>Proposes points from everything that has been observed.</summary>
public interface IProposer
{
    /// <summary>Its name in reports.</summary>
    string Name { get; }

    /// <summary>The next point to try; null where it can't give one.</summary>
    /// <param name="space">What may be tried.</param>
    /// <param name="observations">Every trial so far, whoever proposed it, with its score as it is known now.</param>
    /// <param name="budget">How many trials there will be in all.</param>
    /// <param name="random">Its random numbers.</param>
    IReadOnlyDictionary<string, string>? Propose(SearchSpace space, IReadOnlyList<Observation> observations, int budget, Random random);

    /// <summary>
    /// One point after another from the same observations, as <see cref="Propose"/> gives them; what they have in common is worked
    /// out once.
    /// </summary>
    /// <param name="space">What may be tried.</param>
    /// <param name="observations">Every trial so far.</param>
    /// <param name="budget">How many trials there will be in all.</param>
    /// <param name="random">Its random numbers.</param>
    IEnumerable<IReadOnlyDictionary<string, string>> Draws(
        SearchSpace space, IReadOnlyList<Observation> observations, int budget, Random random)
    {
        while (Propose(space, observations, budget, random) is { } point)
        {
            yield return point;
        }
    }
}

/// <summary>The control arm: points drawn evenly.</summary>
public sealed class RandomProposer : IProposer
{
    /// <inheritdoc/>
    public string Name => "random";

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string>? Propose(
        SearchSpace space, IReadOnlyList<Observation> observations, int budget, Random random) => space.Sample(random);
}
