using System.Diagnostics;

namespace Godwit.Tests.Cli;

/// <summary>What <c>init</c> writes works as it stands.</summary>
public sealed class InitTests : IDisposable
{
    private readonly Program _godwit = new();

    public void Dispose() => _godwit.Dispose();

    [Theory]
    [InlineData("c", "gcc")]
    [InlineData("cpp", "g++")]
    [InlineData("csharp", "dotnet")]
    [InlineData("go", "go")]
    [InlineData("javascript", "node")]
    [InlineData("python", "python3")]
    [InlineData("rust", "rustc")]
    public void Init_Challenge_AnswersSeedsAndTheSameSeedAlike(string language, string needs)
    {
        Assert.SkipUnless((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, needs))), $"{needs} isn't on this machine");
        var folder = _godwit.Folder("goal", ("src.txt", "x"));
        Assert.Equal(0, _godwit.Run("init", folder, "--challenge", language).Exit);
        var goal = File.ReadAllLines(Path.Combine(folder, "godwit.yaml"));
        string? Of(string key) => goal.Select(line => line.Trim()).FirstOrDefault(line => line.StartsWith($"{key}: ", StringComparison.Ordinal))?[(key.Length + 2)..].Split("    ")[0];
        foreach (var command in (string?[])[Of("setup"), Of("build")])
        {
            if (command is not null)
            {
                Assert.Equal(0, Shell(folder, command, "").Exit);
            }
        }

        var (exit, output) = Shell(folder, Of("challenge")!, "7\n8\n7\n");
        Assert.Equal(0, exit);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("READY", lines[0]);
        Assert.Equal(4, lines.Length);
        Assert.StartsWith("ANSWER ", lines[1], StringComparison.Ordinal);
        Assert.Equal(lines[1], lines[3]);
        Assert.NotEqual(lines[1], lines[2]);

        // A tool chain in the user's home has to be let in first, and validate says how.
        var (valid, words, error) = _godwit.Run("validate", folder);
        Assert.Contains(valid == 0 ? "challenge: Godwit times fresh seeds" : "sandbox", words + error, StringComparison.Ordinal);
    }

    private static (int Exit, string Output) Shell(string folder, string command, string input)
    {
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", command]) { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true })!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
