using Godwit.Playbooks.Optimise;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Cli.Commands;

/// <summary>Something about a goal that only the machine and the repository can tell.</summary>
/// <param name="IsError">It keeps the goal from being run.</param>
/// <param name="Message">One line.</param>
internal sealed record GoalFinding(bool IsError, string Message);

/// <summary>Checks a goal that reads well against the machine and the repository.</summary>
internal static class GoalCheck
{
    public static async Task<IReadOnlyList<GoalFinding>> FindAsync(Goal goal, SourceRepository source, SandboxKind kind, CancellationToken cancellation)
    {
        var findings = new List<GoalFinding>();
        var uncommitted = await source.UncommittedAsync(cancellation);
        if (uncommitted.Count > 0)
        {
            findings.Add(new GoalFinding(false, $"the run starts from the last commit; not in it: {string.Join(", ", uncommitted.Take(3))}{(uncommitted.Count > 3 ? $" and {uncommitted.Count - 3} more" : "")}"));
        }

        if (kind == SandboxKind.Bubblewrap)
        {
            findings.AddRange(CommandPaths.Unreachable(goal.Harness).Select(message => new GoalFinding(true, message)));
        }

        return findings;
    }
}
