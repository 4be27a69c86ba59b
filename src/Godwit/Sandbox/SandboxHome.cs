namespace Godwit.Sandbox;

/// <summary>The folder that stands where the user's home is.</summary>
internal static class SandboxHome
{
    /// <summary>Makes it. What is bound below a home needs a place to be bound on, and the home may be read-only by then.</summary>
    /// <param name="home">The folder.</param>
    /// <param name="bound">Paths that will be bound; those outside of the user's home need nothing.</param>
    public static void Make(string home, IEnumerable<string> bound)
    {
        Directory.CreateDirectory(home);
        var user = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        foreach (var path in bound.Where(path => path.StartsWith(user + "/", StringComparison.Ordinal)))
        {
            var place = Path.Combine(home, path[(user.Length + 1)..]);
            if (File.Exists(path))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(place)!);
                File.WriteAllText(place, "");
            }
            else
            {
                Directory.CreateDirectory(place);
            }
        }
    }
}
