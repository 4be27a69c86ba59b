using Godwit.Agents;
using Godwit.Durable;
using Godwit.Playbooks.Measuring;
using Godwit.Search;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Optimise;

/// <summary>Turns what is proven into commits and evidence.</summary>
public interface IDelivery
{
    /// <summary>Commits the candidate in the run's clone and returns the tip.</summary>
    Task<string> CommitAsync(DeliveryRequest request, Attempt attempt, CancellationToken cancellation);

    /// <summary>Writes signed evidence and returns its file name.</summary>
    Task<string> SignAsync(EvidenceRequest request, Attempt attempt, CancellationToken cancellation);
}

/// <summary>A program that proposes points.</summary>
public interface IOutsideProposer
{
    /// <summary>The next point; null where the program gives none that can be tried.</summary>
    Task<OutsidePoint> ProposeAsync(
        SearchSpace space, IReadOnlyList<Observation> observations, int budget, int number, CancellationToken cancellation);
}

/// <summary>What a program of the user's proposes.</summary>
/// <param name="Point">The point; null where it gave none that can be tried.</param>
/// <param name="Failure">Why there is no point; null where there is one.</param>
public sealed record OutsidePoint(IReadOnlyDictionary<string, string>? Point, string? Failure = null);

/// <summary>What to commit.</summary>
/// <param name="Input">The run's input.</param>
/// <param name="Proof">The proven attempt.</param>
/// <param name="At">The date of the commits.</param>
public sealed record DeliveryRequest(OptimiseInput Input, ProofResult Proof, DateTimeOffset At);

/// <summary>What to sign.</summary>
/// <param name="Input">The run's input.</param>
/// <param name="Calibration">The noise.</param>
/// <param name="Proof">The proven attempt.</param>
/// <param name="Commit">The tip.</param>
/// <param name="Trials">How many candidates were tried.</param>
/// <param name="At">When.</param>
/// <param name="LeftOut">What a comparison left out; null for nothing.</param>
public sealed record EvidenceRequest(
    OptimiseInput Input, Calibration Calibration, ProofResult Proof, string Commit, int Trials, DateTimeOffset At,
    EvidenceLeftOut? LeftOut = null);

/// <summary>What the optimise playbook needs of the world.</summary>
/// <param name="Measurer">Checks and measures.</param>
/// <param name="Delivery">Delivers.</param>
/// <param name="Publisher">Makes the branch.</param>
/// <param name="Outside">The outside proposer; null where the goal names none.</param>
/// <param name="Agents">The world of agents; null where the goal has none.</param>
/// <param name="Code">What they need of the code; null where the goal has none.</param>
public sealed record OptimiseServices(
    IMeasurer Measurer, IDelivery Delivery, IPublisher Publisher, IOutsideProposer? Outside = null, AgentServices? Agents = null,
    ICodeWorld? Code = null);
