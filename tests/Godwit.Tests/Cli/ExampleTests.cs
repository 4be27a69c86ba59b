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
        var result = _godwit.RunJson("run", _godwit.Example(example), "--trials", $"{trials}", "--time", "30m");
        ThrownOut(result, reason);
        Assert.Equal("failed", result.GetProperty("state").GetString());
        Assert.Contains("were thrown out", result.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sqlite-settings", "{journal_mode: wal, synchronous: \"off\"}", 2.0)]
    [InlineData("zstd-dictionary", "{charge_dictionary: false}", 2.0)]
    [InlineData("compiler-flags", "{LEVEL: -O3, NATIVE: true, FAST_MATH: true}", 1.05)]
    public void Run_TrapWithoutItsCheck_Wins(string example, string trap, double factor)
    {
        var folder = _godwit.Example(example, goal => string.Join('\n', goal.Split('\n')
            .Where(line => !line.StartsWith("check:", StringComparison.Ordinal) && !line.Contains("durable_commits == orders", StringComparison.Ordinal))
            .Where(line => !line.TrimStart().StartsWith("- {", StringComparison.Ordinal))
            .Select(line => line.TrimStart() == "try:" ? $"  try: [{trap}]" : line)));
        var result = _godwit.RunJson("run", folder, "--trials", "1", "--time", "30m");
        Assert.True(result.GetProperty("state").GetString() == "verified", result.ToString());
        Assert.True(result.GetProperty("claim").GetProperty("lower").GetDouble() > factor, result.ToString());
    }

    [Theory]
    [InlineData("sqlite-settings")]
    [InlineData("zstd-dictionary")]
    [InlineData("compiler-flags")]
    public void Validate_Example_IsFine(string example) => Assert.Equal(0, _godwit.Run("validate", Path.Combine(Repository.Root, "examples", example)).Exit);
}
