namespace Godwit.Tools;

/// <summary>What a call touches in its tree, for whether another may run beside it.</summary>
/// <param name="Paths">Files and folders, from the tree's top.</param>
/// <param name="Changes">Whether it changes them.</param>
public sealed record ToolAccess(IReadOnlyList<string> Paths, bool Changes)
{
    /// <summary>The access of a call; null where it may touch anything, or can't be carried out.</summary>
    public static ToolAccess? Of(ITool? tool, string arguments)
    {
        try
        {
            return tool?.EffectsOf(ToolArguments.Parse(arguments)) is { Command: null } effects
                ? new ToolAccess([.. effects.Paths.Select(TreePath.Local)], !tool.OnlyReads)
                : null;
        }
        catch (ToolException)
        {
            return null;
        }
    }

    /// <summary>Whether one changes what the other touches; a folder is all that lies below it.</summary>
    public bool Meets(ToolAccess other) =>
        (Changes || other.Changes) && Paths.Any(path => other.Paths.Any(theirs => Overlap(path, theirs)));

    private static bool Overlap(string left, string right) => TreePath.IsBelow(left, right) || TreePath.IsBelow(right, left);
}
