using Godwit.Runs;

namespace Godwit.Server.Centre;

/// <summary>
/// The goals below the folder that runs may be started in, from the page or by a program. Each run is a process of its own, with the
/// sandbox that <c>godwit run</c> has by default and nothing that could weaken it.
/// </summary>
/// <param name="root">The folder; null where no run may be started.</param>
/// <param name="program">The <c>godwit</c> program.</param>
/// <param name="store">Where runs are.</param>
internal sealed class GoalFolder(string? root, string program, RunStore store)
{
    private const int MostGoals = 200;
    private const int DeepestGoal = 5;

    private static readonly TimeSpan UntilNamed = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    private readonly GodwitProcess _godwit = new(program, store);

    /// <summary>The goal files there are, below the folder.</summary>
    public IReadOnlyList<string> All()
    {
        if (root is null)
        {
            return [];
        }

        var search = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            MaxRecursionDepth = DeepestGoal,
            AttributesToSkip = FileAttributes.ReparsePoint,
            IgnoreInaccessible = true,
        };
        var files = Directory.EnumerateFiles(root, "godwit.yaml", search).Take(MostGoals).Select(file => Path.GetRelativePath(root, file));
        return [.. files.Order(StringComparer.Ordinal)];
    }

    /// <summary>What a run of a goal would do, and what is wrong with the goal.</summary>
    /// <exception cref="ArgumentException">There is no such goal.</exception>
    public async Task<GoalPreview> PreviewAsync(string path, CancellationToken cancellation)
    {
        var file = Below(path);
        var validated = await _godwit.RunAsync(cancellation, "validate", file);
        var planned = validated.Exit == 0 ? await _godwit.RunAsync(cancellation, "run", file, "--plan") : default;
        var problems = planned.Exit == 0 ? $"{(validated.Exit == 0 ? "" : validated.Error)}" : planned.Error;
        return new GoalPreview(path, await File.ReadAllTextAsync(file, cancellation), Lines(problems), Lines(planned.Output ?? ""));
    }

    /// <summary>Starts a run, and waits until it has a name.</summary>
    /// <returns>The run's id.</returns>
    /// <exception cref="ArgumentException">There is no such goal, or the run doesn't start; one line that says why.</exception>
    public async Task<string> StartAsync(string path, CancellationToken cancellation)
    {
        var log = await _godwit.DetachAsync($"start-{Guid.NewGuid():N}", "run", Below(path));
        for (var waited = TimeSpan.Zero; waited < UntilNamed; waited += LookEvery)
        {
            var lines = Lines(await File.ReadAllTextAsync(log, cancellation));
            if (lines.FirstOrDefault(line => line.StartsWith("run ", StringComparison.Ordinal)) is { } named)
            {
                return named["run ".Length..].Trim();
            }

            if (lines.FirstOrDefault(line => line.StartsWith("godwit: ", StringComparison.Ordinal) || line.Contains(": error", StringComparison.Ordinal)) is { } error)
            {
                throw new ArgumentException(error);
            }

            await Task.Delay(LookEvery, TimeProvider.System, cancellation);
        }

        throw new ArgumentException($"the run hasn't begun within {UntilNamed.TotalSeconds:0} s; what it says stands in {log}");
    }

    /// <summary>A file below the folder, whatever links lead there.</summary>
    private string Below(string path)
    {
        if (root is null)
        {
            throw new ArgumentException("no run may be started here; --root DIR, at 'godwit serve' or 'godwit mcp', allows those below a folder");
        }

        var file = Path.GetFullPath(Path.Combine(root, path));
        file = Directory.Exists(file) ? Path.Combine(file, "godwit.yaml") : file;
        var isBelow = file.StartsWith(root == "/" ? root : $"{root}/", StringComparison.Ordinal) && File.Exists(file)
            && Workspaces.FileSystem.IsReallyBelow(root, Path.GetRelativePath(root, file));
        return isBelow ? file : throw new ArgumentException($"there is no goal file '{path}' below {root}");
    }

    private static List<string> Lines(string text) => [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
}
