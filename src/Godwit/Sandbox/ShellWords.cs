namespace Godwit.Sandbox;

/// <summary>Writes words for <c>/bin/sh</c>.</summary>
internal static class ShellWords
{
    /// <summary>A word that the shell takes as it is.</summary>
    public static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>A command line of words that the shell takes as they are.</summary>
    public static string Line(IEnumerable<string> words) => string.Join(' ', words.Select(Quote));
}
