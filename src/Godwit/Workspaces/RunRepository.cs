using System.Text;

namespace Godwit.Workspaces;

/// <summary>Godwit's own bare clone of a run; no sandbox ever sees it.</summary>
/// <param name="path">The clone's folder.</param>
public sealed class RunRepository(string path)
{
    private const string Repository = "160000";

    // A file that takes a link's place was measured as a file, and is committed as one.
    private const string Link = "120000";

    // What a git that was killed leaves beside its index.
    private const string Lock = ".lock";

    // Stands in a name that isn't UTF-8, once it has been read as if it were.
    private const char NoText = '\uFFFD';

    private static readonly Dictionary<string, string> Author = new()
    {
        ["GIT_AUTHOR_NAME"] = "Godwit",
        ["GIT_AUTHOR_EMAIL"] = "godwit@localhost",
        ["GIT_COMMITTER_NAME"] = "Godwit",
        ["GIT_COMMITTER_EMAIL"] = "godwit@localhost",
    };

    /// <summary>The clone's folder.</summary>
    public string Path => path;

    /// <summary>Makes the clone and returns the base commit; what a crash left half made is made anew.</summary>
    /// <param name="source">The user's side.</param>
    /// <param name="name">The commit to start from, such as <c>HEAD</c>; of no meaning for a plain folder.</param>
    /// <param name="cancellation">Ends the work.</param>
    public async Task<string> CloneAsync(SourceRepository source, string name, CancellationToken cancellation)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        Directory.CreateDirectory(path);
        var format = source.IsGit ? await Git.RunAsync(source.Root, ["rev-parse", "--show-object-format"], cancellation) : "sha1";
        await Git.RunAsync(path, ["init", "--quiet", "--bare", "--template=", $"--object-format={format}"], cancellation);
        await Git.RunAsync(path, ["config", "uploadpack.allowAnySHA1InWant", "true"], cancellation);
        string commit;
        if (source.IsGit)
        {
            commit = await source.CommitAsync(name, cancellation);
            await Git.RunAsync(
                path,
                ["fetch", "--quiet", "--no-tags", "--update-shallow", "--recurse-submodules=no", source.Root, $"{commit}:refs/godwit/base"],
                cancellation);
            await RequireNamesAsync(commit, cancellation);
            await FetchSubmodulesAsync(source.Root, commit, "", cancellation);
            return commit;
        }

