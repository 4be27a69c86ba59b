using System.Collections.Concurrent;
using Godwit.Durable.Journal;
using Godwit.Egress;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Build;

/// <summary>
/// The trees that agents work in and gates look at: clean checkouts of a commit, with what setup has left. Setup is carried out once, on
/// the base as agents see it, and never on anybody's work. All of it is cache: what is missing is made again.
/// </summary>
internal sealed class BuildTrees(
    RunFolder folder, RunRepository repository, SandboxRunner sandbox, RunNetwork network, BuildGoal goal, string baseCommit,
    string name = "") : IDisposable
{
    private readonly SemaphoreSlim _oneSetup = new(1);
    private readonly Glob _hidden = new(goal.Hidden);
    private readonly ConcurrentQueue<CarriedOut> _carriedOut = new();

    /// <summary>A command that prepared a tree.</summary>
    internal sealed record CarriedOut(string Phase, string Command, SandboxResult Result);

    /// <summary>Stands for the user's home in setup, which fills it; all else works on a copy of what setup has left.</summary>
    private string Home => Path.Combine(folder.Trees, $"{name}home");

    /// <summary>The machine's package caches.</summary>
    private IReadOnlyDictionary<string, string> Mounts =>
        sandbox.Kind == SandboxKind.None ? new Dictionary<string, string>() : PackageCaches.Mounts(goal.Setup is not null);

    /// <summary>What every command gets.</summary>
    public SandboxCommand Template => new()
    {
        Shell = "",
        Tree = "",
        Folder = goal.Folder,
        Home = Home,
        Read = goal.Read,
        Mounts = Mounts,
        Environment = PackageCaches.Variables(),
        Timeout = goal.Timeout,
    };

    /// <inheritdoc/>
    public void Dispose() => _oneSetup.Dispose();

    /// <summary>The setups that were carried out since this was asked last.</summary>
    public IEnumerable<CarriedOut> TakeCarriedOut()
    {
        while (_carriedOut.TryDequeue(out var one))
        {
            yield return one;
        }
    }

    /// <summary>Makes a folder a clean checkout of a commit, with what setup has left beside it.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="path">The folder; what is in it goes.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="PrepareException">Setup failed.</exception>
    public async Task LayAsync(string commit, string path, CancellationToken cancellation)
    {
        var left = await SetupAsync(cancellation);
        if (Directory.Exists(path))
        {
            FileSystem.DeleteAll(path);
        }

        await repository.CheckoutWholeAsync(commit, path, cancellation);
        CopyOver(left, path);
        FileSystem.OwnAll(path, sandbox.OwnerOfFiles);
    }

    /// <summary>What setup has left in a checkout, without what was checked out.</summary>
    private async Task<string> SetupAsync(CancellationToken cancellation)
    {
        await _oneSetup.WaitAsync(cancellation);
        try
        {
            var place = Path.Combine(folder.Trees, $"{name}setup");
            if (Directory.Exists(place))
            {
                return place;
            }

            var work = place + ".new";
            if (Directory.Exists(work))
            {
                FileSystem.DeleteAll(work);
            }

            SandboxHome.Make(Home, goal.Read.Concat(Mounts.Values));
            FileSystem.OwnAll(Home, sandbox.OwnerOfFiles);
            Directory.CreateDirectory(work);
            if (goal.Setup is { } setup)
            {
                await SetUpAsync(setup, work, cancellation);
            }

            Directory.Move(work, place);
            return place;
        }
        finally
        {
            _oneSetup.Release();
        }
    }

    private async Task SetUpAsync(string setup, string work, CancellationToken cancellation)
    {
        var files = await repository.FilesAsync(baseCommit, "", cancellation);
        await repository.CheckoutWholeAsync(baseCommit, work, cancellation);
        foreach (var (file, _) in files.Where(file => _hidden.Matches(file.Path)))
        {
            File.Delete(Path.Combine(work, file));
        }

        FileSystem.OwnAll(work, sandbox.OwnerOfFiles);
        await RunSetupAsync(setup, work, cancellation);
        foreach (var (file, _) in files.Where(file => FileSystem.IsReallyBelow(work, file.Path)))
        {
            File.Delete(Path.Combine(work, file));
        }
    }

    private async Task RunSetupAsync(string command, string tree, CancellationToken cancellation)
    {
        var result = await network.RunAsync(
            sandbox, Template with { Shell = command, Tree = tree, KeepsHome = true }, NetworkUse.Setup, "setup", cancellation);
        _carriedOut.Enqueue(new CarriedOut("setup", command, result));
        if (result.ExitCode == 0 && !result.TimedOut)
        {
            return;
        }

        throw new PrepareException(
            result.TimedOut ? TrialOutcome.TimedOut : TrialOutcome.Invalid,
            result.TimedOut
                ? $"setup took longer than {goal.Timeout.TotalSeconds:0} s"
                : FailureCause.Describe("setup", command, result),
            result.Output + result.Error);
    }

    /// <summary>Lays what setup has left over a checkout: nobody's work takes the place of a tool that setup has installed.</summary>
    private static void CopyOver(string from, string to)
    {
        foreach (var entry in new DirectoryInfo(from).EnumerateFileSystemInfos())
        {
            var (target, source) = (Path.Combine(to, entry.Name), FileSystem.Facts(entry.FullName));
            if (source is { IsDirectory: true })
            {
                if (FileSystem.Facts(target) is not { IsDirectory: true })
                {
                    FileSystem.Remove(target);
                    Directory.CreateDirectory(target);
                }

                CopyOver(entry.FullName, target);
            }
            else if (entry.LinkTarget is { } link)
            {
                FileSystem.Remove(target);
                File.CreateSymbolicLink(target, link);
            }
            else if (source is { IsRegular: true })
            {
                FileSystem.Remove(target);
                File.Copy(entry.FullName, target);
            }
        }
    }
}
