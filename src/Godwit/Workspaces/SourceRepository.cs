namespace Godwit.Workspaces;

/// <summary>The user's side: a folder in a git checkout, or a plain folder. It is only ever read, save for one new branch.</summary>
/// <param name="Root">The top of the checkout, or the folder itself.</param>
/// <param name="Folder">The goal's folder below the root; empty for the root.</param>
/// <param name="IsGit">Whether the root is a git checkout with a commit.</param>
public sealed record SourceRepository(string Root, string Folder, bool IsGit)
{
    /// <summary>Finds what a folder belongs to.</summary>
    public static async Task<SourceRepository> FindAsync(string folder, CancellationToken cancellation)
    {
        folder = Path.GetFullPath(folder).TrimEnd('/');
        try
        {
            var root = await Git.RunAsync(folder, ["rev-parse", "--show-toplevel"], cancellation);
            await Git.RunAsync(folder, ["rev-parse", "--verify", "HEAD^{commit}"], cancellation);
            var real = await Git.RunAsync(folder, ["rev-parse", "--show-prefix"], cancellation);

            // A folder that git ignores or doesn't know is no part of the repository around it.
            var known = await Git.RunAsync(folder, ["ls-tree", "--name-only", "HEAD", "--", "."], cancellation);
            return known.Length > 0 || real.Length == 0 ? new SourceRepository(root, real.TrimEnd('/'), true) : new SourceRepository(folder, "", false);
        }
        catch (GitException)
        {
            return new SourceRepository(folder, "", false);
        }
    }

    /// <summary>The version of git on this machine; null where it can't be told.</summary>
    public static async Task<Version?> GitVersionAsync(CancellationToken cancellation) =>
        VersionIn(await Git.RunAsync("/", ["--version"], cancellation));

    /// <summary>The version in what git says of itself, such as <c>git version 2.39.5</c>.</summary>
    internal static Version? VersionIn(string words) =>
        Version.TryParse(string.Join('.', words.Split(' ').Skip(2).FirstOrDefault("").Split('.').Take(2)), out var version) ? version : null;

