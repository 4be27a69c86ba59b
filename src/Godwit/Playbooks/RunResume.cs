using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Egress;
using Godwit.Runs;

namespace Godwit.Playbooks;

/// <summary>What a run is resumed with.</summary>
/// <param name="Store">Where runs live.</param>
/// <param name="Folder">The run's folder.</param>
public sealed record RunResume(RunStore Store, RunFolder Folder)
{
    /// <summary>How it is hosted.</summary>
    public DurableOptions Options { get; init; } = new();

    /// <summary>Serves agents that are programs; null where there can be none.</summary>
    public IGatewayHost? Gateways { get; init; }

    /// <summary>Serves the proxy of what commands may reach; null where they reach nothing.</summary>
    public IEgressHost? Networks { get; init; }

    /// <summary>Whether somebody sits before it who can answer what the gatekeeper asks. Default no.</summary>
    public bool IsAttended { get; init; }

    /// <summary>A larger budget, with which a run goes on that has ended without a result; null for the one that it has.</summary>
    public BudgetOptions? Raise { get; init; }

    /// <summary>What the run was started with.</summary>
    /// <param name="playbook">The playbook that it must be of.</param>
    /// <exception cref="JournalException">Its journal can't be read.</exception>
    public T Input<T>(string playbook)
    {
        using var reader = JournalReader.Open(Folder);
        return RootProcess.Input<T>(reader, playbook);
    }
}
