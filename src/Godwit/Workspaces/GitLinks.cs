namespace Godwit.Workspaces;

/// <summary>Follows symbolic links within a commit.</summary>
public static class GitLinks
{
    private const string Link = "120000";
    private const int MostLinks = 40;

    /// <summary>The path that a path leads to when every link in it is followed; it need not exist.</summary>
    /// <param name="repository">A folder of the repository.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="path">From the top of the repository.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="FormatException">A link leaves the repository, or links go round in a circle.</exception>
    public static async Task<string> ResolveAsync(string repository, string commit, string path, CancellationToken cancellation)
    {
        var resolved = path;
        for (var links = 0; links <= MostLinks; links++)
        {
            if (await FirstLinkAsync(repository, commit, resolved, cancellation) is not var (at, target))
            {
                return resolved;
            }

            if (target.StartsWith('/') || Normal(Path.GetDirectoryName(at) ?? "", target + resolved[at.Length..]) is not { } next)
            {
                throw new FormatException($"{at} is a link to {target}, which is outside of the repository");
            }

            resolved = next;
        }

        throw new FormatException($"{path} is a link that leads round in a circle");
    }

    private static async Task<(string At, string Target)?> FirstLinkAsync(
        string repository, string commit, string path, CancellationToken cancellation)
    {
        var parts = path.Split('/');
        var ancestors = Enumerable.Range(1, parts.Length).Select(count => string.Join('/', parts[..count])).ToList();
        var listing = await Git.RunAsync(repository, ["ls-tree", "-z", "--full-tree", commit, "--", .. ancestors], cancellation);
        var link = listing.Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line.StartsWith(Link, StringComparison.Ordinal))
            .Select(line => line.Split('\t', 2)[1])
            .Where(ancestors.Contains).OrderBy(name => name.Length).FirstOrDefault();
        return link is null
            ? null
            : (link, System.Text.Encoding.UTF8.GetString(await Git.RunBytesAsync(repository, ["cat-file", "blob", $"{commit}:{link}"], cancellation)));
    }

    /// <summary>A path without dots; null where it goes above the top.</summary>
    private static string? Normal(string folder, string path)
    {
        var parts = new List<string>();
        foreach (var part in $"{folder}/{path}".Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != "."))
        {
            if (part != "..")
            {
                parts.Add(part);
            }
            else if (parts.Count == 0)
            {
                return null;
            }
            else
            {
                parts.RemoveAt(parts.Count - 1);
            }
        }

        return string.Join('/', parts);
    }
}
