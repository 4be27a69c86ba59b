using Godwit.Durable.Journal;
using Godwit.Goals;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Playbooks;

/// <summary>A kind of run that a goal file starts.</summary>
public abstract class GoalKind : RunKind
{
    /// <summary>Other spellings of its name in goal files.</summary>
    public virtual IReadOnlyList<string> Aliases => [];

    /// <summary>The keys that it reads of a goal file, beside <c>goal</c> and <c>playbook</c>; docs and schema are made of them.</summary>
    public abstract IReadOnlyList<GoalKey> Keys { get; }

    /// <summary>Reads a goal; mistakes are reported in the file.</summary>
    /// <param name="root">The file.</param>
    /// <param name="folder">Its folder from the top of the repository; empty for the top.</param>
    /// <returns>The goal; what all goals have is filled in by the caller.</returns>
    public abstract Goal Read(YamlMap root, string folder);

    /// <summary>The goal with another budget.</summary>
    /// <exception cref="ArgumentException">It has no such budget; one line.</exception>
    public virtual Goal WithBudget(Goal goal, BudgetOptions budget) =>
        budget.IsEmpty ? goal : throw new ArgumentException($"a goal of playbook '{Name}' has no budget that could be changed");

    /// <summary>Whether models answer agents of this goal.</summary>
    public virtual bool HasAgents(Goal goal) => false;

    /// <summary>What only the machine and the repository can tell of a goal.</summary>
    public virtual Task<IReadOnlyList<GoalFinding>> CheckAsync(
        Goal goal, SourceRepository source, SandboxKind sandbox, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<GoalFinding>>([]);

    /// <summary>What somebody who checks a goal wants to know of it, in a few words; null for nothing.</summary>
    public virtual string? InWords(Goal goal) => null;

    /// <summary>What a run would do, beside its title and where it starts from.</summary>
    public virtual IEnumerable<RunLine> Plan(Goal goal) => [];

    /// <summary>Starts a run.</summary>
    public abstract Task<RunHost> StartAsync(RunStart start, CancellationToken cancellation);

    /// <inheritdoc/>
    public abstract override Task<RunHost> ResumeAsync(RunResume resume, CancellationToken cancellation);
}
