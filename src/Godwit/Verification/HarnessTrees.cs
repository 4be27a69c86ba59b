using System.Security.Cryptography;
using System.Text;
using Godwit.Durable.Journal;
using Godwit.Egress;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Verification;

/// <summary>
/// The trees that candidates are checked and measured in: a clean checkout of the base commit, its setup, one build for each
/// content, and for each arm a plain tree over which only what the goal allows is laid. All of it is cache: what is missing
/// is made again.
/// </summary>
internal sealed class HarnessTrees
{
    private const int KeptTrees = 12;

    private readonly RunFolder _folder;
    private readonly RunRepository _repository;
    private readonly HarnessSpec _spec;
    private readonly SandboxRunner _sandbox;
    private readonly RunNetwork _network;
    private readonly string _baseCommit;
    private readonly Glob _editable;
    private readonly Glob _inputs;
    private readonly Glob _heldOut;
    private readonly Glob _labels;
    private IReadOnlyDictionary<string, byte[]?>? _hiddenFiles;
    private readonly Dictionary<string, PlainTree> _trees = new(StringComparer.Ordinal);
    private readonly List<string> _recent = [];
    private readonly System.Collections.Concurrent.ConcurrentQueue<(
        string Phase, string Command, SandboxResult Result)> _carriedOut = new();

    public HarnessTrees(
        RunFolder folder, RunRepository repository, HarnessSpec spec, SandboxRunner sandbox, RunNetwork network, string baseCommit)
    {
        _network = network;
        _folder = folder;
        _repository = repository;
        _spec = spec;
        _sandbox = sandbox;
        _baseCommit = baseCommit;
        _editable = new Glob(spec.Editable);
        _inputs = new Glob(spec.BuildInputs ?? ["."]);
        _heldOut = new Glob(spec.HoldOutFiles);
        _labels = new Glob(spec.Labels);
    }

    /// <summary>Stands for the user's home in setup, which fills it; all else works on a copy of what setup has left.</summary>
    public string Home => Path.Combine(_folder.Trees, "home");

    /// <summary>The machine's package caches.</summary>
    public IReadOnlyDictionary<string, string> Mounts =>
        _sandbox.Kind == SandboxKind.None ? new Dictionary<string, string>() : PackageCaches.Mounts(_spec.Setup is not null);

    /// <summary>One of two places for a tree, clean, built, and with the candidate's files over it.</summary>
    /// <param name="candidate">The candidate.</param>
    /// <param name="left">Which of the two places.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <param name="holdOut">With the files of the held-out workload.</param>
    /// <param name="builtTwice">Each place has a build of its own.</param>
    /// <exception cref="PrepareException">Setup or the build failed.</exception>
    public Task<string> PlaceAsync(
        Candidate candidate, bool left, CancellationToken cancellation, bool holdOut = false, bool builtTwice = false) =>
        LayAsync(
            candidate, left ? "one" : "two", again: builtTwice && !left, _sandbox.OwnerOfFiles,
            file => holdOut && _heldOut.Matches(file) && !_labels.Matches(file), cancellation);

    /// <summary>The base's tree for a driver or a judge: no candidate has a place in it, and the labels are there alone.</summary>
    /// <param name="holdOut">With the files of the held-out workload.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="PrepareException">Setup or the build failed.</exception>
    public Task<string> PlaceHarnessAsync(bool holdOut, CancellationToken cancellation) =>
        LayAsync(
            Candidate.Base, "own", again: false, _sandbox.OwnerOfHarness,
            file => _heldOut.Matches(file) ? holdOut : _labels.Matches(file), cancellation);

    private async Task<string> LayAsync(
        Candidate candidate, string place, bool again, int owner, Func<string, bool> shows, CancellationToken cancellation)
    {
        var refused = candidate.Files.FirstOrDefault(file => !_editable.Matches(Local(file.Path)));
        if (refused is not null)
        {
            throw new PrepareException(TrialOutcome.Invalid, $"{refused.Path} isn't editable by the goal", "");
        }

        candidate = await candidate.ResolveAsync(_repository, cancellation);
        var (key, pristine) = await BuiltAsync(candidate, cancellation, again);

        // All places' names have one length: a path's length alone can move a benchmark.
        var name = $"{place}-{key}";
        if (!_trees.TryGetValue(name, out var tree))
        {
            Forget();
            tree = _trees[name] = new PlainTree(Path.Combine(_folder.Trees, name), owner);
            if (Directory.Exists(tree.Path))
            {
                FileSystem.DeleteAll(tree.Path);
            }
        }

        _recent.Remove(name);
        _recent.Add(name);
        var overlay = candidate.Files.ToDictionary(file => file.Path, file => file.Content);
        foreach (var (file, content) in (await HiddenAsync(cancellation)).Where(file => shows(Local(file.Key))))
        {
            overlay[file] = content;
        }

        tree.Reset(pristine, overlay);
        return tree.Path;
    }

