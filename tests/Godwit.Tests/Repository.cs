namespace Godwit.Tests;

/// <summary>The checkout that the tests belong to.</summary>
internal static class Repository
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string folder) =>
        File.Exists(Path.Combine(folder, "Godwit.slnx")) ? folder : Find(Path.GetDirectoryName(folder)!);
}
