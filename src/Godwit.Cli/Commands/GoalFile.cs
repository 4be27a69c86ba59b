using Godwit.Goals;
using Godwit.Playbooks;
using Godwit.Workspaces;

namespace Godwit.Cli.Commands;

/// <summary>A goal with where it was found.</summary>
/// <param name="Kind">The kind of run that it starts.</param>
/// <param name="Goal">The goal.</param>
/// <param name="Source">The user's side.</param>
/// <param name="Path">The goal file.</param>
internal sealed record LoadedGoal(GoalKind Kind, Goal Goal, SourceRepository Source, string Path);

/// <summary>Finds and reads the goal file that a command names.</summary>
internal static class GoalFile
{
    public const string Name = "godwit.yaml";

    /// <summary>The goal, or null when its mistakes have been printed.</summary>
    /// <param name="kinds">The kinds of runs that a goal may start.</param>
    /// <param name="target">A folder with a goal file, or the file.</param>
    /// <param name="cancellation">Ends the work.</param>
    public static async Task<LoadedGoal?> LoadAsync(RunKinds kinds, string target, CancellationToken cancellation)
    {
        var path = Find(target);
        var source = await SourceRepository.FindAsync(Path.GetDirectoryName(path)!, cancellation);
        var text = TextOf(await File.ReadAllTextAsync(path, cancellation), source, path);
        if (kinds.Read(text, out var problems) is var (kind, goal))
        {
            return new LoadedGoal(kind, goal, source, path);
        }

        Tell(problems, path);
        return null;
    }

    /// <summary>The goal file that a target is, or that stands in it.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static string Find(string target)
    {
        var path = Path.GetFullPath(Directory.Exists(target) ? Path.Combine(target, Name) : target);
        if (File.Exists(path))
        {
            return path;
        }

        throw new UsageException(Directory.Exists(target)
            ? $"there is no {Name} in {target}; 'godwit init {target}' writes one to start from"
            : $"there is no goal file {target}; name a folder that holds a {Name}, or the file itself");
    }

    /// <summary>What a goal file is read as.</summary>
    public static GoalText TextOf(string content, SourceRepository source, string path) =>
        new(content, source.Folder, Path.GetFileName(Path.GetDirectoryName(path)!));

    /// <summary>Prints every mistake of a file.</summary>
    public static void Tell(IReadOnlyList<GoalProblem> problems, string path)
    {
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, path);
        var shown = relative.StartsWith("..", StringComparison.Ordinal) ? path : relative;
        foreach (var problem in problems)
        {
            Console.Error.WriteLine(problem.At(shown));
        }

        Console.Error.WriteLine($"godwit: {problems.Count} {(problems.Count == 1 ? "mistake" : "mistakes")} in {shown}");
    }

    /// <summary>Prints what the machine and the repository tell of a goal.</summary>
    /// <returns>Whether something keeps it from being run.</returns>
    public static bool Tell(IReadOnlyList<GoalFinding> findings)
    {
        foreach (var finding in findings)
        {
            Console.Error.WriteLine($"{(finding.IsError ? "godwit" : "note")}: {finding.Message}");
        }

        return findings.Any(finding => finding.IsError);
    }
}
