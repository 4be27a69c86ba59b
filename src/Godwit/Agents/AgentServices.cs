using Godwit.Budgets;
using Godwit.Guardian;
using Godwit.Models;
using Godwit.Tools;
using Godwit.Workspaces;

namespace Godwit.Agents;

/// <summary>The world of agents.</summary>
/// <param name="Models">Answers them.</param>
/// <param name="Budgets">Holds their spending.</param>
/// <param name="Tools">What they can do.</param>
/// <param name="Gatekeeper">Decides whether they may.</param>
/// <param name="Trees">Where their files are.</param>
/// <param name="Programs">Runs agents that are programs; null where the host has none.</param>
public sealed record AgentServices(
    ModelPipeline Models, BudgetLedger Budgets, IReadOnlyList<ITool> Tools, Gatekeeper Gatekeeper, AgentTrees Trees,
    ProgramRunner? Programs = null)
{
    /// <summary>What agents fill in that hand over something else than files.</summary>
    public IReadOnlyList<SubmissionForm> Forms { get; init; } = [];

    /// <summary>Whether a person can answer what the gatekeeper asks; else it is denied at once.</summary>
    public bool PeopleCanBeReached { get; init; }

    /// <summary>Decides on what a rule asks about; null where no model plays that role.</summary>
    public ActionReviewer? Reviewer { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What people have ordered of agents that are at work.</summary>
    public Steering Steering { get; init; } = new();

    /// <summary>The form that a task asks for; null for none.</summary>
    internal SubmissionForm? FormOf(AgentTask task) => task.Form is { } name ? Forms.First(form => form.Name == name) : null;
}
