using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Godwit.Tests.Cli;

/// <summary>
/// Each example with few candidates, and time enough for a machine that is busy with other things: its trap is refused, and wins
/// where nobody checks.
/// </summary>
public sealed class ExampleTests : IDisposable
{
    private readonly Program _godwit = new();

    public void Dispose() => _godwit.Dispose();

    private static JsonElement ThrownOut(JsonElement result, string word) =>
        result.GetProperty("thrown_out").EnumerateArray()
            .First(trial => trial.GetProperty("reason").GetString()!.Contains(word, StringComparison.Ordinal));

    [Theory]
    [InlineData("sqlite-settings", "synchronous is off", 1)]
    [InlineData("zstd-dictionary", "the held-out files are not here", 2)]
    [InlineData("compiler-flags", "-ffast-math", 2)]
    public void Run_Trap_IsRefused(string example, string reason, int trials)
    {
        // CI runs this one whole, before the tests.
        Suite.RequireWhole(but: example != "sqlite-settings");
        var result = _godwit.RunJson("run", _godwit.Example(example), "--trials", $"{trials}", "--time", "30m");
        ThrownOut(result, reason);
        Assert.Equal("failed", result.GetProperty("state").GetString());
        Assert.Contains("were thrown out", result.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sqlite-settings", "{journal_mode: wal, synchronous: \"off\"}", true)]
    [InlineData("zstd-dictionary", "{charge_dictionary: false}", false)]
    [InlineData("compiler-flags", "{LEVEL: -O3, NATIVE: true, FAST_MATH: true}", false)]
    public void Run_TrapWithoutItsCheck_WinsUnlessTheMeasurementItselfSeesIt(string example, string trap, bool wins)
    {
        Suite.RequireWhole(but: example == "zstd-dictionary");
        var folder = _godwit.Example(example, goal => string.Join('\n', goal.Split('\n')
            .Where(
                line => !line.StartsWith("check:", StringComparison.Ordinal)
                    && !line.Contains("durable_commits == orders", StringComparison.Ordinal))
            .Where(line => !line.TrimStart().StartsWith("- {", StringComparison.Ordinal))
            .Select(line => line.TrimStart() == "try:" ? $"  try: [{trap}]" : line)));
        var result = _godwit.RunJson("run", folder, "--trials", "1", "--time", "30m");
        Assert.True(result.GetProperty("state").GetString() == "verified" == wins, result.ToString());
        Assert.True(!wins || result.GetProperty("claim").GetProperty("lower").GetDouble() > 2, result.ToString());
    }

    /// <summary>From a clone of its own: the recorded replies name files from the repository's top, and the run makes a branch.</summary>
    [Fact]
    public void Run_RecordedAgents_EndVerifiedByTheirEdits()
    {
        Suite.RequireWhole();
        var clone = Clone();
        var result = _godwit.RunJson("run", Path.Combine(clone, "examples", "matching-engine"), "--cassette");
        Assert.True(result.GetProperty("state").GetString() == "verified", result.ToString());
        Assert.True(result.GetProperty("claim").GetProperty("lower").GetDouble() > 5, result.ToString());
        Assert.Contains(
            "challenge: Godwit times fresh seeds", _godwit.Run("verify", result.GetProperty("evidence").GetString()!).Output,
            StringComparison.Ordinal);
        ThrownOut(result, "matching.csproj, which the goal doesn't allow");
        ThrownOut(result, "round 2: command");
    }

    /// <summary>A recorded fleet plays to the same tree, killed five times in between too, and nothing that was merged is merged again.</summary>
    [Fact]
    public async Task Run_RecordedFleet_KilledFiveTimes_EndsVerifiedWithTheSameTree()
    {
        Suite.RequireWhole();
        var clone = Clone();
        var goal = Path.Combine(clone, "examples", "build-notes");
        var whole = _godwit.RunJson("run", goal, "--cassette");
        Assert.True(whole.GetProperty("state").GetString() == "verified", whole.ToString());
        var known = Directory.GetDirectories(Path.Combine(_godwit.Home, "runs")).ToHashSet();
        var random = new Random(5);
        string? id = null;
        for (var kill = 0; kill < 5; kill++)
        {
            using var process = id is null ? _godwit.Start("run", goal, "--cassette") : _godwit.Start("resume", id);
            await Task.Delay(TimeSpan.FromSeconds(4 + random.NextDouble() * 8), TimeProvider.System);
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            id = Path.GetFileName(Directory.GetDirectories(Path.Combine(_godwit.Home, "runs")).Except(known).Single());
        }

        var killed = _godwit.RunJson("resume", id!);
        Assert.True(killed.GetProperty("state").GetString() == "verified", killed.ToString());
        Assert.Equal(Trees(whole), Trees(killed));

        string Trees(JsonElement run) => Git(clone, "log", "--format=%T %s", $"HEAD..{run.GetProperty("branch").GetString()}");
    }

    /// <summary>What was built once goes on: a hand edit, two more requests, and all that was promised holds at the end.</summary>
    [Fact]
    public async Task Run_ThreeRoundsOfAFleet_KeepWhatWasPromisedAndTheHandEdit()
    {
        Suite.RequireWhole();
        var (output, error) = await RunScriptAsync("build-notes-rounds", Path.Combine(_godwit.Folder("rounds"), "clone"));
        Assert.Contains("verified 7 of 7 assertions", error, StringComparison.Ordinal);
        Assert.Contains("verified 10 of 10 assertions", error, StringComparison.Ordinal);
        Assert.Contains("verified 13 of 13 assertions", error, StringComparison.Ordinal);
        Assert.Contains("the hand edit is still there", output, StringComparison.Ordinal);
    }

    /// <summary>Two hundred documents read by three hundred agents: what was miscounted or forgotten is found, and mended, on the way.</summary>
    [Fact]
    public async Task Run_SurveyOfTwoHundredDocuments_NamesAPlaceForEachClaimAndMissesNone()
    {
        Suite.RequireWhole();
        var (_, error) = await RunScriptAsync("survey", Path.GetDirectoryName(_godwit.Home)!);
        Assert.Contains("verified 3 of 3 assertions", error, StringComparison.Ordinal);
        var log = _godwit.Run("log", "last").Output;
        Assert.Contains("doesn't say 'throw new", log, StringComparison.Ordinal);
        Assert.Contains("confirmed\": true", log, StringComparison.Ordinal);
        var agents = log.Split('\n').Where(line => line.Contains(" ends ", StringComparison.Ordinal)).Select(line => line.Split(' ')[1]).Distinct();
        Assert.InRange(agents.Count(), 300, 400);
    }

    /// <summary>
    /// The command that is timed says what tree it sees; the branch, checked out by git, is that tree, and holds the values that
    /// the report names.
    /// </summary>
    [Theory]
    [InlineData("sqlite-settings", "settings.json", "command: dotnet bench/bin/Release/net10.0/bench.dll measure --seed")]
    [InlineData("zstd-dictionary", "settings.json", "command: cp out/dictionary \"$GODWIT_OUT\"\n  score: ./score eval")]
    [InlineData("compiler-flags", "flags.env", "challenge: ./kernel challenge 128")]
    [InlineData("matching-engine", null, "challenge: dotnet bin/Release/net10.0/matching.dll challenge  ")]
    [InlineData("search-server", "settings.json", "serve: dotnet")]
    public void Run_Example_DeliversTheTreeThatWasConfirmed(string example, string? settings, string measured)
    {
        Suite.RequireWhole();
        var clone = Clone();
        var folder = Path.Combine(clone, "examples", example);
        var files = Git(folder, "ls-files").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(file => !file.Contains("heldout", StringComparison.Ordinal) && file != "cassette.jsonl");
        File.WriteAllLines(Path.Combine(folder, "tracked"), files);
        File.WriteAllText(
            Path.Combine(folder, "look"),
            "while IFS= read -r f; do [ -x \"$f\" ] && m=x || m=-; echo \"$m $f $(sha256sum < \"$f\")\"; done < tracked | " +
            "sha256sum | sed 's/^/TREE /'\n");
        var goal = Path.Combine(folder, "godwit.yaml");
        var text = File.ReadAllText(goal);
        Assert.Contains(measured, text, StringComparison.Ordinal);
        File.WriteAllText(goal, text.Replace(measured, measured.Replace(": ", ": sh look >&2 && ", StringComparison.Ordinal)
            .Replace("score: sh look >&2 && ", "score: ", StringComparison.Ordinal), StringComparison.Ordinal));
        Git(clone, "add", "--all");
        Git(clone, "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "--quiet", "--message", "look");

        var result = settings is null ? _godwit.RunJson("run", folder, "--cassette") : _godwit.RunJson("run", folder);
        Assert.True(result.GetProperty("state").GetString() == "verified", result.ToString());

        var delivered = Path.Combine(Path.GetDirectoryName(clone)!, "delivered");
        Git(clone, "clone", "--quiet", "--branch", result.GetProperty("branch").GetString()!, clone, delivered);
        delivered = Path.Combine(delivered, "examples", example);
        var finalist = Regex.Matches(
            _godwit.Run("log", "last").Output, @"^\S+ finalist .*\n(?: {4}.*\n)*? {4}(TREE [0-9a-f]{64})", RegexOptions.Multiline);
        Assert.Equal(finalist[^1].Groups[1].Value, Sh(delivered, "sh look").Split("  ")[0].Trim());

        // What the commit says of each parameter, and what a reader that isn't Godwit's finds in the file.
        var said = Regex.Matches(Git(delivered, "log", "-1", "--format=%B"), @"^(\w+): .* -> (\S+)$", RegexOptions.Multiline);
        Assert.Equal(settings is not null, said.Count > 0);
        Assert.All(said, value => Assert.Equal(value.Groups[2].Value, Read(delivered, settings!, value.Groups[1].Value)));
    }

    private static string Read(string folder, string settings, string name) => settings.EndsWith(".json", StringComparison.Ordinal)
        ? JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, settings))).RootElement.GetProperty(name).ToString().ToLowerInvariant()
        : Sh(folder, $". ./{settings} && printf %s \"${name}\"");

    private string Clone()
    {
        var clone = Path.Combine(_godwit.Folder("clone"), "repository");
        Git(Repository.Root, "clone", "--quiet", Repository.Root, clone);
        return clone;
    }

    private static string Git(string folder, params string[] arguments) => Output("git", folder, arguments);

    private static string Sh(string folder, string line) => Output("sh", folder, "-c", line);

    private static string Output(string program, string folder, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }

    [Theory]
    [InlineData("sqlite-settings")]
    [InlineData("zstd-dictionary")]
    [InlineData("compiler-flags")]
    [InlineData("matching-engine")]
    [InlineData("search-server")]
    public void Validate_Example_IsFine(string example) =>
        Assert.Equal(0, _godwit.Run("validate", Path.Combine(Repository.Root, "examples", example)).Exit);

    private async Task<(string Output, string Error)> RunScriptAsync(string example, string folder)
    {
        var info = new System.Diagnostics.ProcessStartInfo(Path.Combine(Repository.Root, "examples", example, "run"), [folder])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["GODWIT_HOME"] = _godwit.Home;
        using var script = System.Diagnostics.Process.Start(info)!;
        var said = script.StandardError.ReadToEndAsync();
        var output = await script.StandardOutput.ReadToEndAsync();
        var error = await said;
        await script.WaitForExitAsync();
        Assert.True(script.ExitCode == 0, $"{output}\n{error}");
        return (output, error);
    }
}
