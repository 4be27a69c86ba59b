namespace Godwit.Workspaces;

/// <summary>A result for a folder that is no git repository: its files are changed, where nobody else has changed them since.</summary>
public static class PlainFolder
{
    /// <summary>Writes what a commit of the run's clone changes; returns the files.</summary>
    /// <param name="repository">The run's clone.</param>
    /// <param name="baseCommit">The import of the folder.</param>
    /// <param name="commit">The result.</param>
    /// <param name="folder">The user's folder.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="GitException">A file isn't as it was when the run began; nothing was changed.</exception>
    public static async Task<IReadOnlyList<string>> ApplyAsync(
        RunRepository repository, string baseCommit, string commit, string folder, CancellationToken cancellation)
    {
        var changed = await repository.ChangedAsync(baseCommit, commit, cancellation);
        var contents = new Dictionary<string, byte[]?>();
        foreach (var file in changed)
        {
            var path = Path.Combine(folder, file);
            var before = await repository.FileAsync(baseCommit, file, cancellation);
            var now = File.Exists(path) ? await File.ReadAllBytesAsync(path, cancellation) : null;
            contents[file] = await repository.FileAsync(commit, file, cancellation);
            if (now is null != before is null || (now is not null && !now.AsSpan().SequenceEqual(before)))
            {
                throw new GitException(
                    $"{path} isn't as it was when the run began, and nothing was changed; put it back, or take the change from the report");
            }
        }

        foreach (var (file, content) in contents)
        {
            var path = Path.Combine(folder, file);
            if (content is null)
            {
                File.Delete(path);
                continue;
            }

            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, content, cancellation);
        }

        return changed;
    }
}
