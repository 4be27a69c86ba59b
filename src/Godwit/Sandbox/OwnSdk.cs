namespace Godwit.Sandbox;

/// <summary>
/// The .NET SDK that Godwit itself was built with, where that isn't one of the machine's: commands in sandboxes may use it too.
/// </summary>
public static class OwnSdk
{
    /// <summary>Its folder; null where the machine's own is in its usual place, which sandboxes see anyway.</summary>
    public static string? Folder =>
        Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root
            && !root.StartsWith("/usr/", StringComparison.Ordinal)
            && File.Exists(Path.Combine(root, "dotnet"))
        ? root : null;
}
