using Godwit.Budgets;
using Godwit.Durable.Journal;
using Godwit.Egress;
using Godwit.Models;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Tools;
using Godwit.Workspaces;

namespace Godwit.Agents;

/// <summary>What a run gives its agents.</summary>
internal sealed record AgentNeeds
{
    /// <summary>Where the user's models, programs and rules stand.</summary>
    public required RunStore Store { get; init; }

    /// <summary>The run's folder.</summary>
    public required RunFolder Folder { get; init; }

    /// <summary>The run's own clone.</summary>
    public required RunRepository Repository { get; init; }

    /// <summary>Where their commands run.</summary>
    public required SandboxRunner Sandbox { get; init; }

    /// <summary>Home, mounts, environment and limits of every command.</summary>
    public required SandboxCommand Template { get; init; }

    /// <summary>Puts into an agent's folder its base, and what isn't in any tree, such as what setup has left.</summary>
    public required Func<AgentTask, string, CancellationToken, Task> LayAsync { get; init; }

    /// <summary>What the user wants of the run, for a reviewer of the agents' actions.</summary>
    public string UserWords { get; init; } = "";

    /// <summary>The agents of the goal.</summary>
    public required IReadOnlyList<AgentSpec> Agents { get; init; }

    /// <summary>What they may spend together.</summary>
    public required BudgetLimits Limits { get; init; }

    /// <summary>Who answers them.</summary>
    public required ModelSource Models { get; init; }

    /// <summary>The only providers whose models may be asked. Default all.</summary>
    public IReadOnlyList<string> Providers { get; init; } = [];

    /// <summary>Serves those that are programs; null where there can be none.</summary>
    public IGatewayHost? Gateways { get; init; }

    /// <summary>What their commands may reach. Default nothing.</summary>
    public RunNetwork Network { get; init; } = RunNetwork.None;

    /// <summary>Whether a person can answer what the gatekeeper asks.</summary>
    public bool PeopleCanBeReached { get; init; }

    /// <summary>What an agent may hand over of its files.</summary>
    public required Func<AgentTask, TreeScope> ScopeOf { get; init; }

    /// <summary>What agents fill in that hand over something else than files.</summary>
    public IReadOnlyList<SubmissionForm> Forms { get; init; } = [];

    /// <summary>Tools of the playbook's own, which share the machine with the others' commands.</summary>
    public Func<CommandSlots, IReadOnlyList<ITool>> Tools { get; init; } = _ => [];

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where an agent's files are.</summary>
    public static string TreePath(RunFolder folder, string agent) => Path.Combine(folder.Trees, $"agent-{agent}");

    /// <summary>An agent's tree, before it begins.</summary>
    public AgentTree TreeOf(AgentTask task) => new(
        task.Name, TreePath(Folder, task.Name), task.BaseTree, task.BaseCommit, Repository, Sandbox.OwnerOfFiles,
        (path, cancellation) => LayAsync(task, path, cancellation), ScopeOf(task));
}
