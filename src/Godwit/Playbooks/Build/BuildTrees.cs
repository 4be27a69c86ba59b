using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Godwit.Durable.Journal;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Build;

/// <summary>
/// The trees that agents work in and gates look at: clean checkouts of a commit, with what setup has left. Setup is carried out once
/// for each content of the manifests. All of it is cache: what is missing is made again.
/// </summary>
internal sealed class BuildTrees(RunFolder folder, RunRepository repository, SandboxRunner sandbox, BuildGoal goal) : IDisposable
{
    private readonly SemaphoreSlim _oneSetup = new(1);
    private readonly Glob _manifests = new(goal.Manifests);
    private readonly ConcurrentQueue<CarriedOut> _carriedOut = new();

    /// <summary>A command that prepared a tree.</summary>
    internal sealed record CarriedOut(string Phase, string Command, SandboxResult Result);

    /// <summary>Stands for the user's home in setup, which fills it; all else works on a copy of what setup has left.</summary>
    private string Home => Path.Combine(folder.Trees, "home");

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
        var left = await SetupAsync(commit, cancellation);
        if (Directory.Exists(path))
        {
            FileSystem.DeleteAll(path);
        }

        await repository.CheckoutWholeAsync(commit, path, cancellation);
        CopyMissing(left, path);
        FileSystem.OwnAll(path, sandbox.OwnerOfFiles);
    }

    /// <summary>What setup has left in a checkout, without what was checked out.</summary>
    private async Task<string> SetupAsync(string commit, CancellationToken cancellation)
    {
        await _oneSetup.WaitAsync(cancellation);
        try
        {
            var files = await repository.FilesAsync(commit, "", cancellation);
            var key = Key(files);
            var place = Path.Combine(folder.Trees, $"setup-{key}");
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
            if (goal.Setup is null)
            {
                Directory.CreateDirectory(work);
            }
            else
            {
                await repository.CheckoutWholeAsync(commit, work, cancellation);
                FileSystem.OwnAll(work, sandbox.OwnerOfFiles);
                await RunSetupAsync(goal.Setup, work, cancellation);
                foreach (var (file, _) in files)
                {
                    File.Delete(Path.Combine(work, file));
                }
            }

            Directory.Move(work, place);
            return place;
        }
        finally
        {
            _oneSetup.Release();
        }
    }

    private async Task RunSetupAsync(string command, string tree, CancellationToken cancellation)
    {
        var result = await sandbox.RunAsync(Template with { Shell = command, Tree = tree, KeepsHome = true, Network = true }, cancellation);
        _carriedOut.Enqueue(new CarriedOut("setup", command, result));
        if (result.ExitCode == 0 && !result.TimedOut)
        {
            return;
        }

        throw new PrepareException(
            result.TimedOut ? TrialOutcome.TimedOut : TrialOutcome.Invalid,
            result.TimedOut
                ? $"setup took longer than {goal.Timeout.TotalSeconds:0} s"
                : FailureCause.Describe("setup", command, result, folder.Id),
            result.Output + result.Error);
    }

    private string Key(IEnumerable<(string Path, string Object)> files)
    {
        var text = new StringBuilder(goal.Setup ?? "");
        foreach (var (file, name) in files.Where(file => goal.Setup is not null && _manifests.Matches(file.Path)))
        {
            text.Append('\n').Append(name).Append(' ').Append(file);
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..16];
    }

    private static void CopyMissing(string from, string to)
    {
        foreach (var entry in new DirectoryInfo(from).EnumerateFileSystemInfos())
        {
            var target = Path.Combine(to, entry.Name);
            if (entry.LinkTarget is { } link)
            {
                if (!Path.Exists(target))
                {
                    File.CreateSymbolicLink(target, link);
                }
            }
            else if (entry is DirectoryInfo below)
            {
                if (new FileInfo(target).LinkTarget is null && !File.Exists(target))
                {
                    Directory.CreateDirectory(target);
                    CopyMissing(below.FullName, target);
                }
            }
            else if (!Path.Exists(target))
            {
                File.Copy(entry.FullName, target);
            }
        }
    }
}
