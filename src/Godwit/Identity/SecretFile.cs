namespace Godwit.Identity;

/// <summary>Files of the user's that hold a secret.</summary>
internal static class SecretFile
{
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>The secret, without what space stands around it.</summary>
    /// <exception cref="FormatException">It isn't there, or others can read it; one line that says how to mend it.</exception>
    public static string Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new FormatException($"there is no key file {path}");
        }

        return (File.GetUnixFileMode(path) & Others) == 0
            ? File.ReadAllText(path).Trim()
            : throw new FormatException($"{path} can be read by others; say 'chmod 600 {path}'");
    }
}
