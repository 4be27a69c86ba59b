namespace Godwit.Durable.Journal;

/// <summary>Files that another process may be reading: it sees the old content or the new, and never a part.</summary>
internal static class WholeFile
{
    /// <summary>Replaces a file, or makes it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">What it holds from now on.</param>
    /// <param name="mode">Who may do what with it; null for what the user's mask says.</param>
    public static void Replace(string path, byte[] content, UnixFileMode? mode = null)
    {
        var temporary = $"{path}.{Environment.ProcessId}";
        File.WriteAllBytes(temporary, content);
        if (mode is { } given && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(temporary, given);
        }

        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Replaces a cache: where it can't be written, what it holds is worked out again.</summary>
    public static void ReplaceCache(string path, byte[] content)
    {
        try
        {
            Replace(path, content);
        }
        catch (Exception readOnly) when (readOnly is IOException or UnauthorizedAccessException)
        {
        }
    }
}
