using Godwit.Workspaces;

namespace Godwit.Tools;

/// <summary>
/// Paths that a model names, kept inside its tree. Links are never followed: a command could have made one that leads out.
/// </summary>
internal static class TreePath
{
    /// <summary>The place of a path in a tree.</summary>
    /// <exception cref="ToolException">It leads out of the tree.</exception>
    public static string Resolve(AgentTree tree, string path)
    {
        var local = Local(path);
        var place = tree.Path;
        foreach (var name in local.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            place = Path.Combine(place, name);
            if (FileSystem.Facts(place) is { IsDirectory: false, IsRegular: false })
            {
                throw new ToolException(
                    $"{path} goes through a link or a special file; only plain files and folders of the tree can be used");
            }
        }

        return place;
    }

    /// <summary>Whether a file lies, below the folder that is asked for, among what builds and package managers leave.</summary>
    public static bool IsBuilt(string folder, string place) =>
        Path.GetRelativePath(folder, place).Split('/').Any(name => name is "bin" or "obj" or "node_modules" or ".git");

    /// <summary>Whether a path is another, or lies below it; the empty one is the tree's top.</summary>
    public static bool IsBelow(string path, string folder) =>
        folder.Length == 0 || path == folder || path.StartsWith(folder + "/", StringComparison.Ordinal);

    /// <summary>A path from the top of the tree, without dots; <c>/ws</c> is where commands see the tree.</summary>
    public static string Local(string path)
    {
        var rest = path == "/ws" ? "" : path.StartsWith("/ws/", StringComparison.Ordinal) ? path[4..] : path;
        var names = rest.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(name => name != ".").ToList();
        return rest.StartsWith('/') || names.Contains("..") || path.Contains('\0', StringComparison.Ordinal)
            ? throw new ToolException($"{path} lies outside of the tree; name it from the tree's top, such as src/Program.cs")
            : string.Join('/', names);
    }
}