        commit = await ImportAsync(source.Root, cancellation);
        await Git.RunAsync(path, ["update-ref", "refs/godwit/base", commit], cancellation);
        return commit;
    }

    /// <summary>Takes a further commit of the user's repository under a hidden ref, with the submodules that it has.</summary>
    public async Task FetchAsync(SourceRepository source, string commit, string reference, CancellationToken cancellation)
    {
        await Git.RunAsync(
            path, ["fetch", "--quiet", "--no-tags", "--update-shallow", source.Root, $"{commit}:refs/godwit/{reference}"], cancellation);
        await FetchSubmodulesAsync(source.Root, commit, "", cancellation);
    }

    /// <summary>
    /// Keeps the user's files as they stand, committed or not, as a commit under a hidden ref; what git ignores is left out, and nothing of
    /// the user's repository is touched.
    /// </summary>
    /// <param name="source">The user's repository.</param>
    /// <param name="parent">The commit that it goes on from.</param>
    /// <param name="at">The commit's date.</param>
    /// <param name="cancellation">Ends the work.</param>
    public async Task<string> UncommittedAsync(SourceRepository source, string parent, DateTimeOffset at, CancellationToken cancellation)
    {
        // A submodule is a folder, and stays at the commit that the parent has.
        var files = (await source.FilesAsync(cancellation)).Where(file => !IsFolder(System.IO.Path.Combine(source.Root, file))).ToList();
        var gone = (await FilesAsync(parent, "", cancellation)).Select(file => file.Path).Except(files)
            .Where(file => !IsFolder(System.IO.Path.Combine(source.Root, file)));
        var commit = "";
        await WithIndexAsync(null, async index =>
        {
            var environment = new Dictionary<string, string>(index) { ["GIT_WORK_TREE"] = source.Root };
            await Git.RunAsync(path, ["read-tree", parent], cancellation, environment);
            await Git.RunAsync(
                source.Root, ["update-index", "--force-remove", "-z", "--stdin"], cancellation, environment,
                Encoding.UTF8.GetBytes(string.Concat(gone.Select(file => file + '\0'))));
            await Git.RunAsync(
                source.Root, ["update-index", "--add", "--remove", "-z", "--stdin"], cancellation, environment,
                Encoding.UTF8.GetBytes(string.Concat(files.Select(file => file + '\0'))));
            commit = await CommitIndexAsync(index, [parent], "Uncommitted changes", at, cancellation);
        });
        await Git.RunAsync(path, ["update-ref", "refs/godwit/uncommitted", commit], cancellation);
        return commit;
    }

    private static bool IsFolder(string place) => FileSystem.Facts(place) is { IsDirectory: true };

    /// <summary>The files that differ between two commits.</summary>
    public async Task<IReadOnlyList<string>> ChangedAsync(string from, string to, CancellationToken cancellation)
    {
        var names = await Git.RunAsync(path, ["diff-tree", "-r", "-z", "--name-only", "--no-renames", from, to], cancellation);
        return names.Split('\0', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Takes the commits of submodules from where the user has them checked out, those within submodules too.</summary>
    private async Task FetchSubmodulesAsync(string root, string commit, string below, CancellationToken cancellation)
    {
        foreach (var (submodule, recorded) in await SubmodulesAsync(commit, cancellation))
        {
            var name = below + submodule;
            var place = System.IO.Path.Combine(root, submodule);
            try
            {
                // A folder that isn't a checkout of its own would answer for the repository around it.
                var top = Directory.Exists(place) ? await Git.RunAsync(place, ["rev-parse", "--show-prefix"], cancellation) : "missing";
                await Git.RunAsync(
                    path,
                    [
                        "fetch",
                        "--quiet",
                        "--no-tags",
                        "--update-shallow",
                        "--recurse-submodules=no",
                        top.Length == 0 ? place : throw new GitException("not checked out"),
                        $"{recorded}:refs/godwit/submodules/{name}",
                    ],
                    cancellation);
            }
            catch (GitException)
            {
                throw new GitException(
                    $"submodule {name} isn't checked out at its recorded commit {recorded[..12]}; 'git submodule update --init " +
                    $"--recursive', then start the run again");
            }

            await FetchSubmodulesAsync(place, recorded, $"{name}/", cancellation);
        }
    }

    /// <summary>The submodules of a commit, each with its recorded commit.</summary>
    private async Task<IReadOnlyList<(string Path, string Commit)>> SubmodulesAsync(string commit, CancellationToken cancellation)
    {
        var listing = await Git.RunAsync(path, ["ls-tree", "-r", "-z", "--full-tree", commit], cancellation);
        return
        [
            .. listing.Split('\0', StringSplitOptions.RemoveEmptyEntries)
                .Where(line => line.StartsWith(Repository, StringComparison.Ordinal))
                .Select(line => line.Split('\t', 2))
                .Select(parts => (parts[1], parts[0].Split(' ')[2])),
        ];
    }

    /// <summary>Refuses a name that .NET can't carry through unchanged.</summary>
    private async Task RequireNamesAsync(string commit, CancellationToken cancellation)
    {
        var strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
        foreach (var name
            in Fields(await Git.RunBytesAsync(path, ["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit], cancellation)))
        {
            try
            {
                strict.GetString(name);
            }
            catch (DecoderFallbackException)
            {
                throw new GitException(
                    $"the name of file {string.Concat(name.Select(letter => letter is >= 32 and < 127 ? ((char)letter).ToString() : $"\\x{letter:x2}"))} " +
                    $"isn't UTF-8, and Godwit can't work on it; rename it, or take it out of the repository");
            }
        }
    }

    /// <summary>Writes all files of a commit into a folder, those of its submodules at their recorded commits too.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="folder">The folder; made when it doesn't exist.</param>
    /// <param name="cancellation">Ends the work.</param>
    public async Task CheckoutWholeAsync(string commit, string folder, CancellationToken cancellation)
    {
        await CheckoutAsync(commit, folder, cancellation);
        foreach (var (submodule, recorded) in await SubmodulesAsync(commit, cancellation))
        {
            await CheckoutWholeAsync(recorded, System.IO.Path.Combine(folder, submodule), cancellation);
        }
    }

    /// <summary>Writes files of a commit or tree into a folder.</summary>
    /// <param name="commit">The commit or tree.</param>
    /// <param name="folder">The folder; made when it doesn't exist.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <param name="files">Which files; null for all.</param>
    /// <param name="snapshots">The name that <see cref="SnapshotAsync"/> will keep the folder under; null where none are made of
    /// it.</param>
    public async Task CheckoutAsync(
        string commit, string folder, CancellationToken cancellation, IReadOnlyList<string>? files = null, string? snapshots = null)
    {
        Directory.CreateDirectory(folder);
        if (snapshots is not null)
        {
            ForgetFolder(snapshots);
        }

        await WithIndexAsync(snapshots, async index =>
        {
            var environment = new Dictionary<string, string>(index) { ["GIT_WORK_TREE"] = folder };
            if (files is null)
            {
                await Git.RunAsync(path, ["read-tree", "--reset", "-u", commit], cancellation, environment);
                return;
            }

            await Git.RunAsync(path, ["read-tree", commit], cancellation, environment);
            await Git.RunAsync(
                path, ["checkout-index", "--force", "-u", "-z", "--stdin"], cancellation, environment,
                Encoding.UTF8.GetBytes(string.Concat(files.Select(file => file + '\0'))));
        });
    }

    /// <summary>The content of a file in a commit, or null.</summary>
    public async Task<byte[]?> FileAsync(string commit, string file, CancellationToken cancellation)
    {
        try
        {
            return await Git.RunBytesAsync(path, ["cat-file", "blob", $"{commit}:{file}"], cancellation);
        }
        catch (GitException)
        {
            return null;
        }
    }

    /// <summary>The content of an object.</summary>
    public Task<byte[]> ObjectAsync(string name, CancellationToken cancellation) =>
        Git.RunBytesAsync(path, ["cat-file", "blob", name], cancellation);

    /// <summary>
    /// The files in which a tree differs from a commit, each with its new object; null for one that is gone. A repository within
    /// one is no file.
    /// </summary>
    public async Task<IReadOnlyList<(string Path, string? Object, bool IsNew)>> ChangesAsync(
        string commit, string tree, CancellationToken cancellation)
    {
        var fields = (
            await Git.RunAsync(
                path, ["diff-tree", "-r", "-z", "--no-renames", "--raw", commit, tree],
                cancellation)).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        return
        [
            .. fields.Chunk(2)
                .Select(pair => (pair[1], pair[0].Split(' ')))
                .Where(line => line.Item2[1] != Repository && line.Item2[0] != ":" + Repository)
                .Select(line => (line.Item1, line.Item2[4] == "D" ? null : line.Item2[3], line.Item2[4] == "A")),
        ];
    }

    /// <summary>The files of a commit below a folder, with their object names.</summary>
    public async Task<IReadOnlyList<(string Path, string Object)>> FilesAsync(string commit, string folder, CancellationToken cancellation)
    {
        var listing = await Git.RunAsync(
            path, ["ls-tree", "-r", "-z", "--full-tree", commit, "--", folder.Length == 0 ? "." : folder], cancellation);
        return
        [
            .. listing.Split('\0', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split('\t', 2))
                .Select(parts => (parts[1], parts[0].Split(' ')[2])),
        ];
    }

    /// <summary>Commits changed files on top of a commit, without a checkout, and keeps it under a hidden ref.</summary>
    /// <param name="parent">The commit below.</param>
    /// <param name="files">Path and content; null deletes.</param>
    /// <param name="message">The message.</param>
    /// <param name="at">The commit's date: the same inputs give the same commit.</param>
    /// <param name="reference">The hidden ref.</param>
    /// <param name="cancellation">Ends the work.</param>
    public async Task<string> CommitAsync(
        string parent, IReadOnlyDictionary<string, byte[]?> files, string message, DateTimeOffset at, string reference,
        CancellationToken cancellation)
    {
        var commit = "";
        await WithIndexAsync(null, async index =>
        {
            await Git.RunAsync(path, ["read-tree", parent], cancellation, index);
            foreach (var (file, content) in files)
            {
                if (content is null)
                {
                    // Mode 0 takes a path out of the index, and needs no work tree for it.
                    await Git.RunAsync(
                        path, ["update-index", "-z", "--index-info"], cancellation, index,
                        Encoding.UTF8.GetBytes($"0 {new string('0', parent.Length)}\t{file}\0"));
                    continue;
                }

                var blob = await Git.RunAsync(path, ["hash-object", "-w", "--stdin"], cancellation, index, content);
                var mode = (await Git.RunAsync(path, ["ls-files", "--stage", "--", file], cancellation, index)) is { Length: > 6 } line
                    && !line.StartsWith(Link, StringComparison.Ordinal)
                    ? line[..6]
                    : "100644";
                await Git.RunAsync(path, ["update-index", "--add", "--cacheinfo", $"{mode},{blob},{file}"], cancellation, index);
            }

            commit = await CommitIndexAsync(index, [parent], message, at, cancellation);
        });
        await Git.RunAsync(path, ["update-ref", $"refs/godwit/{reference}", commit], cancellation);
        return commit;
    }

    /// <summary>
    /// Keeps a folder's files, ignored ones left out, as a tree under a hidden ref; returns its name. The index stays, so that
    /// the next snapshot reads only files that have changed. One writer a folder.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="parent">The commit that it came from: an ignored file that stands in it isn't left out.</param>
    /// <param name="name">The folder's name among those that snapshots are made of, and the end of the ref.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <param name="takes">Which changed files are kept; what else the parent has is put back. Null for all.</param>
    public async Task<TreeSnapshot> SnapshotAsync(
        string folder, string parent, string name, CancellationToken cancellation, Func<string, bool>? takes = null)
    {
        TreeSnapshot? snapshot = null;
        await WithIndexAsync(name, async index =>
        {
            var environment = new Dictionary<string, string>(index) { ["GIT_WORK_TREE"] = folder };
            // With what the index already knows of files that are as they were in the parent.
            await Git.RunAsync(folder, ["read-tree", "-m", "-i", parent], cancellation, environment);
            await Git.RunAsync(folder, ["add", "--all", "--", "."], cancellation, environment);
            var (leftOut, putBack) = takes is null ? ([], []) : await LeaveOutAsync(environment, parent, takes, cancellation);
            var tree = await Git.RunAsync(path, ["write-tree"], cancellation, index);
            await Git.RunAsync(path, ["update-ref", $"refs/godwit/{name}", tree], cancellation);
            snapshot = new TreeSnapshot(tree, leftOut, putBack);
        });
        return snapshot!;
    }

    /// <summary>Makes the index, and of what the parent has the folder too, as the parent has them where a file isn't taken.</summary>
    private async Task<(IReadOnlyList<string> LeftOut, IReadOnlyList<string> PutBack)> LeaveOutAsync(
        Dictionary<string, string> environment, string parent, Func<string, bool> takes, CancellationToken cancellation)
    {
        var changed = await Git.RunBytesAsync(
            path, ["diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", parent], cancellation, environment);

        // What looks like a repository of its own has no content here that could be checked, and a name that is no text can't be carried on.
        var outside = Fields(changed).Chunk(2)
            .Select(pair => (Fields: Encoding.ASCII.GetString(pair[0]).Split(' '), Name: pair[1], Path: Encoding.UTF8.GetString(pair[1])))
            .Where(one => !takes(one.Path) || one.Fields[1] == Repository || one.Path.Contains(NoText, StringComparison.Ordinal))
            .Select(one => (one.Path, one.Name, Mode: one.Fields[0][1..], Object: one.Fields[2], IsNew: one.Fields[4] == "A"))
            .ToList();
        if (outside.Count == 0)
        {
            return ([], []);
        }

        var none = new string('0', outside[0].Object.Length);
        byte[] lines =
        [
            .. outside.SelectMany(one => Line($"0 {none}", one.Name)),
            .. outside.Where(one => !one.IsNew).SelectMany(one => Line($"{one.Mode} {one.Object}", one.Name)),
        ];
        await Git.RunAsync(path, ["update-index", "-z", "--index-info"], cancellation, environment, lines);
        List<string> old = [.. outside.Where(one => !one.IsNew && one.Mode != Repository).Select(one => one.Path)];
        await Git.RunAsync(
            path, ["checkout-index", "--force", "-u", "-z", "--stdin"], cancellation, environment,
            Encoding.UTF8.GetBytes(string.Concat(old.Select(file => file + '\0'))));
        return ([.. outside.Select(one => one.Path)], old);

        static byte[] Line(string what, byte[] name) => [.. Encoding.ASCII.GetBytes($"{what}\t"), .. name, 0];
    }

    /// <summary>Fields that end with a zero byte each.</summary>
    private static IEnumerable<byte[]> Fields(byte[] bytes)
    {
        for (var start = 0; start < bytes.Length;)
        {
            var end = Array.IndexOf(bytes, (byte)0, start);
            yield return bytes[start..end];
            start = end + 1;
        }
    }

    /// <summary>Writes a commit of a tree, keeps it under a hidden ref and returns its name: the same facts give the same commit.</summary>
    /// <param name="facts">What it says.</param>
    /// <param name="reference">The hidden ref.</param>
    /// <param name="sign">Makes an armoured signature of its content; null for none.</param>
    /// <param name="cancellation">Ends the work.</param>
    public async Task<string> WriteCommitAsync(
        CommitFacts facts, string reference, Func<byte[], string>? sign, CancellationToken cancellation)
    {
        var date = $"{facts.At.ToUnixTimeSeconds()} +0000";
        var head = new StringBuilder($"tree {facts.Tree}\n");
        foreach (var parent in facts.Parents)
        {
            head.Append("parent ").Append(parent).Append('\n');
        }

        head.Append($"author {facts.Author} {date}\ncommitter {facts.Author} {date}\n");
        var message = $"\n{facts.Message.TrimEnd()}\n";
        var signature = sign?.Invoke(Encoding.UTF8.GetBytes(head + message)) is { } armoured
            ? $"gpgsig {armoured.Replace("\n", "\n ", StringComparison.Ordinal)}\n"
            : "";
        var commit = await Git.RunAsync(
            path, ["hash-object", "-t", "commit", "-w", "--stdin"], cancellation, input: Encoding.UTF8.GetBytes(head + signature + message));
        await Git.RunAsync(path, ["update-ref", $"refs/godwit/{reference}", commit], cancellation);
        return commit;
    }

    /// <summary>Merges two commits without a checkout.</summary>
    /// <returns>The merged tree, and the files in which both sides changed the same place; then the tree has git's marks in them.</returns>
    public async Task<TreeMerge> MergeAsync(string ours, string theirs, CancellationToken cancellation)
    {
        // With renames found, a file that one side adds could follow a folder that the other has moved, out of its task's scope.
        string[] line =
        [
            "-c", "merge.renames=false", "-c", "merge.directoryRenames=false",
            "merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs,
        ];
        var output = await Git.RunBytesAsync(path, line, cancellation, mayDiffer: true);
        var fields = Encoding.UTF8.GetString(output).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        return new TreeMerge(fields[0], fields[1..]);
    }

    /// <summary>The tree of a commit with files of another in it.</summary>
    public async Task<string> TreeWithAsync(string commit, string other, IReadOnlyList<string> files, CancellationToken cancellation)
    {
        var tree = "";
        await WithIndexAsync(null, async index =>
        {
            await Git.RunAsync(path, ["read-tree", commit], cancellation, index);
            var listing = await Git.RunAsync(path, ["ls-tree", "-r", "-z", "--full-tree", other, "--", .. files], cancellation);
            var lines = listing.Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(line => line + '\0');
            await Git.RunAsync(
                path, ["update-index", "-z", "--index-info"], cancellation, index, Encoding.UTF8.GetBytes(string.Concat(lines)));
            tree = await Git.RunAsync(path, ["write-tree"], cancellation, index);
        });
        return tree;
    }

    /// <summary>The message of a commit, and its author's name.</summary>
    public async Task<(string Message, string Author)> MessageAsync(string commit, CancellationToken cancellation)
    {
        var text = await Git.RunAsync(path, ["show", "--no-patch", "--format=%an%n%B", commit], cancellation);
        var lines = text.Split('\n', 2);
        return (lines[1], lines[0]);
    }

    /// <summary>The commits from one (without it) to another, the oldest first.</summary>
    public async Task<IReadOnlyList<string>> CommitsAsync(string from, string to, CancellationToken cancellation) =>
        (await Git.RunAsync(path, ["rev-list", "--reverse", $"{from}..{to}"], cancellation)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The difference between two commits as a patch.</summary>
    public Task<string> DiffAsync(string from, string to, CancellationToken cancellation) =>
        Git.RunAsync(path, ["diff", "--no-ext-diff", "--no-textconv", "--no-color", from, to], cancellation);

    /// <summary>The same, to be shown: at most so many bytes of it, however large it is.</summary>
    /// <param name="from">The commit or tree before.</param>
    /// <param name="to">The commit or tree after.</param>
    /// <param name="most">The most bytes.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The patch, and whether there is more of it.</returns>
    public async Task<(string Patch, bool IsCut)> DiffAsync(string from, string to, int most, CancellationToken cancellation)
    {
        var bytes = await Git.RunBytesAsync(path, ["diff", "--no-ext-diff", "--no-textconv", "--no-color", from, to], cancellation, most: most);
        return (Encoding.UTF8.GetString(bytes, 0, Math.Min(bytes.Length, most)), bytes.Length > most);
    }

    /// <summary>The difference between two commits or trees in some files, as a patch.</summary>
    public Task<string> DiffAsync(string from, string to, IEnumerable<string> files, CancellationToken cancellation) =>
        Git.RunAsync(path, ["diff", "--no-ext-diff", "--no-textconv", "--no-color", from, to, "--", .. files], cancellation);

    /// <summary>The difference between two commits or trees as a patch that shows changed lines alone.</summary>
    public Task<string> DiffLinesAsync(string from, string to, CancellationToken cancellation) =>
        Git.RunAsync(path, ["diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--unified=0", from, to], cancellation);

    /// <summary>How many hidden refs begin with a name.</summary>
    public async Task<int> CountAsync(string reference, CancellationToken cancellation)
    {
        var names = await Git.RunAsync(path, ["for-each-ref", "--format=%(refname)", $"refs/godwit/{reference}"], cancellation);
        return names.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
    }

    /// <summary>The tree of a commit.</summary>
    public Task<string> TreeAsync(string commit, CancellationToken cancellation) =>
        Git.RunAsync(path, ["rev-parse", "--verify", $"{commit}^{{tree}}"], cancellation);

    private async Task<string> ImportAsync(string folder, CancellationToken cancellation)
    {
        var commit = "";
        await WithIndexAsync(null, async index =>
        {
            var environment = new Dictionary<string, string>(index) { ["GIT_WORK_TREE"] = folder };
            await Git.RunAsync(folder, ["add", "--all", "--", "."], cancellation, environment);
            commit = await CommitIndexAsync(index, [], "Import", DateTimeOffset.UnixEpoch, cancellation);
        });
        return commit;
    }

    private async Task<string> CommitIndexAsync(
        Dictionary<string, string> index, IReadOnlyList<string> parents, string message, DateTimeOffset at, CancellationToken cancellation)
    {
        var date = $"@{at.ToUnixTimeSeconds()} +0000";
        var environment =
            new Dictionary<string, string>(index.Concat(Author)) { ["GIT_AUTHOR_DATE"] = date, ["GIT_COMMITTER_DATE"] = date, ["GIT_DIR"] = path };
        environment.Remove("GIT_WORK_TREE");
        var tree = await Git.RunAsync(path, ["write-tree"], cancellation, environment);
        return await Git.RunAsync(
            path, ["commit-tree", tree, .. parents.SelectMany(parent => (string[])["-p", parent])], cancellation, environment,
            Encoding.UTF8.GetBytes(message + "\n"));
    }

    /// <summary>Works with the index of a folder that snapshots are made of, or with one that is thrown away.</summary>
    private async Task WithIndexAsync(string? folder, Func<Dictionary<string, string>, Task> use)
    {
        var index = IndexOf(folder ?? Guid.NewGuid().ToString("N"));
        File.Delete(index + Lock);
        try
        {
            await use(new Dictionary<string, string> { ["GIT_INDEX_FILE"] = index, ["GIT_DIR"] = path });
        }
        finally
        {
            if (folder is null)
            {
                File.Delete(index);
            }
        }
    }

    /// <summary>Forgets what snapshots of a folder have left behind beside their trees.</summary>
    /// <param name="name">Its name among the folders that snapshots are made of.</param>
#pragma warning disable GODWIT001 // A cache: whether it is there changes nothing that a playbook sees.
    public void ForgetFolder(string name) => File.Delete(IndexOf(name));
#pragma warning restore GODWIT001

    private string IndexOf(string name) => System.IO.Path.Combine(path, $"index-{name.Replace('/', '-')}");
}

/// <summary>What a folder was kept as.</summary>
/// <param name="Tree">The tree.</param>
/// <param name="LeftOut">Changed files that weren't taken.</param>
/// <param name="PutBack">Those of them that stand as the parent has them now.</param>
public sealed record TreeSnapshot(string Tree, IReadOnlyList<string> LeftOut, IReadOnlyList<string> PutBack);

/// <summary>What a commit says.</summary>
/// <param name="Tree">The tree.</param>
/// <param name="Parents">The commits below it.</param>
/// <param name="Author">Who made it, as <c>Name &lt;mail&gt;</c>.</param>
/// <param name="At">When.</param>
/// <param name="Message">The message.</param>
public sealed record CommitFacts(string Tree, IReadOnlyList<string> Parents, string Author, DateTimeOffset At, string Message);

/// <summary>What a merge came to.</summary>
/// <param name="Tree">The merged tree.</param>
/// <param name="Conflicts">Files in which both sides changed the same place.</param>
public sealed record TreeMerge(string Tree, IReadOnlyList<string> Conflicts);
