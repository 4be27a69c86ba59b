using Godwit.Agents;
using Godwit.Durable;
using Godwit.Egress;
using Godwit.Goals;
using Godwit.Models;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Playbooks;

/// <summary>What a run is started with.</summary>
/// <param name="Store">Where runs live.</param>
/// <param name="Source">The user's side.</param>
/// <param name="Goal">The goal.</param>
/// <param name="Sandbox">How commands are kept apart.</param>
public sealed record RunStart(RunStore Store, SourceRepository Source, Goal Goal, SandboxKind Sandbox)
{
    /// <summary>The commit that it starts from. Default the last.</summary>
    public string From { get; init; } = "HEAD";

    /// <summary>Who answers the agents.</summary>
    public ModelSource Models { get; init; } = new();

    /// <summary>How it is hosted.</summary>
    public DurableOptions Options { get; init; } = new();

    /// <summary>Serves agents that are programs; null where there can be none.</summary>
    public IGatewayHost? Gateways { get; init; }

    /// <summary>Serves the proxy of what commands may reach; null where they reach nothing.</summary>
    public IEgressHost? Networks { get; init; }

    /// <summary>Whether somebody sits before it who can answer what the gatekeeper asks. Default no.</summary>
    public bool IsAttended { get; init; }
}