    /// <summary>Makes both builds of a candidate, where they aren't there.</summary>
    /// <exception cref="PrepareException">Setup or a build failed.</exception>
    public async Task BuildTwiceAsync(Candidate candidate, CancellationToken cancellation)
    {
        candidate = await candidate.ResolveAsync(_repository, cancellation);
        await BuiltAsync(candidate, cancellation);
        await BuiltAsync(candidate, cancellation, again: true);
    }

    /// <summary>Makes a folder what setup has left, for an agent to work in.</summary>
    public async Task LayAsync(string path, CancellationToken cancellation)
    {
        var setup = await SetupAsync(cancellation);
        new PlainTree(path, _sandbox.OwnerOfFiles).Reset(setup.Path, new Dictionary<string, byte[]?>());
    }

    /// <summary>The base commit without the files that proposers must not see.</summary>
    public async Task<string> VisibleAsync(CancellationToken cancellation)
    {
        var hidden = await HiddenAsync(cancellation);
        return hidden.Count == 0
            ? _baseCommit
            : await _repository.CommitAsync(
                _baseCommit, hidden.Keys.ToDictionary(file => file, _ => (byte[]?)null), "Without held-out files",
                DateTimeOffset.UnixEpoch, "visible", cancellation);
    }

    /// <summary>Whether a candidate may change a file.</summary>
    public bool IsEditable(string path) => _editable.Matches(Local(path)) && !IsHidden(path);

    /// <summary>What an agent's commands get.</summary>
    public SandboxCommand Template => new()
    {
        Shell = "",
        Tree = "",
        Folder = _spec.Folder,
        Home = Home,
        Read = _spec.Read,
        Mounts = Mounts,
        Environment = PackageCaches.Variables()
            .Append(KeyValuePair.Create("GODWIT_SEED", "1"))
            .Append(KeyValuePair.Create("GODWIT_RESULT", "/tmp/result.json"))
            .ToDictionary(),
        Cpus = Processors.ForWork(_spec.Cpus),
    };

    /// <summary>The run's id.</summary>
    public string Run => _folder.Id;

    /// <summary>The setups and builds that were carried out since this was asked last.</summary>
    public IEnumerable<(string Phase, string Command, SandboxResult Result)> TakeCarriedOut()
    {
        while (_carriedOut.TryDequeue(out var one))
        {
            yield return one;
        }
    }

    private async Task<(string Key, string Path)> BuiltAsync(Candidate candidate, CancellationToken cancellation, bool again = false)
    {
        var setup = await SetupAsync(cancellation);
        if (_spec.Build is null)
        {
            return (setup.Key, setup.Path);
        }

        var inputs = candidate.Files.Where(file => _inputs.Matches(Local(file.Path)))
            .OrderBy(file => file.Path, StringComparer.Ordinal)
            .ToList();
        var key = Key(
            [
                setup.Key,
                _spec.Build,
                .. again ? (string[])["again"] : [],
                .. inputs.SelectMany(
                    file => (string[])[file.Path, file.Content is null ? "-" : Convert.ToHexString(SHA256.HashData(file.Content))]),
            ]);
        var path = Path.Combine(_folder.Trees, $"built-{key}");
        if (!Directory.Exists(path))
        {
            var work = new PlainTree(path + ".new", _sandbox.OwnerOfFiles);
            work.Reset(setup.Path, inputs.ToDictionary(file => file.Path, file => file.Content));
            await PrepareAsync("build", _spec.Build, work.Path, NetworkUse.None, cancellation);
            await RestoreHarnessAsync(work.Path, cancellation);
            Directory.Move(work.Path, path);
        }

        return (key, path);
    }

    private async Task<(string Key, string Path)> SetupAsync(CancellationToken cancellation)
    {
        var key = Key([_baseCommit, _spec.Setup ?? ""]);
        var path = Path.Combine(_folder.Trees, $"setup-{key}");
        if (!Directory.Exists(path))
        {
            var work = path + ".new";
            if (Directory.Exists(work))
            {
                FileSystem.DeleteAll(work);
            }

            await _repository.CheckoutWholeAsync(_baseCommit, work, cancellation);
            foreach (var file in (await HiddenAsync(cancellation)).Keys)
            {
                File.Delete(Path.Combine(work, file));
            }

            if (!Directory.Exists(Path.Combine(work, _spec.Folder)))
            {
                throw new PrepareException(
                    TrialOutcome.Invalid, $"the goal's folder {_spec.Folder} isn't in commit {_baseCommit[..12]}", "");
            }

            SandboxHome.Make(Home, _spec.Read.Concat(Mounts.Values));
            FileSystem.OwnAll(Home, _sandbox.OwnerOfFiles);
            FileSystem.OwnAll(work, _sandbox.OwnerOfFiles);
            if (_spec.Setup is not null)
            {
                await PrepareAsync("setup", _spec.Setup, work, NetworkUse.Setup, cancellation);
            }

            Directory.Move(work, path);
        }

        return (key, path);
    }

