using Godwit.Durable;
using Godwit.Goals;
using Godwit.Sandbox;
using Godwit.Search;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Optimise;

/// <summary>Checks a goal that reads well against the machine and the repository.</summary>
internal static class OptimiseCheck
{
    private const int Draws = 2000;
    private const int MostSources = 5000;
    private const int LargestSource = 1 << 20;
    private const string GoalFileName = "godwit.yaml";

    public static async Task<IReadOnlyList<GoalFinding>> FindAsync(
        OptimiseGoal goal, SourceRepository source, SandboxKind kind, CancellationToken cancellation)
    {
        var findings = new List<GoalFinding>();
        var uncommitted = await source.UncommittedAsync(cancellation);
        if (uncommitted.Count > 0)
        {
            var more = uncommitted.Count > 3 ? $" and {uncommitted.Count - 3} more" : "";
            findings.Add(new GoalFinding(
                false, $"the run starts from the last commit; not in it: {string.Join(", ", uncommitted.Take(3))}{more}"));
        }

        if (HarnessReader.Remedy(goal.Harness.Kind) is { } remedy)
        {
            findings.Add(new GoalFinding(false, $"self-reported: {remedy}"));
        }

        findings.AddRange((await CommandPaths.IgnoredAsync(goal.Harness, source, cancellation)).Select(message => new GoalFinding(false, message)));
        findings.AddRange(
            (await source.LinksOutAsync(cancellation)).Select(
                link => new GoalFinding(
                    false,
                    $"{link.Path} is a link to {link.Target}, which is outside of the repository: a run doesn't see what is there")));
        findings.AddRange(CheckSpace(goal));
        findings.AddRange(
            CommandPaths.InTree(goal.Harness, Path.Combine(source.Root, source.Folder)).Select(message => new GoalFinding(true, message)));
        if (goal.Parameters is not null)
        {
            findings.AddRange(await CheckParametersAsync(goal, source, cancellation));
        }

        if (kind == SandboxKind.Bubblewrap)
        {
            findings.AddRange(CommandPaths.Unreachable(goal.Harness).Select(message => new GoalFinding(true, message)));
        }

        return findings;
    }

    private static async Task<IEnumerable<GoalFinding>> CheckParametersAsync(
        OptimiseGoal goal, SourceRepository source, CancellationToken cancellation)
    {
        try
        {
            var parameters = source.IsGit
                ? await ParameterSource.ReadAsync(source.Root, await source.CommitAsync("HEAD", cancellation), goal, cancellation)
                : ParameterSource.Read(source.Root, goal);
            return [.. parameters.Check(goal).Select(found => new GoalFinding(found.IsError, found.Message))];
        }
        catch (FormatException error)
        {
            return [new GoalFinding(true, error.Message)];
        }
    }

    /// <summary>
    /// Parameters that no file of the goal's folder names beside the goal and the parameters' own file: nobody may read them. A
    /// guess, for a search that found nothing.
    /// </summary>
    public static IReadOnlyList<string> Unread(ParameterSpec parameters, string folder)
    {
        var unread = parameters.Space.Select(parameter => parameter.Name).ToHashSet(StringComparer.Ordinal);
        string[] own = [Path.Combine(folder, parameters.File), Path.Combine(folder, GoalFileName)];
        var files = !Directory.Exists(folder)
            ? []
            : new DirectoryInfo(folder).EnumerateFiles(
                "*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true })
            .Where(
                file => file.Length < LargestSource
                    && !own.Contains(file.FullName)
                    && !file.FullName.Contains("/.git/", StringComparison.Ordinal)).Take(MostSources);
        foreach (var file in files.TakeWhile(_ => unread.Count > 0))
        {
            var text = File.ReadAllText(file.FullName);
            unread.RemoveWhere(name => text.Contains(name, StringComparison.Ordinal));
        }

        return [.. unread.Order(StringComparer.Ordinal)];
    }

    /// <summary>Parameters that no point has, and constraints that no point meets: found by drawing points.</summary>
    private static IEnumerable<GoalFinding> CheckSpace(OptimiseGoal goal)
    {
        if (goal.Parameters is not { } parameters)
        {
            yield break;
        }

        var space = new SearchSpace(parameters.Space, parameters.Constraints);
        var random = new SeededRandom(1, "validate");
        var active = new HashSet<string>(StringComparer.Ordinal);
        for (var draw = 0; draw < Draws; draw++)
        {
            if (space.Sample(random) is not { } point)
            {
                yield return new GoalFinding(
                    true,
                    $"none found in {SearchSpace.MostTries:N0} tries: random points that meet parameters.constraints " +
                    $"({string.Join("; ", parameters.Constraints)})");
                yield break;
            }

            active.UnionWith(point.Keys);
        }

        foreach (var dead in parameters.Space.Where(parameter => !active.Contains(parameter.Name)))
        {
            yield return new GoalFinding(
                true, $"parameter '{dead.Name}' is dead: its condition '{dead.When}' holds for none of {Draws:N0} random points");
        }
    }
}
