using Godwit.Durable;

namespace Godwit.Verification;

/// <summary>Checks and measures candidates: in sandboxes, or scripted in simulations of the proof.</summary>
public interface IMeasurer
{
    /// <summary>Builds and checks a candidate.</summary>
    Task<CheckResult> CheckAsync(Candidate candidate, Attempt attempt, CancellationToken cancellation);

    /// <summary>Measures once.</summary>
    Task<Measurement> MeasureAsync(SingleRequest request, Attempt attempt, CancellationToken cancellation);

    /// <summary>Measures a pair.</summary>
    Task<Pair> MeasureAsync(PairRequest request, Attempt attempt, CancellationToken cancellation);
}