    private bool IsHidden(string path) => _heldOut.Matches(Local(path)) || _labels.Matches(Local(path));

    /// <summary>The files that aren't in every tree: of the held-out workload, and labels.</summary>
    private async Task<IReadOnlyDictionary<string, byte[]?>> HiddenAsync(CancellationToken cancellation)
    {
        if (_hiddenFiles is not null)
        {
            return _hiddenFiles;
        }

        var files = new Dictionary<string, byte[]?>(StringComparer.Ordinal);
        foreach (var (file, _) in _spec.HoldOutFiles.Count + _spec.Labels.Count == 0 ? [] : await _repository
            .FilesAsync(_baseCommit, _spec.Folder, cancellation))
        {
            if (IsHidden(file))
            {
                files[file] = await _repository.FileAsync(_baseCommit, file, cancellation);
            }
        }

        return _hiddenFiles = files;
    }

    private async Task PrepareAsync(string phase, string command, string tree, NetworkUse use, CancellationToken cancellation)
    {
        var result = await _network.RunAsync(
            _sandbox,
            new SandboxCommand
            {
                Shell = command,
                Tree = tree,
                Folder = _spec.Folder,
                Home = Home,
                KeepsHome = use == NetworkUse.Setup,
                Read = _spec.Read,
                Mounts = Mounts,
                Environment = PackageCaches.Variables(),
                Timeout = _spec.BuildTimeout,
                Cpus = Processors.ForWork(_spec.Cpus),
            },
            use, phase, cancellation);
        _carriedOut.Enqueue((phase, command, result));
        if (result.ExitCode == 0 && !result.TimedOut)
        {
            return;
        }

        var outcome = result.TimedOut ? TrialOutcome.TimedOut : result.Crashed ? TrialOutcome.Crashed : TrialOutcome.Invalid;
        var message = result.TimedOut
            ? $"{phase} took longer than {_spec.BuildTimeout.TotalSeconds:0} s"
            : FailureCause.Describe(phase, command, result, Run);
        throw new PrepareException(outcome, message, result.Output + result.Error);
    }

    /// <summary>A build runs the candidate's code: what isn't the candidate's to change is put back from the base commit.</summary>
    private async Task RestoreHarnessAsync(string built, CancellationToken cancellation)
    {
        var source = Path.Combine(_folder.Trees, $"source-{Key([_baseCommit])}");
        if (!Directory.Exists(source))
        {
            await _repository.CheckoutWholeAsync(_baseCommit, source + ".new", cancellation);
            Directory.Move(source + ".new", source);
        }

        foreach (var (file, _) in await _repository.FilesAsync(_baseCommit, "", cancellation))
        {
            var original = new FileInfo(Path.Combine(source, file));
            if (_editable.Matches(Local(file)) || IsHidden(file) || original.LinkTarget is not null || !original.Exists)
            {
                continue;
            }

            var target = Path.Combine(built, file);
            if (!FileSystem.IsReallyBelow(built, file)
                || FileSystem.Facts(target) is not { IsRegular: true } facts || facts.Size != original.Length
                || !File.ReadAllBytes(target).AsSpan().SequenceEqual(File.ReadAllBytes(original.FullName)))
            {
                throw new PrepareException(TrialOutcome.Invalid, $"the build changed {file}, which isn't editable", "");
            }
        }
    }

    /// <summary>Trees that have not been used for longest make room; they can be made again.</summary>
    private void Forget()
    {
        while (_recent.Count >= KeptTrees)
        {
            var name = _recent[0];
            _recent.RemoveAt(0);
            FileSystem.DeleteAll(_trees[name].Path);
            _trees.Remove(name);
        }
    }

    /// <summary>A path from the goal's folder; one outside of it matches nothing.</summary>
    private string Local(string path) => _spec.Folder.Length == 0
        ? path
        : path.StartsWith(_spec.Folder + "/", StringComparison.Ordinal) ? path[(_spec.Folder.Length + 1)..] : "../" + path;

    private static string Key(IEnumerable<string> parts) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))))[..16];
}
