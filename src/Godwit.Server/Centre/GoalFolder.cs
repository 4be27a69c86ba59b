using System.Text;
using Godwit.Durable.Journal;
using Godwit.Goals;
using Godwit.Playbooks;
using Godwit.Runs;
using Godwit.Workspaces;

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
    /// <exception cref="ArgumentException">No run may be started here.</exception>
    public IReadOnlyList<string> All()
    {
        var top = Root();

        var search = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            MaxRecursionDepth = DeepestGoal,
            AttributesToSkip = FileAttributes.ReparsePoint,
            IgnoreInaccessible = true,
        };
        var files = Directory.EnumerateFiles(top, "godwit.yaml", search).Take(MostGoals).Select(file => Path.GetRelativePath(top, file));
        return [.. files.Order(StringComparer.Ordinal)];
    }

    /// <summary>What a run of a goal would do, and what is wrong with the goal.</summary>
    /// <exception cref="ArgumentException">There is no such goal.</exception>
    public async Task<GoalPreview> PreviewAsync(string path, CancellationToken cancellation)
    {
        var file = Below(path);
        var validated = await _godwit.RunAsync(cancellation, "validate", file);
        var planned = validated.Exit == 0 ? await _godwit.RunAsync(cancellation, "run", file, "--plan") : default;
        var problems = validated.Exit != 0 ? validated.Error : planned.Exit != 0 ? planned.Error : "";
        return new GoalPreview(path, await File.ReadAllTextAsync(file, cancellation), Lines(problems), Lines(planned.Output ?? ""));
    }

    /// <summary>What is wrong with a goal's text, each with its line and column; no command is run and nothing is written.</summary>
    /// <param name="kinds">The kinds of runs that a goal may start.</param>
    /// <param name="goal">Where it would stand, and the text.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="ArgumentException">It can't stand there.</exception>
    public async Task<IReadOnlyList<string>> CheckAsync(RunKinds kinds, GoalBody goal, CancellationToken cancellation)
    {
        var file = Below(goal.Path, mustExist: false);
        var folder = Path.GetDirectoryName(file)!;
        var source = await SourceRepository.FindAsync(folder, cancellation);
        _ = kinds.Read(new GoalText(goal.Text, source.Folder, Path.GetFileName(folder)), out var problems);
        return [.. problems.Select(problem => problem.At(goal.Path))];
    }

    /// <summary>Writes a goal file, where it still is what was read.</summary>
    /// <param name="goal">The goal; what was read of it before is null for a new one.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="ArgumentException">It can't stand there, or it has changed meanwhile.</exception>
    public async Task SaveAsync(GoalBody goal, CancellationToken cancellation)
    {
        var file = Below(goal.Path, mustExist: false);
        var now = File.Exists(file) ? await File.ReadAllTextAsync(file, cancellation) : null;
        if (now != goal.Before)
        {
            throw new ArgumentException($"{goal.Path} {(now is null ? "is gone" : "was changed meanwhile")}; copy your text and look again");
        }

        WholeFile.Replace(file, Encoding.UTF8.GetBytes(goal.Text));
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

            if (lines.FirstOrDefault(line => line.StartsWith("godwit: ", StringComparison.Ordinal)) is { } error)
            {
                throw new ArgumentException(error);
            }

            await Task.Delay(LookEvery, TimeProvider.System, cancellation);
        }

        throw new ArgumentException($"the run hasn't begun within {UntilNamed.TotalSeconds:0} s; what it says stands in {log}");
    }

    /// <summary>A file below the folder, whatever links lead there.</summary>
    private string Below(string path, bool mustExist = true)
    {
        var top = Root();
        var file = Path.GetFullPath(Path.Combine(top, path));
        file = Directory.Exists(file) ? Path.Combine(file, "godwit.yaml") : file;
        var there = mustExist ? FileSystem.Facts(file) is { IsRegular: true } : Directory.Exists(Path.GetDirectoryName(file));
        var relative = Path.GetRelativePath(top, file);
        var isBelow = file.StartsWith(top == "/" ? top : $"{top}/", StringComparison.Ordinal) && there
            && !relative.Split('/').Contains(".git") && FileSystem.IsReallyBelow(top, relative);
        if (!isBelow)
        {
            throw new ArgumentException(mustExist ? $"there is no goal file '{path}' below {top}" : $"there is no folder for '{path}' below {top}");
        }

        return file.EndsWith(".yaml", StringComparison.Ordinal) ? file : throw new ArgumentException($"a goal file's name ends in .yaml, and '{path}' doesn't");
    }

    private string Root() => root
        ?? throw new ArgumentException("no run may be started here; --root DIR, at 'godwit serve' or 'godwit mcp', allows those below a folder");

    private static List<string> Lines(string text) => [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
}
