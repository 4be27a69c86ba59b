using Godwit.Durable;

namespace Godwit.Workspaces;

/// <summary>
/// A plain tree of files that one agent changes. Its git directory stands elsewhere; a snapshot is a tree under a hidden
/// ref of the run's clone, and a reset is a fresh checkout.
/// </summary>
/// <param name="id">Its name, unique in the run.</param>
/// <param name="path">The folder.</param>
/// <param name="baseTree">The tree it starts from.</param>
/// <param name="baseCommit">The commit that it comes from.</param>
/// <param name="repository">The run's clone.</param>
/// <param name="owner">The user that its files belong to; -1 for the one Godwit runs as.</param>
/// <param name="lay">Puts into the folder what isn't in any tree, such as what setup has left; null for nothing.</param>
/// <param name="scope">What its agent may hand over; null for everything.</param>
public sealed class AgentTree(
    string id, string path, string baseTree, string baseCommit, RunRepository repository, int owner,
    Func<string, CancellationToken, Task>? lay = null, TreeScope? scope = null) : IWorkspace
{
    // A fleet that is taken up lays hundreds of trees at once; started all together, none would be ready before the last.
    private static readonly SemaphoreSlim Places = new(Environment.ProcessorCount);

    private Standing _standing = new();

    /// <inheritdoc/>
    public string Id => id;

    /// <inheritdoc/>
    public string BaseTree { get; } = baseTree;

    /// <summary>The folder.</summary>
    public string Path => path;

    /// <summary>The user that its files belong to; -1 for the one Godwit runs as.</summary>
    public int Owner => owner;

    /// <summary>What its agent may hand over.</summary>
    public TreeScope Scope { get; } = scope ?? TreeScope.Whole;

    /// <summary>The tree that its agent started from, however many pieces its work has.</summary>
    public string StartTree { get; private init; } = baseTree;

    /// <summary>
    /// The same folder, for work that starts from another tree: what is known of its files stays known, and ignored files stay in
    /// it.
    /// </summary>
    /// <param name="tree">The tree that the work starts from.</param>
    public AgentTree From(string tree) =>
        new(id, path, tree, baseCommit, repository, owner, lay, scope) { _standing = _standing, StartTree = StartTree };

    /// <summary>Forgets what is known of the files; the files stay.</summary>
    public void Forget()
    {
        _standing.Tree = null;
        repository.ForgetFolder(Name);
    }

    /// <summary>Says that files may have changed since the last snapshot; whoever only reads needn't.</summary>
    public void Touch() => _standing.Tree = null;

    /// <inheritdoc/>
    public async Task ResetAsync(string tree, CancellationToken cancellation)
    {
        if (_standing.Tree == tree && Directory.Exists(path))
        {
            return;
        }

        _standing.Tree = null;
        await Places.WaitAsync(cancellation);
        try
        {
            await LayAsync(tree, cancellation);
        }
        finally
        {
            Places.Release();
        }

        _standing.Tree = tree;
    }

    /// <inheritdoc/>
    public async Task<string> SnapshotAsync(CancellationToken cancellation)
    {
        if (_standing.Tree is { } known)
        {
            return known;
        }

        var snapshot = await repository.SnapshotAsync(path, baseCommit, Name, cancellation, Scope.Harvests ? Scope.IsOwn : null);
        foreach (var file in snapshot.PutBack)
        {
            OwnWithFolders(file);
        }

        _standing.LeftOut.UnionWith(snapshot.LeftOut);
        return _standing.Tree = snapshot.Tree;
    }

    /// <summary>The changed files that weren't taken because they aren't its agent's; each is named once.</summary>
    public async Task<IReadOnlyList<string>> TakeLeftOutAsync(CancellationToken cancellation)
    {
        await SnapshotAsync(cancellation);
        List<string> fresh = [.. _standing.LeftOut.Where(_standing.Told.Add).Order(StringComparer.Ordinal)];
        _standing.LeftOut.Clear();
        return fresh;
    }

    /// <summary>The files in which the folder differs from what its agent started from.</summary>
    public async Task<IReadOnlyList<(string Path, string? Object, bool IsNew)>> ChangesAsync(CancellationToken cancellation) =>
        await repository.ChangesAsync(StartTree, await SnapshotAsync(cancellation), cancellation);

    /// <summary>The files in which a tree of the run's clone differs from the base.</summary>
    public Task<IReadOnlyList<(string Path, string? Object, bool IsNew)>> ChangesFromBaseAsync(
        string tree, CancellationToken cancellation) =>
        repository.ChangesAsync(baseCommit, tree, cancellation);

    /// <summary>What has changed in some files since its agent started, as a patch.</summary>
    public async Task<string> DiffAsync(IEnumerable<string> files, CancellationToken cancellation) =>
        await repository.DiffAsync(StartTree, await SnapshotAsync(cancellation), files, cancellation);

    /// <summary>Puts files back as they were when its agent started.</summary>
    public async Task RevertAsync(IReadOnlyList<string> files, CancellationToken cancellation)
    {
        var changes = (await ChangesAsync(cancellation)).Where(change => files.Contains(change.Path)).ToList();
        Touch();
        foreach (var change in changes.Where(change => change.IsNew))
        {
            File.Delete(System.IO.Path.Combine(path, change.Path));
        }

        List<string> old = [.. changes.Where(change => !change.IsNew).Select(change => change.Path)];
        await repository.CheckoutAsync(StartTree, path, cancellation, old, Name);
        old.ForEach(OwnWithFolders);
    }

    /// <summary>Gives a file to the tree's owner, and the folders above it: those that had gone are made anew, and not by their owner.</summary>
    private void OwnWithFolders(string file)
    {
        for (var place = System.IO.Path.Combine(path, file); place.Length > path.Length; place = System.IO.Path.GetDirectoryName(place)!)
        {
            FileSystem.Own(place, owner);
        }
    }

    private string Name => $"trees/{id}";

    private async Task LayAsync(string tree, CancellationToken cancellation)
    {
        if (Directory.Exists(path))
        {
            FileSystem.DeleteAll(path);
        }

        if (lay is null)
        {
            await repository.CheckoutAsync(tree, path, cancellation, snapshots: Name);
        }
        else
        {
            await lay(path, cancellation);
            var changes = await repository.ChangesAsync(baseCommit, tree, cancellation);
            foreach (var (file, _, _) in changes.Where(change => change.Object is null))
            {
                File.Delete(System.IO.Path.Combine(path, file));
            }

            await repository.CheckoutAsync(
                tree, path, cancellation, [.. changes.Where(change => change.Object is not null).Select(change => change.Path)], Name);
        }

        FileSystem.OwnAll(path, owner);
    }

    /// <summary>What is known of the files in the folder.</summary>
    private sealed class Standing
    {
        /// <summary>The tree that they are; null where they may have changed.</summary>
        public string? Tree { get; set; }

        /// <summary>Changed files that weren't taken, since they were last told.</summary>
        public HashSet<string> LeftOut { get; } = new(StringComparer.Ordinal);

        /// <summary>Those that the agent knows of.</summary>
        public HashSet<string> Told { get; } = new(StringComparer.Ordinal);
    }
}
