namespace Godwit.Tests.Cli;

/// <summary>Every way for a parameter to reach what is measured, through the real program.</summary>
public sealed class ParameterRunTests : IDisposable
{
    private readonly Program _godwit = new();

    public void Dispose() => _godwit.Dispose();

    [Theory]
    [InlineData("env: tune.env", "tune.env", "SPEED=100\n", "echo METRIC ops=$SPEED")]
    [InlineData("args: tune.args", "tune.args", "--SPEED 100\n", "./bench")]
    [InlineData("{{template}}", "tune.conf", "speed is 100;\n", "echo METRIC ops=$(tr -dc 0-9 < tune.conf)")]
    public void Run_ValueReachesTheBenchInThisWay_IsVerifiedAndWritten(string way, string file, string content, string bench)
    {
        var template = way.StartsWith('{');
        var goal = _godwit.Folder(
            "goal", (file, content), ("tune.template", "speed is {{SPEED}};\n"), ("bench", "#!/bin/sh\n[ \"$1\" = --SPEED ] && echo METRIC ops=$2\n"), ("godwit.yaml", $$$"""
            goal: Faster
            editable: [{{{file}}}]
            measure: {command: "{{{bench}}}", metric: ops, direction: maximise}
            holdout: {command: "{{{bench}}}"}
            parameters: { {{{(template ? "file: tune.conf, template: tune.template" : way)}}}, space: {SPEED: {type: int, low: 100, high: 400, step: 150}}, try: [{SPEED: 400}]}
            budget: {trials: 2}
            """));
        var result = _godwit.RunJson("run", goal);
        Assert.True(result.GetProperty("state").GetString() == "verified", result.ToString());
        Assert.Equal(4, result.GetProperty("claim").GetProperty("lower").GetDouble(), 9);
        Assert.Equal(0, _godwit.Run("apply", "last").Exit);
        Assert.Equal(content.Replace("100", "400", StringComparison.Ordinal), File.ReadAllText(Path.Combine(goal, file)));
    }

    /// <summary>Low, and every so much after it: nothing else is ever tried.</summary>
    [Fact]
    public void Run_ParameterWithAStep_TriesNothingBetween()
    {
        var goal = _godwit.Folder("goal", ("tune.env", "SPEED=100\n"), ("godwit.yaml", """
            goal: Faster
            editable: [tune.env]
            measure: {command: "case $SPEED in 100|250|400) echo METRIC ops=$SPEED;; *) echo it is $SPEED; exit 1;; esac", metric: ops, direction: maximise}
            holdout: {command: "echo METRIC ops=$SPEED"}
            parameters: {env: tune.env, space: {SPEED: {type: int, low: 100, high: 400, step: 150}}}
            budget: {trials: 8}
            """));
        var result = _godwit.RunJson("run", goal);
        Assert.Equal("verified", result.GetProperty("state").GetString());
        Assert.True(!result.TryGetProperty("thrown_out", out var thrown) || thrown.GetArrayLength() == 0, result.ToString());
    }

    /// <summary>A trial is proven in a comparison of its own, and every look at one makes the next harder.</summary>
    [Fact]
    public void Confirm_TrialOfARun_IsProvenAndEveryLookIsCounted()
    {
        var goal = _godwit.Folder("goal", ("tune.env", "SPEED=100\n"), ("godwit.yaml", """
            goal: Faster
            editable: [tune.env]
            measure: {command: "echo METRIC ops=$((SPEED * (1000 + GODWIT_SEED / SPEED % 40)))", metric: ops, direction: maximise}
            holdout: {command: "echo METRIC ops=$((SPEED * (1000 + GODWIT_SEED / SPEED % 40)))"}
            parameters: {env: tune.env, space: {SPEED: {type: int, low: 100, high: 400, step: 150}}, try: [{SPEED: 250}, {SPEED: 400}]}
            budget: {trials: 2}
            """));
        Assert.Equal("verified", _godwit.RunJson("run", goal).GetProperty("state").GetString());
        var run = _godwit.RunJson("list")[0].GetProperty("run").GetString()!;
        var levels = new List<double>();
        foreach (var _ in (int[])[1, 2])
        {
            var result = _godwit.RunJson("confirm", run, "--trial", "1");
            Assert.Equal("better", result.GetProperty("verdict").GetString());
            Assert.InRange(result.GetProperty("lower").GetDouble(), 2.3, 2.5);
            var words = _godwit.Run("verify", result.GetProperty("evidence").GetString()!).Output;
            Assert.Contains("2 candidates were tried", words, StringComparison.Ordinal);
            levels.Add(
                double.Parse(
                    System.Text.RegularExpressions.Regex.Match(words, "at ([0-9.]+)[ \u00a0]?% confidence").Groups[1].Value,
                    System.Globalization.CultureInfo.InvariantCulture));
        }

        Assert.True(levels[1] > levels[0], string.Join(" then ", levels));
        Assert.Contains("has no trial 9; it has 2", _godwit.Run("confirm", run, "--trial", "9").Error, StringComparison.Ordinal);
    }
}
