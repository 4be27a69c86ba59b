using Godwit.Sandbox;

namespace Godwit.Verification;

/// <summary>What a command said last, which is most often why it failed.</summary>
internal static class LastLine
{
    public static string Of(SandboxResult result)
    {
        var line = Last(result.Error) ?? Last(result.Output) ?? $"exit code {result.ExitCode}, and it printed nothing";
        return line.Length > 300 ? line[..300] : line;
    }

    private static string? Last(string text) => text.Split('\n').Select(line => line.Trim()).LastOrDefault(line => line.Length > 0);
}
