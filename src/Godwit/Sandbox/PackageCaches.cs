namespace Godwit.Sandbox;

/// <summary>The machine's package caches, read-only for sandboxes: what was downloaded once isn't downloaded for every run.</summary>
internal static class PackageCaches
{
    private const string NuGetInside = "/caches/nuget";

    // Below the home, where the tools look for them; of use only where no setup fills the run's own.
    private static readonly string[] InHome = [".cargo/registry", ".cargo/git", ".m2/repository", "go/pkg/mod", ".npm", ".cache/pip"];

    /// <summary>Where NuGet's packages are on this machine.</summary>
    private static string NuGet =>
        Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } path ? path : Path.Combine(Home, ".nuget", "packages");

    private static string Home => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    /// <summary>Host path and path inside.</summary>
    public static IReadOnlyDictionary<string, string> Mounts(bool hasSetup)
    {
        var mounts = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Directory.Exists(NuGet))
        {
            mounts[NuGet] = NuGetInside;
        }

        foreach (var path in hasSetup ? [] : InHome.Select(path => Path.Combine(Home, path)).Where(Directory.Exists))
        {
            mounts[path] = path;
        }

        return mounts;
    }

    /// <summary>Tells NuGet of the machine's packages; its own folder stays the run's.</summary>
    public static IReadOnlyDictionary<string, string> Variables() => Directory.Exists(NuGet)
        ? new Dictionary<string, string> { ["NUGET_FALLBACK_PACKAGES"] = NuGetInside }
        : new Dictionary<string, string>();
}
