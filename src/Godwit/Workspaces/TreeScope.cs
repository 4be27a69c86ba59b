namespace Godwit.Workspaces;

/// <summary>What of a tree its agent may hand over.</summary>
/// <param name="IsOwn">Whether a file, from the tree's top, is one of these.</param>
public sealed record TreeScope(Func<string, bool> IsOwn)
{
    /// <summary>What a tool says that has changed a file which isn't its agent's; null where there is nothing to say.</summary>
    public Func<string, string?> Objection { get; init; } = _ => null;

    /// <summary>
    /// Whether only the agent's own files are taken of its tree: others that the base has are put back after each step, and new ones
    /// stay where they are and are taken by nobody. Default no: all is kept, and whoever takes the work decides.
    /// </summary>
    public bool Harvests { get; init; }

    // What Python, pytest, mypy and ruff leave beside what they run on, in repositories that don't ignore it too.
    private static readonly string[] Caches = ["__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"];

    /// <summary>Whether a file was only left behind by a tool that was run: nobody means to hand it over.</summary>
    public static bool IsCache(string path) => path.Split('/').Any(Caches.Contains);

    /// <summary>Everything.</summary>
    public static TreeScope Whole { get; } = new(_ => true);
}
