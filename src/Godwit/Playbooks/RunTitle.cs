namespace Godwit.Playbooks;

/// <summary>What a run is called: a goal of several sentences is called by its first.</summary>
internal static class RunTitle
{
    private const int Longest = 100;

    /// <summary>The first sentence of a long goal, and what is left of it; the whole of a short one.</summary>
    public static (string First, string Further) Split(string goal)
    {
        var end = goal.Length > Longest ? goal.IndexOf(". ", StringComparison.Ordinal) + 1 : 0;
        return end > 0 ? (goal[..end], goal[end..].Trim()) : (goal, "");
    }

    /// <summary>The first sentence on one line, cut where it is long.</summary>
    public static string Brief(string goal)
    {
        var line = Split(goal).First.ReplaceLineEndings(" ");
        return line.Length > Longest ? line[..(Longest - 1)] + "…" : line;
    }
}
