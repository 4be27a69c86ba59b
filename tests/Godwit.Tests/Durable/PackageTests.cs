using System.Diagnostics;
using System.IO.Compression;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Godwit.Durable;
using Godwit.Durable.Journal;

namespace Godwit.Tests.Durable;

/// <summary>The package as others get it: packed, and used by a program that stands outside of the repository.</summary>
public sealed class PackageTests : IDisposable
{
    private const string Version = "0.0.0-test";

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("godwit-test-");

    public void Dispose() => _root.Delete(recursive: true);

    private static string Example => Path.Combine(Repository.Root, "examples", "ship-order");

    [Fact]
    public void Readme_ShowsTheExampleAsItIs()
    {
        var readme = File.ReadAllText(Path.Combine(Repository.Root, "src", "Godwit.Durable", "README.md"));
        Assert.Contains($"```csharp\n{File.ReadAllText(Path.Combine(Example, "Program.cs"))}```", readme, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pack_ProgramOutsideThatIsKilled_GoesOnWhereItWas()
    {
        Dotnet(
            Repository.Root, "pack", "src/Godwit.Durable", "--configuration", "Release", "--no-build", "--output",
            Path.Combine(_root.FullName, "packages"), $"-p:PackageVersion={Version}");
        RequireContents();

        var program = Directory.CreateDirectory(Path.Combine(_root.FullName, "program")).FullName;
        File.Copy(Path.Combine(Example, "Program.cs"), Path.Combine(program, "Program.cs"));
        var project = await File.ReadAllTextAsync(Path.Combine(Example, "ShipOrder.csproj"));
        Assert.Contains("<ProjectReference", project, StringComparison.Ordinal);
        await File.WriteAllTextAsync(
            Path.Combine(program, "ShipOrder.csproj"),
            Regex.Replace(project, "<ProjectReference [^>]*>", $"<PackageReference Include=\"Godwit.Durable\" Version=\"{Version}\" />"));
        await File.WriteAllTextAsync(
            Path.Combine(program, "nuget.config"),
            "<configuration><packageSources><add key=\"packed\" value=\"../packages\" /></packageSources></configuration>");
        Dotnet(program, "build", "--configuration", "Release", "--output", "out");

        using (var first = Start(program))
        {
            Assert.Equal("printing a label for order 17", await LineAsync(first, "printing"));
            await Eventually.TrueAsync(() => Entries(program).Exists(entry => entry.Kind == EntryKind.TimerSet), "the wait has begun");
            first.Kill();
            await first.WaitForExitAsync();
        }

        using var second = Start(program);
        var output = await second.StandardOutput.ReadToEndAsync();
        await second.WaitForExitAsync();
        Assert.Equal(0, second.ExitCode);
        Assert.DoesNotContain("printing", output, StringComparison.Ordinal);
        Assert.Matches(
            "^label of order 17, picked up by request [0-9a-f]{8}$",
            output.Split('\n').Single(line => line.StartsWith("label", StringComparison.Ordinal)));
        Assert.Equal(2, Entries(program)[^1].Generation);
        Assert.Equal(
            ["label", "pick-up"], Entries(program).Where(entry => entry.Kind == EntryKind.StepCompleted).Select(entry => entry.Key));
    }

    [Fact]
    public void Pack_Tool_InstallsAndStarts()
    {
        Suite.RequireWhole();
        var packages = Path.Combine(_root.FullName, "packages");
        Assert.True(
            File.Exists(Path.Combine(Repository.Root, "artifacts", "web", "dist", "index.html")), "the page is built first: ./godwit serve --help");
        Dotnet(Repository.Root, "pack", "src/Godwit.Cli", "--configuration", "Release", "--output", packages, $"-p:PackageVersion={Version}");
        foreach (var runtime in (string[])["linux-x64", "linux-arm64"])
        {
            Assert.True(File.Exists(Path.Combine(packages, $"Godwit.Cli.{runtime}.{Version}.nupkg")), runtime);
        }

        var tool = Directory.CreateDirectory(Path.Combine(_root.FullName, "tool")).FullName;
        Dotnet(tool, "tool", "install", "Godwit.Cli", "--tool-path", tool, "--add-source", packages, "--version", Version);
        using var started = Process.Start(
            new ProcessStartInfo(Path.Combine(tool, "godwit"), ["--version"]) { RedirectStandardOutput = true })!;
        Assert.StartsWith("godwit ", started.StandardOutput.ReadToEnd(), StringComparison.Ordinal);
        started.WaitForExit();
        Assert.Equal(0, started.ExitCode);
    }

    /// <summary>Docs, symbols, and nothing that an embedder wouldn't expect to get with it.</summary>
    private void RequireContents()
    {
        using var package = ZipFile.OpenRead(Path.Combine(_root.FullName, "packages", $"Godwit.Durable.{Version}.nupkg"));
        string[] expected =
        [
            "README.md", "lib/net10.0/Godwit.Durable.dll", "lib/net10.0/Godwit.Durable.xml",
            "analyzers/dotnet/cs/Godwit.Durable.Analyzers.dll",
        ];
        Assert.Empty(expected.Except(package.Entries.Select(entry => entry.FullName)));
        using var nuspec = package.GetEntry("Godwit.Durable.nuspec")!.Open();
        Assert.Equal(
            [
                "Microsoft.Extensions.Diagnostics.HealthChecks.Abstractions",
                "Microsoft.Extensions.Hosting.Abstractions",
                "SQLitePCLRaw.bundle_e_sqlite3",
            ],
            XDocument.Load(nuspec)
                .Descendants()
                .Where(element => element.Name.LocalName == "dependency")
                .Select(element => element.Attribute("id")!.Value)
                .Order());
        using var symbols = ZipFile.OpenRead(Path.Combine(_root.FullName, "packages", $"Godwit.Durable.{Version}.snupkg"));
        Assert.Contains("lib/net10.0/Godwit.Durable.pdb", symbols.Entries.Select(entry => entry.FullName));
    }

    private static List<Entry> Entries(string program)
    {
        using var reader = JournalReader.Open(new RunFolder(Path.Combine(program, "runs", "order-17")));
        return [.. reader.OfProcess(DurableRun.Root)];
    }

    private static Process Start(string program) =>
        Process.Start(new ProcessStartInfo("dotnet", ["out/ShipOrder.dll"]) { WorkingDirectory = program, RedirectStandardOutput = true })!;

    private static async Task<string> LineAsync(Process process, string beginning)
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(beginning, StringComparison.Ordinal))
            {
                return line;
            }
        }

        throw new InvalidOperationException($"the program ended without a line that begins with '{beginning}'");
    }

    /// <summary>
    /// With a package folder of its own, or a package of an earlier test would be found; what the machine has already isn't fetched
    /// again.
    /// </summary>
    private void Dotnet(string folder, params string[] arguments)
    {
        var info = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true };
        if (folder != Repository.Root)
        {
            var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            info.Environment["RestoreFallbackFolders"] = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
                ?? Path.Combine(home, ".nuget", "packages");
            info.Environment["NUGET_PACKAGES"] = Path.Combine(_root.FullName, "restored");
        }

        using var process = Process.Start(info)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output);
    }
}
