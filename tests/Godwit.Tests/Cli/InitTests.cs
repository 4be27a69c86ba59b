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
        // A name on the PATH may be a stand-in that has no tool chain behind it, such as rustup's in a new home.
        Assert.SkipUnless(
            Shell("/", $"{needs} {(needs == "go" ? "version" : "--version")} 2>&1", "").Exit == 0,
            $"{needs} doesn't start on this machine");
        var folder = _godwit.Folder("goal", ("src.txt", "x"));
        Assert.Equal(0, _godwit.Run("init", folder, "--challenge", language).Exit);
        var goal = File.ReadAllLines(Path.Combine(folder, "godwit.yaml"));
        string? Of(string key) =>
            goal.Select(line => line.Trim()).FirstOrDefault(
                line => line.StartsWith($"{key}: ", StringComparison.Ordinal))?[(key.Length + 2)..]
                .Split("    ")[0];
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

    [Theory]
    [InlineData("package.json", "run: npm test")]
    [InlineData("Cargo.toml", "run: cargo test --release --offline")]
    [InlineData("nothing", "run: ./check")]
    public void Init_Build_IsAGoalThatGodwitReads(string file, string check)
    {
        var folder = _godwit.Folder("goal", (file, "{}"));
        _godwit.Folder("goal/tests", ("one", "1"));
        Assert.Equal(0, _godwit.Run("init", folder, "--build").Exit);
        var goal = File.ReadAllText(Path.Combine(folder, "godwit.yaml"));
        Assert.Contains(check, goal, StringComparison.Ordinal);
        Assert.Contains("\ntests: [tests]", goal, StringComparison.Ordinal);
        var (exit, output, error) = _godwit.Run("validate", folder);
        Assert.True(exit == 0, error);
        Assert.Contains("accepted by 1 assertion", output, StringComparison.Ordinal);
        Assert.Equal(2, _godwit.Run("init", folder, "--build").Exit);

        // Who could change what accepts the work is told before anything is run.
        File.WriteAllText(Path.Combine(folder, "godwit.yaml"), goal.Replace("protected: [accept]", "protected: [other]", StringComparison.Ordinal));
        var (open, _, told) = _godwit.Run("validate", folder);
        Assert.Equal(2, open);
        Assert.Contains("A1 runs accept/first, which tasks may change", told, StringComparison.Ordinal);
    }

    /// <summary>
    /// A model server on this machine is found by its list of models, and what is written for it is a catalogue in which it plays
    /// the worker.
    /// </summary>
    [Fact]
    public async Task LocalModels_ServerThatListsModels_IsFoundAndPlaysTheWorker()
    {
        using var listener = new System.Net.HttpListener();
        var port = System.Security.Cryptography.RandomNumberGenerator.GetInt32(20_000, 60_000);
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        listener.Start();
        var serving = Task.Run(async () =>
        {
            var context = await listener.GetContextAsync();
            context.Response.OutputStream.Write("""{"object":"list","data":[{"id":"qwen3:8b"}]}"""u8);
            context.Response.Close();
        });
        var found = await Godwit.Cli.Commands.LocalModels.FindAsync(
            [("none", "http://127.0.0.1:1/v1"), ("Ollama", $"http://127.0.0.1:{port}/v1")], CancellationToken.None);
        await serving;
        Assert.Equal("qwen3:8b", Assert.Single(found).Model);
        var file = Path.Combine(_godwit.Folder("models"), "models.yaml");
        File.WriteAllText(file, Godwit.Cli.Commands.LocalModels.Yaml(found[0]));
        Assert.Equal("qwen3:8b", Godwit.Models.ModelCatalogue.Load([file]).ForRole("worker")[0].Id);
    }

    private static (int Exit, string Output) Shell(string folder, string command, string input)
    {
        using var process = Process.Start(
            new ProcessStartInfo("sh", ["-c", command])
            {
                WorkingDirectory = folder,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
