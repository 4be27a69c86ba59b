namespace Godwit.Sandbox;

/// <summary>Finds what a sandbox has to see so that a program of this machine's PATH runs in it.</summary>
public static class ProgramFinder
{
    /// <summary>The program's file; null where there is none.</summary>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>
    /// The folders beside the system's own that hold the program, what it links to, and the Node.js that npm's programs need.
    /// </summary>
    public static IReadOnlyList<string> FoldersOf(string name) =>
        [
            .. ((string[])[name, "node"]).Select(Find)
                .OfType<string>()
                .SelectMany(file => (string[])[file, Real(file)])
                .Select(FolderOf)
                .Where(folder => !folder.StartsWith("/usr/", StringComparison.Ordinal) && folder is not ("/usr" or "/bin" or "/sbin"))
                .Distinct(),
        ];

    private static string Real(string file) => File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file;

    /// <summary>A package of npm lies among those that it needs.</summary>
    private static string FolderOf(string file)
    {
        var modules = file.IndexOf("/node_modules/", StringComparison.Ordinal);
        return modules < 0 ? Path.GetDirectoryName(file)! : file[..(modules + "/node_modules".Length)];
    }
}
