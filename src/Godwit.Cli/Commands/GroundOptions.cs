using System.CommandLine;
using Godwit.Agents;
using Godwit.Playbooks;
using Godwit.Playbooks.Build;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Cli.Commands;

/// <summary>
/// How commits are built and checked, for commands that need no goal file: options, over what the goal file of a commit says where there
/// is one.
/// </summary>
internal sealed class GroundOptions
{
    private readonly Option<string?> _goal = new("--goal")
    {
        Description = "A folder with a godwit.yaml of playbook build, or such a file, as the first commit has it; by default that of this folder, if any.",
    };

    private readonly Option<string?> _setup = new("--setup") { Description = "Runs once, before anything is built, and may reach package registries." };
    private readonly Option<string?> _build = new("--build") { Description = "Builds a checkout." };

    private readonly Option<string[]> _checks = new("--check")
    {
        Description = "A command that must exit 0; several may be given.",
        DefaultValueFactory = _ => [],
    };

    private readonly Option<string?> _timeout = new("--timeout") { Description = "What each of these commands may take; 10m by default." };
    private readonly Option<string> _sandbox = new("--sandbox") { Description = "bubblewrap, or none.", DefaultValueFactory = _ => "bubblewrap" };

    /// <summary>Adds all of them to a command.</summary>
    public void AddTo(Command command)
    {
        _sandbox.AcceptOnlyFromAmong("bubblewrap", "none");
        foreach (var option in (Option[])[_goal, _setup, _build, _checks, _timeout, _sandbox])
        {
            command.Add(option);
        }
    }

    /// <summary>How commands are kept apart.</summary>
    public SandboxKind Sandbox(ParseResult parsed) => SandboxRunner.KindOf(parsed.GetValue(_sandbox)!);

    /// <summary>What was given, over what the goal file of a commit says; null where that has mistakes, which have been printed.</summary>
    /// <param name="kinds">The kinds of runs that a goal may start.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="commit">The commit whose goal file says how.</param>
    /// <param name="name">The run's name where there is none.</param>
    /// <param name="cancellation">Ends the work.</param>
    public async Task<(BuildGoal Goal, SourceRepository Source)?> ReadAsync(
        RunKinds kinds, ParseResult parsed, string commit, string name, CancellationToken cancellation)
    {
        var target = parsed.GetValue(_goal);
        var place = Path.GetFullPath(target ?? ".");
        var path = Directory.Exists(place) ? Path.Combine(place, GoalFile.Name) : place;
        var source = await SourceRepository.FindAsync(Path.GetDirectoryName(path)!, cancellation);
        var content = source.IsGit ? await source.TextAsync(commit, Path.Combine(source.Folder, Path.GetFileName(path)), cancellation) : null;
        if (content is null && target is not null)
        {
            throw new UsageException($"{commit} has no {Path.GetRelativePath(source.Root, path)}; leave --goal out, or name a file that it has");
        }

        var goal = new BuildGoal { Name = name, Title = name, Planner = new AgentSpec { Role = BuildGoal.PlannerRole }, Worker = new AgentSpec() };
        if (content is not null)
        {
            if (kinds.Read(GoalFile.TextOf(content, source, path), out var problems) is not { Goal: var read })
            {
                GoalFile.Tell(problems, path);
                return null;
            }

            if (read is not BuildGoal && target is not null)
            {
                throw new UsageException(
                    $"{Path.GetFileName(path)} of {commit} is of another playbook than 'build'; give --setup, --build and --check instead");
            }

            goal = read is BuildGoal built ? built with { Name = name } : goal;
        }

        var checks = parsed.GetValue(_checks)!;
        goal = goal with
        {
            Setup = parsed.GetValue(_setup) ?? goal.Setup,
            Build = parsed.GetValue(_build) ?? goal.Build,
            Checks = checks.Length == 0 ? goal.Checks : [.. checks.Select((run, index) => new BuildCheck($"check-{index + 1}", run))],
            Timeout = TimeOption.Seconds("--timeout", parsed.GetValue(_timeout)) is { } seconds ? TimeSpan.FromSeconds(seconds) : goal.Timeout,
        };
        return (goal, source);
    }
}
