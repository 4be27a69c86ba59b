using System.Text.Json;

namespace Godwit.Tests.Cli;

/// <summary>Each example with few candidates, and time enough for a machine that is busy with other things: its trap is refused, and wins where nobody checks.</summary>
public sealed class ExampleTests : IDisposable
{
    private readonly Program _godwit = new();

    public void Dispose() => _godwit.Dispose();

    private static JsonElement ThrownOut(JsonElement result, string word) =>
        result.GetProperty("thrown_out").EnumerateArray().First(trial => trial.GetProperty("reason").GetString()!.Contains(word, StringComparison.Ordinal));

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
        Suite.RequireWhole(but: example != "sqlite-settings");
        var folder = _godwit.Example(example, goal => string.Join('\n', goal.Split('\n')
            .Where(line => !line.StartsWith("check:", StringComparison.Ordinal) && !line.Contains("durable_commits == orders", StringComparison.Ordinal))
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
        var clone = Path.Combine(_godwit.Folder("clone"), "repository");
        using (var git = System.Diagnostics.Process.Start("git", ["clone", "--quiet", Repository.Root, clone]))
        {
            git.WaitForExit();
        }

        var result = _godwit.RunJson("run", Path.Combine(clone, "examples", "matching-engine"), "--cassette");
        Assert.True(result.GetProperty("state").GetString() == "verified", result.ToString());
        Assert.True(result.GetProperty("claim").GetProperty("lower").GetDouble() > 5, result.ToString());
        Assert.Contains("challenge: Godwit times fresh seeds", _godwit.Run("verify", result.GetProperty("evidence").GetString()!).Output, StringComparison.Ordinal);
        ThrownOut(result, "matching.csproj, which the goal doesn't allow");
        ThrownOut(result, "round 2: command");
    }

    [Theory]
    [InlineData("sqlite-settings")]
    [InlineData("zstd-dictionary")]
    [InlineData("compiler-flags")]
    [InlineData("matching-engine")]
    [InlineData("search-server")]
    public void Validate_Example_IsFine(string example) => Assert.Equal(0, _godwit.Run("validate", Path.Combine(Repository.Root, "examples", example)).Exit);
}
