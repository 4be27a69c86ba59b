using Godwit.Durable.Journal;
using Godwit.Goals;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Build;

/// <summary>Runs that build what a goal asks for.</summary>
public sealed class BuildKind : GoalKind
{
    /// <inheritdoc/>
    public override string Name => "build";

    /// <inheritdoc/>
    public override IReadOnlyList<GoalKey> Keys => BuildKeys.All;

    /// <inheritdoc/>
    public override Goal Read(YamlMap root, string folder) => BuildGoalReader.Read(root, folder);

    /// <inheritdoc/>
    public override Goal WithBudget(Goal goal, BudgetOptions budget)
    {
        var build = (BuildGoal)goal;
        return budget.Trials is not null
            ? throw new ArgumentException("a goal of playbook 'build' has no trials; leave --trials out")
            : build with { Seconds = budget.Seconds ?? build.Seconds, Dollars = budget.Dollars ?? build.Dollars };
    }

    /// <inheritdoc/>
    public override bool HasAgents(Goal goal) => true;

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<GoalFinding>> CheckAsync(
        Goal goal, SourceRepository source, SandboxKind sandbox, CancellationToken cancellation)
    {
        var uncommitted = await source.UncommittedAsync(cancellation);
        var more = uncommitted.Count > 3 ? $" and {uncommitted.Count - 3} more" : "";
        return uncommitted.Count == 0 ? []
            : [new GoalFinding(false, $"the run starts from the last commit; not in it: {string.Join(", ", uncommitted.Take(3))}{more}")];
    }

    /// <inheritdoc/>
    public override string InWords(Goal goal)
    {
        var count = ((BuildGoal)goal).Acceptance.Count;
        return $"accepted by {count} {(count == 1 ? "assertion" : "assertions")}";
    }

    /// <inheritdoc/>
    public override IEnumerable<RunLine> Plan(Goal goal) => BuildText.Plan((BuildGoal)goal);

    /// <inheritdoc/>
    public override async Task<RunHost> StartAsync(RunStart start, CancellationToken cancellation) =>
        await BuildHost.StartAsync(start, (BuildGoal)start.Goal, cancellation);

    /// <inheritdoc/>
    public override async Task<RunHost> ResumeAsync(RunResume resume, CancellationToken cancellation) =>
        resume.Raise is { IsEmpty: false }
            ? throw new ArgumentException("a run of playbook 'build' has no budget that could be raised; start another from its branch")
            : await BuildHost.ResumeAsync(resume);

    /// <inheritdoc/>
    public override RunView View(JournalReader reader) => new BuildView(reader);
}
