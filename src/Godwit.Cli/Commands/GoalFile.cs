using Godwit.Playbooks.Optimise;
using Godwit.Workspaces;

namespace Godwit.Cli.Commands;

/// <summary>Finds and reads the goal file that a command names.</summary>
internal static class GoalFile
{
    public const string Name = "godwit.yaml";

    /// <summary>The goal, or null when its mistakes have been printed.</summary>
    public static async Task<(Goal Goal, SourceRepository Source, string Path)?> LoadAsync(string target, CancellationToken cancellation)
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
        var goal = GoalReader.Read(await File.ReadAllTextAsync(path, cancellation), source.Folder, Path.GetFileName(folder), out var problems);
        if (goal is not null)
        {
            return (goal, source, path);
        }

        var shown = Path.GetRelativePath(Environment.CurrentDirectory, path);
        foreach (var problem in problems)
        {
            Console.Error.WriteLine(problem.At(shown));
        }

        Console.Error.WriteLine($"godwit: {problems.Count} {(problems.Count == 1 ? "mistake" : "mistakes")} in {shown}");
        return null;
    }
}
