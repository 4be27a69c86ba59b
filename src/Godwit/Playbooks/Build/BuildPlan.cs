using System.Text;
using Godwit.Durable;

namespace Godwit.Playbooks.Build;

/// <summary>Who does what, as a planner has split a goal: data outside of any conversation.</summary>
public sealed record BuildPlan
{
    /// <summary>From 1; each amendment is a version more.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The tasks.</summary>
    public required IReadOnlyList<PlannedTask> Tasks { get; init; }

    /// <summary>Why it was split like this, in the planner's words.</summary>
    public string Reason { get; init; } = "";

    /// <summary>A task.</summary>
    public PlannedTask this[string id] => Tasks.First(task => task.Id == id);

    /// <summary>Who lands a contract; null for nobody.</summary>
    public PlannedTask? ProviderOf(string contract) =>
        Tasks.FirstOrDefault(task => task.Provides.Any(provided => provided.Name == contract));

    /// <summary>All tasks that are merged before one starts, however far above.</summary>
    public IReadOnlySet<string> Above(PlannedTask task)
    {
        var (all, open) = (new HashSet<string>(StringComparer.Ordinal), new Stack<string>(task.Depends));
        while (open.TryPop(out var id))
        {
            if (all.Add(id) && Tasks.FirstOrDefault(one => one.Id == id) is { } next)
            {
                foreach (var further in next.Depends)
                {
                    open.Push(further);
                }
            }
        }

        return all;
    }
}

/// <summary>A part of the work that one agent does.</summary>
public sealed record PlannedTask
{
    /// <summary>Its name, such as <c>T1</c>.</summary>
    public required string Id { get; init; }

    /// <summary>What is to be done, in all that its worker has to know.</summary>
    public required string Intent { get; init; }

    /// <summary>Globs, from the top of the repository, of all that is taken of its work.</summary>
    public required IReadOnlyList<string> Scope { get; init; }

    /// <summary>Tasks that have to be merged before it starts.</summary>
    public IReadOnlyList<string> Depends { get; init; } = [];

    /// <summary>What others build on, landed before they start.</summary>
    public IReadOnlyList<PlannedContract> Provides { get; init; } = [];

    /// <summary>Contracts of others that it builds on.</summary>
    public IReadOnlyList<string> Needs { get; init; } = [];

    /// <summary>Commands that must exit 0 when it is done, beside the goal's.</summary>
    public IReadOnlyList<string> Checks { get; init; } = [];

    /// <summary>The assertions that it makes hold.</summary>
    public IReadOnlyList<string> Asserts { get; init; } = [];

    /// <summary>Its part of the run's money, as a fraction.</summary>
    public double Share { get; init; }
}

/// <summary>Files that a task lands early, for others to build on.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Files">Globs, from the top of the repository, within its task's scope.</param>
public sealed record PlannedContract(string Name, IReadOnlyList<string> Files);
