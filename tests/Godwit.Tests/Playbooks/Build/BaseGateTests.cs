using Godwit.Playbooks.Build;

namespace Godwit.Tests.Playbooks.Build;

public sealed class BaseGateTests
{
    private static readonly BuildCheck Unit = new("unit", "./test");
    private static readonly GateRequest All = new("result", "c", [Unit, new BuildCheck("A1", "./accept")]);

    /// <summary>At the end a check that fails is asked once more, and what accepts the work isn't.</summary>
    [Theory]
    [InlineData("FP", "P", true, "P", 1)]
    [InlineData("FP", "F", false, "P", 0)]
    [InlineData("PF", "", true, "F", 0)]
    [InlineData("FF", "P", true, "F", 1)]
    [InlineData("CP", "", false, "P", 0)]
    [InlineData("PP", "", true, "P", 0)]
    public async Task AskTwice_CheckThatFails_IsAskedAgainAndAcceptanceIsNot(string first, string second, bool holds, string accepted, int flakes)
    {
        var asked = new List<(string Again, int Checks)>();
        var (final, found) = await BaseGate.AskTwiceAsync(All, [Unit], (again, request) =>
        {
            asked.Add((again, request.Checks.Count));
            var verdicts = request.Checks.Zip(asked.Count == 1 ? first : second, (check, letter) => new CheckVerdict(check.Name, Of(letter), $"{letter}"));
            return Task.FromResult(new GateResult(request.For, [.. verdicts], []));
        });
        Assert.Equal(second.Length == 0 ? [("", 2)] : [("", 2), ("/2", 1)], asked);
        Assert.Equal(holds, final.Checks[0].Verdict == GateVerdict.Passed);
        Assert.Equal(Of(accepted[0]), final.Checks[1].Verdict);
        Assert.Equal(flakes, found.Count);
    }

    private static GateVerdict Of(char letter) => letter switch
    {
        'P' => GateVerdict.Passed,
        'C' => GateVerdict.CouldNotRun,
        _ => GateVerdict.Failed,
    };
}
