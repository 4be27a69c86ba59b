using Godwit.Durable;
using Godwit.Playbooks.Measuring;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>What an agent starts from: the base, or a candidate that was measured.</summary>
/// <param name="Way">How it was chosen.</param>
/// <param name="Parent">The candidate; null for the base.</param>
internal sealed record StartPoint(string Way, TrialRecord? Parent)
{
    /// <summary>The base.</summary>
    public const string FromBase = "base";

    /// <summary>The best candidate so far.</summary>
    public const string FromBest = "best";

    /// <summary>Another one that may be as good, by a draw from what is known of each.</summary>
    public const string FromOther = "other";

    /// <summary>
    /// Chooses. Each way has the same part of the agents until all have shown enough, and then the part that its credit among proposers
    /// would give it.
    /// </summary>
    /// <param name="number">The agent's number, which decides the draw.</param>
    /// <param name="trials">What was tried.</param>
    /// <param name="disproven">Trials that an attempt has disproven; nobody starts from one.</param>
    /// <param name="calibration">The noise.</param>
    /// <param name="seed">The run's seed.</param>
    public static StartPoint Choose(
        int number, IReadOnlyList<TrialRecord> trials, IReadOnlyList<int> disproven, Calibration calibration, ulong seed)
    {
        var parents = trials.Where(
            trial => trial.Claim is not null
                && trial.Outcome == TrialOutcome.Ok
                && trial.Scores.Count > 0
                && !disproven.Contains(trial.Number))
            .Select(trial => (Trial: trial, Screening.Posterior(trial, calibration).Mean)).Where(parent => parent.Mean > 0)
                .OrderByDescending(parent => parent.Mean)
                .Select(parent => parent.Trial)
                .ToList();
        string[] ways = parents.Count switch { 0 => [FromBase], 1 => [FromBase, FromBest], _ => [FromBase, FromBest, FromOther] };
        var shares = Screening.Shares(
            trials, calibration, ways.ToDictionary(way => way, _ => 1.0 / ways.Length), trial => trial.Claim?.Start ?? "");
        var random = new SeededRandom(seed, "start", $"{number}");
        var draw = random.NextDouble();
        var chosen = ways.FirstOrDefault(way => (draw -= shares[way]) < 0, FromBase);
        return new StartPoint(chosen, chosen switch
        {
            FromBest => parents[0],
            FromOther => Screening.Thompson(parents.Skip(1), calibration, random),
            _ => null,
        });
    }
}
