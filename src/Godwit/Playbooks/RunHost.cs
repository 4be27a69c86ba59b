using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Goals;
using Godwit.Models;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Playbooks;

/// <summary>A run with everything around it that its playbook needs.</summary>
/// <param name="run">The durable run.</param>
public class RunHost(DurableRun run) : IAsyncDisposable
{
    /// <summary>The durable run.</summary>
    public DurableRun Run { get; } = run;

    /// <summary>Held while something is measured that drawing on a terminal would disturb; null for nothing.</summary>
    public virtual SemaphoreSlim? Quiet => null;

    /// <summary>The recording that agents' models are played from or recorded in; null for none.</summary>
    public virtual Cassette? Cassette => null;

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Run.DisposeAsync();
    }
}

/// <summary>What a run is started with.</summary>
/// <param name="Store">Where runs live.</param>
/// <param name="Source">The user's side.</param>
/// <param name="Goal">The goal.</param>
/// <param name="Sandbox">How commands are kept apart.</param>
public sealed record RunStart(RunStore Store, SourceRepository Source, Goal Goal, SandboxKind Sandbox)
{
    /// <summary>Who answers the agents.</summary>
    public ModelSource Models { get; init; } = new();

    /// <summary>How it is hosted.</summary>
    public DurableOptions Options { get; init; } = new();

    /// <summary>Serves agents that are programs; null where there can be none.</summary>
    public IGatewayHost? Gateways { get; init; }

    /// <summary>Whether somebody sits before it who can answer what the gatekeeper asks. Default no.</summary>
    public bool IsAttended { get; init; }
}

/// <summary>What a run is resumed with.</summary>
/// <param name="Store">Where runs live.</param>
/// <param name="Folder">The run's folder.</param>
public sealed record RunResume(RunStore Store, RunFolder Folder)
{
    /// <summary>How it is hosted.</summary>
    public DurableOptions Options { get; init; } = new();

    /// <summary>Serves agents that are programs; null where there can be none.</summary>
    public IGatewayHost? Gateways { get; init; }

    /// <summary>Whether somebody sits before it who can answer what the gatekeeper asks. Default no.</summary>
    public bool IsAttended { get; init; }

    /// <summary>A larger budget, with which a run goes on that has ended without a result; null for the one that it has.</summary>
    public BudgetOptions? Raise { get; init; }
}

/// <summary>What a person says of a budget beside the goal file.</summary>
/// <param name="Seconds">The active time in all, in seconds; null for the goal's.</param>
/// <param name="Trials">The most candidates in all; null for the goal's.</param>
/// <param name="Dollars">The most money for models in all, in US dollars; null for the goal's.</param>
public sealed record BudgetOptions(double? Seconds, int? Trials, decimal? Dollars)
{
    /// <summary>Whether it says nothing.</summary>
    public bool IsEmpty => this is { Seconds: null, Trials: null, Dollars: null };
}