    /// <summary>Files of the goal's folder that differ from the last commit; a run starts from the commit and doesn't see them.</summary>
    public async Task<IReadOnlyList<string>> UncommittedAsync(CancellationToken cancellation)
    {
        if (!IsGit)
        {
            return [];
        }

        var status = await Git.AskAsUserAsync(
            Path.Combine(Root, Folder), ["status", "--porcelain", "--untracked-files=normal", "--", "."], cancellation);
        return [.. status.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[3..])];
    }

    /// <summary>Files and folders that git ignores below the goal's folder, from there: a run doesn't see them.</summary>
    public async Task<IReadOnlyList<string>> IgnoredAsync(CancellationToken cancellation)
    {
        if (!IsGit)
        {
            return [];
        }

        var listing = await Git.AskAsUserAsync(
            Path.Combine(Root, Folder), ["ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z"], cancellation);
        return [.. listing.Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(path => path.TrimEnd('/'))];
    }

    /// <summary>Links of the last commit below the goal's folder that lead out of the repository, with where they lead to.</summary>
    public async Task<IReadOnlyList<(string Path, string Target)>> LinksOutAsync(CancellationToken cancellation)
    {
        var found = new List<(string, string)>();
        if (!IsGit)
        {
            return found;
        }

        var listing = await Git.RunAsync(
            Root, ["ls-tree", "-r", "-z", "--full-tree", "HEAD", "--", Folder.Length == 0 ? "." : Folder], cancellation);
        foreach (var path in listing.Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line.StartsWith("120000", StringComparison.Ordinal))
            .Select(line => line.Split('\t', 2)[1]))
        {
            try
            {
                await GitLinks.ResolveAsync(Root, "HEAD", path, cancellation);
            }
            catch (FormatException)
            {
                found.Add(
                    (path, System.Text.Encoding.UTF8.GetString(await Git.RunBytesAsync(Root, ["cat-file", "blob", $"HEAD:{path}"], cancellation))));
            }
        }

        return found;
    }

    /// <summary>The commit that a name stands for.</summary>
    /// <exception cref="GitException">There is none.</exception>
    public async Task<string> CommitAsync(string name, CancellationToken cancellation)
    {
        try
        {
            return await Git.RunAsync(Root, ["rev-parse", "--verify", "--end-of-options", $"{name}^{{commit}}"], cancellation);
        }
        catch (GitException error)
        {
            throw new GitException($"{Root} has no commit '{name}' ({error.Message})");
        }
    }

    /// <summary>The commit at which two began to differ: the change of one is what it has done since.</summary>
    /// <exception cref="GitException">There is none.</exception>
    public async Task<string> MergeBaseAsync(string one, string other, CancellationToken cancellation)
    {
        var (first, second) = (await CommitAsync(one, cancellation), await CommitAsync(other, cancellation));
        try
        {
            return await Git.RunAsync(Root, ["merge-base", first, second], cancellation);
        }
        catch (GitException)
        {
            throw new GitException($"{one} and {other} have no commit in common; with a shallow clone, 'git fetch --unshallow' first");
        }
    }

    /// <summary>The files that git knows or would add, from the top of the repository: all but what it ignores.</summary>
    public async Task<IReadOnlyList<string>> FilesAsync(CancellationToken cancellation)
    {
        var listing = await Git.AskAsUserAsync(Root, ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], cancellation);
        return [.. listing.Split('\0', StringSplitOptions.RemoveEmptyEntries).Distinct()];
    }

    /// <summary>The text of a file in a commit; null where the commit has none.</summary>
    /// <exception cref="GitException">There is no such commit.</exception>
    public async Task<string?> TextAsync(string commit, string file, CancellationToken cancellation)
    {
        commit = await CommitAsync(commit, cancellation);
        var known = await Git.RunAsync(Root, ["ls-tree", "--name-only", "--full-tree", commit, "--", file], cancellation);
        return known.Length == 0
            ? null
            : System.Text.Encoding.UTF8.GetString(await Git.RunBytesAsync(Root, ["cat-file", "blob", $"{commit}:{file}"], cancellation));
    }

    /// <summary>The branch that is checked out; null for none.</summary>
    public async Task<string?> HeadBranchAsync(CancellationToken cancellation)
    {
        try
        {
            return IsGit ? await Git.RunAsync(Root, ["symbolic-ref", "--quiet", "--short", "HEAD"], cancellation) : null;
        }
        catch (GitException)
        {
            return null;
        }
    }

    /// <summary>What a branch points to, or null.</summary>
    public async Task<string?> BranchAsync(string branch, CancellationToken cancellation)
    {
        try
        {
            return await Git.RunAsync(Root, ["rev-parse", "--verify", "--quiet", $"refs/heads/{branch}"], cancellation);
        }
        catch (GitException)
        {
            return null;
        }
    }

    /// <summary>Takes a commit out of a run's clone as a new branch. Nothing that exists is touched, no hook runs.</summary>
    /// <exception cref="GitException">A branch of that name points elsewhere.</exception>
    public async Task TakeBranchAsync(string clone, string commit, string branch, CancellationToken cancellation)
    {
        if (await BranchAsync(branch, cancellation) is { } existing)
        {
            if (existing != commit)
            {
                throw new GitException(
                    $"branch {branch} of {Root} exists and points to {existing[..12]}; rename it, then resolve with --retry");
            }

            return;
        }

        // The whole object graph first, then the name: a branch never points to something that isn't there.
        await Git.RunAsync(
            Root,
            ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--recurse-submodules=no", clone, commit],
            cancellation);
        await Git.RunAsync(Root, ["update-ref", $"refs/heads/{branch}", commit, new string('0', commit.Length)], cancellation);
    }
}
