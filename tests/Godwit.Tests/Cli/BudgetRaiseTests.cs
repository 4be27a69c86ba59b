using System.Text.Json;

namespace Godwit.Tests.Cli;

/// <summary>Runs that have come to the end of their budget, and go on with a larger one.</summary>
public sealed class BudgetRaiseTests : IDisposable
{
    private readonly Program _godwit = new();

    public void Dispose() => _godwit.Dispose();

    [Fact]
    public void Resume_MoreTrialsAfterTheEnd_GoesOnWithWhatIsKnownAndMeasuresNothingTwice()
    {
        var goal = Goal("trials: 1", "{SPEED: 90}");
        var ended = _godwit.RunJson("run", goal);
        Assert.Equal("no_improvement", ended.GetProperty("state").GetString());
        var run = ended.GetProperty("run").GetString()!;
        Assert.Contains(
            "the run has 1 trials already, and their number can only be raised", Refused("--trials", "1"), StringComparison.Ordinal);
        Assert.Contains("the run has no limit of time", Refused("--time", "10m"), StringComparison.Ordinal);
        Assert.Contains("the run has no limit of dollars", Refused("--dollars", "3"), StringComparison.Ordinal);
        var before = Measured(run);
        Assert.NotEmpty(before);

        var raised = _godwit.RunJson("resume", run, "--trials", "4");
        Assert.True(raised.GetProperty("state").GetString() == "verified", raised.ToString());
        Assert.Equal(before, Measured(run)[..before.Count]);
        Assert.Contains(
            "4 candidates were tried", _godwit.Run("verify", raised.GetProperty("evidence").GetString()!).Output, StringComparison.Ordinal);
        Assert.Equal(0, _godwit.Run("journal", "verify", run).Exit);
        Assert.Equal("verified", Assert.Single(_godwit.RunJson("list").EnumerateArray()).GetProperty("state").GetString());

        // Taken up once more, it answers from its journal; there is nothing left to raise a budget for.
        Assert.Equal("verified", _godwit.RunJson("resume", run).GetProperty("state").GetString());
        Assert.Contains("has its result already", Refused("--trials", "9"), StringComparison.Ordinal);

        string Refused(params string[] raise)
        {
            var (exit, _, error) = _godwit.Run(["resume", run, .. raise]);
            Assert.Equal(2, exit);
            return error;
        }
    }

    [Fact]
    public void Resume_MoreTimeWhereItWasTooShortToCalibrate_CalibratesAndEndsVerified()
    {
        var ended = _godwit.RunJson("run", Goal("{trials: 4, time: 1s}", "{SPEED: 410}"));
        Assert.Equal("failed", ended.GetProperty("state").GetString());
        Assert.Contains("is too small to claim anything", ended.GetProperty("reason").GetString(), StringComparison.Ordinal);
        var raised = _godwit.RunJson("resume", "last", "--time", "5m");
        Assert.True(raised.GetProperty("state").GetString() == "verified", raised.ToString());
    }

    /// <summary>A look at a single trial has used a part of the level, and the run that goes on doesn't use it again.</summary>
    [Fact]
    public void Resume_AfterALookAtATrial_ProvesAtTheNextLevel()
    {
        var run = _godwit.RunJson("run", Goal("trials: 1", "{SPEED: 90}")).GetProperty("run").GetString()!;
        Assert.Equal(3, _godwit.Run("confirm", run, "--trial", "1").Exit);
        var raised = _godwit.RunJson("resume", run, "--trials", "4");
        Assert.True(raised.GetProperty("state").GetString() == "verified", raised.ToString());
        using var envelope = JsonDocument.Parse(File.ReadAllText(raised.GetProperty("evidence").GetString()!));
        var statement = System.Text.Encoding.UTF8.GetString(envelope.RootElement.GetProperty("payload").GetBytesFromBase64());
        var level = double.Parse(
            System.Text.RegularExpressions.Regex.Match(statement, "\"level\":([0-9.eE-]+)").Groups[1].Value,
            System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(0.05 / (2 * 3), level, 6);
    }

    /// <summary>What a run's measurements have printed, in their order.</summary>
    private List<string> Measured(string run) =>
        [.. _godwit.Run("log", run).Output.Split('\n').Where(line => line.Contains("METRIC", StringComparison.Ordinal))];

    private string Goal(string budget, string tried) => _godwit.Folder("goal", ("tune.env", "SPEED=100\n"), ("godwit.yaml", $$$"""
        goal: Faster
        editable: [tune.env]
        measure: {command: "echo METRIC ops=$((SPEED * (1000 + GODWIT_SEED / SPEED % 40)))", metric: ops, direction: maximise}
        holdout: {command: "echo METRIC ops=$((SPEED * (1000 + GODWIT_SEED / SPEED % 40)))"}
        parameters: {env: tune.env, space: {SPEED: {type: int, low: 10, high: 410, step: 40}}, try: [{{{tried}}}]}
        budget: {{{(budget[0] == '{' ? budget : $"{{{budget}}}")}}}
        """));
}
