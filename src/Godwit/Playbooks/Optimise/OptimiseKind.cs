using Godwit.Durable.Journal;
using Godwit.Goals;
using Godwit.Sandbox;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Optimise;

/// <summary>Runs that make a number better and prove it.</summary>
public sealed class OptimiseKind : GoalKind
{
    /// <inheritdoc/>
    public override string Name => "optimise";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Aliases => ["optimize"];

    /// <inheritdoc/>
    public override IReadOnlyList<GoalKey> Keys => OptimiseKeys.All;

    /// <inheritdoc/>
    public override Goal Read(YamlMap root, string folder) => OptimiseGoalReader.Read(root, folder);

    /// <inheritdoc/>
    public override Goal WithBudget(Goal goal, BudgetOptions budget)
    {
        var optimise = (OptimiseGoal)goal;
        return budget.Trials < 1
            ? throw new ArgumentException($"--trials is {budget.Trials}, and must be at least 1")
            : optimise with
            {
                Seconds = budget.Seconds ?? optimise.Seconds,
                Trials = budget.Trials ?? optimise.Trials,
                Dollars = budget.Dollars ?? optimise.Dollars,
            };
    }

    /// <inheritdoc/>
    public override bool HasAgents(Goal goal) => ((OptimiseGoal)goal).Agents.Count > 0;

    /// <inheritdoc/>
    public override Task<IReadOnlyList<GoalFinding>> CheckAsync(
        Goal goal, SourceRepository source, SandboxKind sandbox, CancellationToken cancellation) =>
        OptimiseCheck.FindAsync((OptimiseGoal)goal, source, sandbox, cancellation);

    /// <inheritdoc/>
    public override string InWords(Goal goal) => $"measured by {((OptimiseGoal)goal).Harness.Kind.InWords()}";

    /// <inheritdoc/>
    public override IEnumerable<RunLine> Plan(Goal goal) => OptimisePlan.Lines((OptimiseGoal)goal);

    /// <inheritdoc/>
    public override async Task<RunHost> StartAsync(RunStart start, CancellationToken cancellation) =>
        await OptimiseHost.StartAsync(start, (OptimiseGoal)start.Goal, cancellation);

    /// <inheritdoc/>
    public override async Task<RunHost> ResumeAsync(RunResume resume, CancellationToken cancellation) =>
        await OptimiseHost.ResumeAsync(resume, cancellation);

    /// <inheritdoc/>
    public override RunView View(JournalReader reader) => new OptimiseView(reader);
}
