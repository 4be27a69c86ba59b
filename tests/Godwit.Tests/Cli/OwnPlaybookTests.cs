using System.Diagnostics;

namespace Godwit.Tests.Cli;

/// <summary>A kind of run that isn't Godwit's own has every command, view and report.</summary>
public sealed class OwnPlaybookTests : IDisposable
{
    private const int MostLines = 60;

    private readonly Program _godwit = new();

    public void Dispose() => _godwit.Dispose();

    private static string Source => Path.Combine(Repository.Root, "examples", "check-links");

    [Fact]
    public void Example_IsShort() => Assert.InRange(File.ReadLines(Path.Combine(Source, "Program.cs")).Count(), 1, MostLines);

    [Fact]
    public void Run_OwnPlaybook_IsToldShownAndReported()
    {
        var program = Build();
        var goal = _godwit.Folder(
            "docs", ("godwit.yaml", File.ReadAllText(Path.Combine(Source, "godwit.yaml"))),
            ("README.md", "[the guide](guide.md), [elsewhere](https://example.org), [lost](none.md)\n"), ("guide.md", "[back](README.md)\n"));

        var (exit, _, told) = Run(program, "run", goal);
        Assert.True(exit == 0, told);
        Assert.Contains("note     README.md: leads nowhere: none.md\n", told, StringComparison.Ordinal);
        Assert.Contains("done     1 of the links of 2 files lead nowhere\n", told, StringComparison.Ordinal);
        Assert.Contains("result   1 of the links of 2 files lead nowhere\n", Run(program, "show").Output, StringComparison.Ordinal);
        Assert.Contains("completed", Run(program, "list").Output, StringComparison.Ordinal);
        var report = File.ReadAllText(Run(program, "report").Output.Trim());
        Assert.Contains("README.md: leads nowhere: none.md", report, StringComparison.Ordinal);
        Assert.Contains("Every link of our documents leads somewhere", report, StringComparison.Ordinal);
        Assert.Contains("is completed: 1 of the links of 2 files", Run(program, "attach").Error, StringComparison.Ordinal);
        Assert.Contains("\"files\"", Run(program, "schema").Output, StringComparison.Ordinal);
        Assert.Contains("done     1 of the links", Run(program, "resume").Error, StringComparison.Ordinal);

        // A program that doesn't know the kind can look at its runs, and says why it can't take them up.
        Assert.Contains("links", _godwit.Run("show").Output, StringComparison.Ordinal);
        var refused = _godwit.Run("resume");
        Assert.Equal(2, refused.Exit);
        Assert.Contains("'links', which this program can't resume", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_GoalOfAnotherPlaybook_IsRefusedInItsPlace()
    {
        var (exit, _, error) = _godwit.Run("run", _godwit.Example("check-links"));
        Assert.Equal(2, exit);
        Assert.Contains("godwit.yaml:2:11: there is no playbook 'links'; there are optimise, build", error, StringComparison.Ordinal);
    }

    /// <summary>Builds the example as a program of its own; Godwit's projects are built already.</summary>
    private string Build()
    {
        var project = File.ReadAllText(Path.Combine(Source, "CheckLinks.csproj"))
            .Replace("../../src", Path.Combine(Repository.Root, "src"), StringComparison.Ordinal);
        var folder = _godwit.Folder(
            "program", ("Program.cs", File.ReadAllText(Path.Combine(Source, "Program.cs"))), ("CheckLinks.csproj", project));
        var (exit, output, _) = Run("dotnet", "build", folder, "--configuration", "Release");
        Assert.True(exit == 0, output);
        return Path.Combine(folder, "bin", "Release", "net10.0", "CheckLinks");
    }

    private (int Exit, string Output, string Error) Run(string program, params string[] arguments)
    {
        var info = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment["GODWIT_HOME"] = _godwit.Home;
        using var process = Process.Start(info)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
