using Godwit.Playbooks.Optimise;
using Godwit.Workspaces;

namespace Godwit.Cli.Commands;

/// <summary>Finds and reads the goal file that a command names.</summary>
internal static class GoalFile
{
    public const string Name = "godwit.yaml";

    /// <summary>The goal, or null when its mistakes have been printed.</summary>
    /// <param name="target">A folder with a goal file, or the file.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <param name="commit">Where the file's text is taken from; null for the working tree.</param>
    public static async Task<(Goal Goal, SourceRepository Source, string Path)?> LoadAsync(
        string target, CancellationToken cancellation, string? commit = null)
    {
        var path = Path.GetFullPath(Directory.Exists(target) ? Path.Combine(target, Name) : target);
        if (!File.Exists(path))
        {
            throw new UsageException(Directory.Exists(target)
                ? $"there is no {Name} in {target}; 'godwit init {target}' writes one to start from"
                : $"there is no goal file {target}; name a folder that holds a {Name}, or the file itself");
        }

        var folder = Path.GetDirectoryName(path)!;
        var source = await SourceRepository.FindAsync(folder, cancellation);
        var text = commit is null || !source.IsGit
            ? await File.ReadAllTextAsync(path, cancellation)
            : await source.TextAsync(commit, Path.Combine(source.Folder, Path.GetFileName(path)), cancellation)
            ?? throw new UsageException(
                $"{commit} has no {Path.GetFileName(path)}, and how to measure is the base's to say; commit the goal file " +
                $"before what is compared with it");
        var goal = GoalReader.Read(text, source.Folder, Path.GetFileName(folder), out var problems, compares: commit is not null);
        if (goal is not null)
        {
            return (goal, source, path);
        }

        var shown = Path.GetRelativePath(Environment.CurrentDirectory, path) is var relative
            && relative.StartsWith("..", StringComparison.Ordinal)
            ? path
            : relative;
        foreach (var problem in problems)
        {
            Console.Error.WriteLine(problem.At(shown));
        }

        Console.Error.WriteLine($"godwit: {problems.Count} {(problems.Count == 1 ? "mistake" : "mistakes")} in {shown}");
        return null;
    }
}
