using System.Text.Json;

namespace Godwit.Tests.Cli;

/// <summary>Whole runs of a goal that takes milliseconds, through the real program.</summary>
public sealed class RunTests : IDisposable
{
    private readonly Program _godwit = new();

    public void Dispose() => _godwit.Dispose();

    /// <summary>A metric of 100 times the setting's effect, with 2 % of noise drawn from the seed and the setting.</summary>
    private const string Bench = """
        #!/bin/sh
        speed=$(sed -n 's/^SPEED=//p' settings.env); [ -n "$speed" ] || exit 1
        [ -z "$WITNESS" ] || echo "$GODWIT_SEED $speed" >> "$WITNESS"
        awk -v seed="$GODWIT_SEED" -v speed="$speed" 'BEGIN { srand(seed % 100000 + speed * 7); print "METRIC m=" 100 * EFFECT * (1 + 0.02 * (rand() - 0.5)) }'
        """;

    private string Goal(string effect, int trials = 12, string check = "true", string extra = "", string seed = "5") => _godwit.Folder(
        $"goal-{Guid.NewGuid():N}"[..12],
        ("bench", Bench.Replace("EFFECT", effect, StringComparison.Ordinal)),
        ("settings.env", "SPEED=1\n"),
        ("godwit.yaml", $$$"""
            goal: Faster
            editable: [settings.env]
            check: {{{check}}}
            measure: {command: "{{{extra}}}./bench", metric: m, direction: maximise}
            holdout: {command: "{{{extra}}}./bench"}
            parameters:
              file: settings.env
              space: {SPEED: {type: int, low: 1, high: 40}}
            budget: {trials: {{{trials}}}}
            seed: {{{seed}}}
            """));

    /// <summary>An effect below 5 % may be nothing but where a build put its code, so it isn't shown with one build of each side.</summary>
    [Theory]
    [InlineData("3%", 2)]
    [InlineData("5%", 1)]
    public void Run_SmallEffectOnCompiledCode_IsMeasuredInTwoBuildsOfEachSide(string effect, int builds)
    {
        var witness = Path.Combine(_godwit.Folder("witness"), "builds");
        var goal = Goal("(1 + speed / 40)", trials: 6);
        File.WriteAllText(Path.Combine(goal, "godwit.yaml"), File.ReadAllText(Path.Combine(goal, "godwit.yaml"))
            .Replace(
                "check: true", "build: {command: head -c8 /dev/urandom | od -An -tx8 > build.id, inputs: [bench]}",
                StringComparison.Ordinal)
            .Replace("\"./bench\"", $"\"echo $(cat build.id settings.env) >> {witness}; ./bench\"", StringComparison.Ordinal)
            + $"\nclaim: {{minimum_effect: {effect}}}\n");
        var result = _godwit.RunJson("run", goal, "--sandbox", "none");
        Assert.Equal("verified", result.GetProperty("state").GetString());
        var measured = File.ReadAllLines(witness).Select(line => line.Split(' ')).ToLookup(words => words[1], words => words[0]);
        Assert.Equal(builds, measured["SPEED=1"].Distinct().Count());
        Assert.Equal(builds, measured[measured.MaxBy(some => some.Key == "SPEED=1" ? 0 : some.Count())!.Key].Distinct().Count());
        Assert.Equal(
            builds == 2,
            _godwit.Run(
                "verify",
                result.GetProperty("evidence").GetString()!).Output.Contains("two builds of each side", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_CandidateThatIsBetter_IsVerifiedAndItsEvidenceHolds()
    {
        var result = _godwit.RunJson("run", Goal("(1 + speed / 40)", trials: 20));
        Assert.Equal("verified", result.GetProperty("state").GetString());
        Assert.True(result.GetProperty("claim").GetProperty("lower").GetDouble() > 1.2);
        Assert.True(result.GetProperty("holdout").GetProperty("passed").GetBoolean());
        var evidence = result.GetProperty("evidence").GetString()!;
        Assert.Equal(0, _godwit.Run("verify", evidence).Exit);

        // Another machine: another store, which doesn't know the key until it is told.
        using var other = new Program();
        var (exit, _, error) = other.Run("verify", evidence);
        Assert.Equal(7, exit);
        var key = error.Split(' ').First(word => word.Length is 64 or 65).TrimEnd(';');
        Assert.Equal(0, other.Run("verify", evidence, "--key", key).Exit);
        var bytes = File.ReadAllBytes(evidence);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(evidence, bytes);
        Assert.Equal(6, _godwit.Run("verify", evidence).Exit);

        var report = File.ReadAllText(result.GetProperty("report").GetString()!);
        Assert.Contains("Proven: at least", report, StringComparison.Ordinal);
        Assert.DoesNotContain("http", report, StringComparison.Ordinal);
        Assert.Contains("| m |", _godwit.Run("report", "last", "--markdown").Output, StringComparison.Ordinal);
        Assert.Equal("verified", _godwit.RunJson("list")[0].GetProperty("state").GetString());
        Assert.Equal(0, _godwit.Run("journal", "verify", "last").Exit);
    }

    /// <summary>Its share goes to others, and a person is told once why.</summary>
    [Fact]
    public void Run_ProposerThatFails_IsToldOnceAndOthersPropose()
    {
        var folder = Goal("(1 + speed / 40)", trials: 12);
        File.AppendAllText(Path.Combine(folder, "godwit.yaml"), "\nproposer: echo no idea; exit 3\n");
        var (exit, _, error) = _godwit.Run("run", folder);
        Assert.Equal(0, exit);
        Assert.Single(
            error.Split('\n'),
            line => line.Contains("gave no point, and another proposes in its place: exit code 3: no idea", StringComparison.Ordinal));
    }

    /// <summary>The base's own point passes whatever is wrong with all others, and a search may well ask for it.</summary>
    [Fact]
    public void Run_AllButTheBasesOwnPointFail_IsNoLackOfImprovement()
    {
        var folder = Goal("1", trials: 6, check: "grep -qx SPEED=1 settings.env");
        var goal = Path.Combine(folder, "godwit.yaml");
        File.WriteAllText(goal, File.ReadAllText(goal).Replace("high: 40}}", "high: 3}}\n  try: [{SPEED: 1}]", StringComparison.Ordinal));
        var result = _godwit.RunJson("run", folder);
        Assert.Equal("failed", result.GetProperty("state").GetString());
        Assert.Contains("all 2 candidates were thrown out", result.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    /// <summary>A plain folder has no branch to merge: its files are changed, unless somebody else has changed them.</summary>
    [Fact]
    public void Apply_PlainFolder_ChangesItsFilesOnce()
    {
        var folder = Goal("(1 + speed / 40)", trials: 15);
        Assert.DoesNotContain("branch", _godwit.Run("run", folder).Error, StringComparison.Ordinal);
        var settings = Path.Combine(folder, "settings.env");
        File.WriteAllText(settings, "SPEED=2\n");
        var (exit, _, error) = _godwit.Run("apply", "last");
        Assert.Equal(1, exit);
        Assert.Contains("isn't as it was when the run began, and nothing was changed", error, StringComparison.Ordinal);
        File.WriteAllText(settings, "SPEED=1\n");
        Assert.Equal(0, _godwit.Run("apply", "last").Exit);
        Assert.True(
            int.Parse(File.ReadAllText(settings).Trim()["SPEED=".Length..], System.Globalization.CultureInfo.InvariantCulture) > 20);
    }

    [Theory]
    [InlineData("bench", "", "measure runs bench, and there is none in the goal's folder")]
    [InlineData("settings.env", "editable: [settings.env, bench]", "'editable' allows bench, which measure runs")]
    public void Validate_WhatWouldFailInTheFirstMinute_IsTold(string delete, string editable, string message)
    {
        var folder = Goal("1");
        File.Delete(Path.Combine(folder, delete));
        var goal = Path.Combine(folder, "godwit.yaml");
        File.WriteAllText(
            goal,
            File.ReadAllText(goal).Replace(
                "editable: [settings.env]", editable.Length == 0 ? "editable: [settings.env]" : editable, StringComparison.Ordinal));
        var (exit, _, error) = _godwit.Run("validate", folder);
        Assert.Equal(2, exit);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Equal(delete == "settings.env", error.Contains("there is no settings.env yet", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_AsAnOrdinaryUser_IsVerifiedInAUserNamespace()
    {
        Assert.SkipUnless(Environment.UserName == "root", "the tests run as an ordinary user, so that every other one shows it");
        var folder = Goal("(1 + speed / 40)", trials: 15);
        Assert.Equal(0, _godwit.Run("--help").Exit);
        Assert.Contains("user namespace", _godwit.RunAs(23456, folder, "doctor").Output, StringComparison.Ordinal);
        var (exit, output, error) = _godwit.RunAs(23456, folder, "run", folder, "--json");
        Assert.True(exit == 0, error);
        using var result = JsonDocument.Parse(output);
        Assert.Equal("verified", result.RootElement.GetProperty("state").GetString());
        Assert.Contains("bubblewrap", File.ReadAllText(result.RootElement.GetProperty("report").GetString()!), StringComparison.Ordinal);

        // Archived where nobody can write, it is read all the same, unless its log would need a file beside it.
        var archive = Path.GetDirectoryName(result.RootElement.GetProperty("report").GetString()!)!;
        Freeze(archive);
        Assert.Contains("verified", _godwit.RunAs(23456, folder, "show", archive).Output, StringComparison.Ordinal);
        Assert.Equal(0, _godwit.RunAs(23456, folder, "journal", "verify", archive).Exit);
        File.WriteAllText(Path.Combine(archive, "journal.db-wal"), "something");
        var (refused, _, told) = _godwit.RunAs(23456, folder, "show", archive);
        Assert.Equal(8, refused);
        Assert.Contains("copy the folder and read the copy", told, StringComparison.Ordinal);
    }

    /// <summary>Takes the right to write away from everybody.</summary>
    private static void Freeze(string folder)
    {
        using var chmod = System.Diagnostics.Process.Start("chmod", ["-R", "a-w", folder]);
        chmod.WaitForExit();
        Assert.Equal(0, chmod.ExitCode);
    }

    [Fact]
    public void Run_CandidatesThatCantMatter_EndsNoImprovementWithItsTrialsUsed()
    {
        var result = _godwit.RunJson("run", Goal("1", trials: 20));
        Assert.Equal("no_improvement", result.GetProperty("state").GetString());
        Assert.True(result.GetProperty("trials").GetProperty("ok").GetInt32() >= 18, result.ToString());
        Assert.DoesNotContain("dead parameters", result.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_NobodyReadsTheSettings_SaysThatTheParametersAreDead()
    {
        var folder = Goal("1", trials: 12);
        var bench = Path.Combine(folder, "bench");
        File.WriteAllText(
            bench, File.ReadAllText(bench).Replace("speed=$(sed -n 's/^SPEED=//p' settings.env)", "speed=1", StringComparison.Ordinal));
        var result = _godwit.RunJson("run", folder);
        Assert.Equal("no_improvement", result.GetProperty("state").GetString());
        Assert.Contains("dead parameters", result.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("false", "", "the base doesn't pass")]
    [InlineData("true", "exit 3; ", "exit code 3 of")]
    [InlineData("grep -q =1$ settings.env", "", "were thrown out")]
    [InlineData("grep -q =1$ settings.env || kill -SEGV $$", "", "crashed")]
    public void Run_CantBeCarriedOut_SaysWhyAndNotNoImprovement(string check, string extra, string reason)
    {
        var (exit, output, _) = _godwit.Run("run", Goal("1", trials: 4, check: check, extra: extra), "--json");
        using var result = JsonDocument.Parse(output);
        Assert.Equal("failed", result.RootElement.GetProperty("state").GetString());
        Assert.Contains(reason, result.RootElement.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, exit);
    }

    [Fact]
    public void Run_BudgetTooSmallToClaimAnything_SaysSo()
    {
        var result = _godwit.RunJson("run", Goal("1", extra: "sleep 0.1; "), "--time", "2s");
        Assert.Contains("too small to claim anything", result.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_KilledFiveTimes_EndsTheSameWithoutMeasuringAnythingTwice()
    {
        var witness = Path.Combine(_godwit.Folder("witness"), "log");
        var folder = Goal("(1 + speed / 40)", trials: 15, extra: $"sleep 0.02; WITNESS={witness} ", seed: "9");
        var process = _godwit.Start("run", folder, "--sandbox", "none");
        for (var kill = 0; kill < 5; kill++)
        {
            var lines = Lines(witness);
            await Durable.Eventually.TrueAsync(() => Lines(witness) >= lines + 8 || process.HasExited, "eight more measurements");
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
            process = _godwit.Start("resume", "last");
        }

        process.Dispose();
        await Durable.Eventually.TrueAsync(() => _godwit.Run("resume", "last").Exit is 0, "resumed to its end");
        var result = _godwit.RunJson("show", "last");
        Assert.Equal("verified", result.GetProperty("state").GetString());

        // Every measurement left a line, and is in the journal once; each kill may void the one, or the pair, that was under way.
        var journaled = _godwit.RunJson("log", "last")
            .EnumerateArray()
            .Count(command => command.GetProperty("phase").GetString() == "measure");
        Assert.InRange(Lines(witness) - journaled, 0, 2 * 5);
        Assert.Equal(0, _godwit.Run("journal", "verify", "last").Exit);
    }

    [Fact]
    public async Task Run_StoppedFromAnotherTerminal_ResumesAndASecondOwnerIsRefused()
    {
        var folder = Goal("1", trials: 200, extra: "sleep 0.02; ");
        using var process = _godwit.Start("run", folder);
        await Durable.Eventually.TrueAsync(
            () => _godwit.Run("list").Output.Contains("running", StringComparison.Ordinal), "the run is listed");
        var (exit, _, error) = _godwit.Run("resume", "last");
        Assert.Equal(8, exit);
        Assert.Contains("is owned by another process; 'godwit attach", error, StringComparison.Ordinal);

        // A third terminal watches until the second one stops the first.
        using var watching = _godwit.Start("attach", "last");
        var watched = watching.StandardError.ReadToEndAsync();
        await Durable.Eventually.TrueAsync(
            () => _godwit.Run("stop", "last").Output.Contains("stopping", StringComparison.Ordinal), "it listens");
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)));
        Assert.Equal(5, process.ExitCode);
        Assert.True(watching.WaitForExit(TimeSpan.FromSeconds(30)));
        Assert.Equal(0, watching.ExitCode);
        Assert.Contains("base     ", await watched, StringComparison.Ordinal);
        Assert.Matches("goal-\\S+ is stopped\\s*$", await watched);
        Assert.Equal("stopped", _godwit.RunJson("list")[0].GetProperty("state").GetString());
    }

    [Theory]
    [InlineData(2, "there is no goal file", "run", "/nowhere")]
    [InlineData(2, "--time is 'soon'", "run", "GOAL", "--time", "soon")]
    [InlineData(2, "Unrecognized", "run", "GOAL", "--tmie", "3s")]
    [InlineData(8, "there is no run 'nobody'", "show", "nobody")]
    [InlineData(2, "say one of --retry", "resolve", "last")]
    [InlineData(2, "there is no file", "verify", "/nowhere")]
    public void AnyCommand_Mistake_OneLineAndAnExitCode(int exit, string message, params string[] arguments)
    {
        var (code, output, error) = _godwit.Run([.. arguments.Select(argument => argument == "GOAL" ? Goal("1") : argument)]);
        Assert.Equal(exit, code);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.Empty(output);
    }

    [Fact]
    public void Init_FreshFolder_WritesAGoalThatReads()
    {
        var folder = _godwit.Folder(
            "fresh", ("settings.json", "{\"cache_size\": 64, \"mode\": \"plain\"}"), ("bench", "#!/bin/sh\n"), ("check", "#!/bin/sh\n"));
        Assert.Equal(0, _godwit.Run("init", folder).Exit);
        var (exit, _, error) = _godwit.Run("validate", folder);
        Assert.True(exit == 0, error);
        Assert.Equal(2, _godwit.Run("init", folder).Exit);
    }

    [Theory]
    [InlineData("{type: int, low: 1, high: 9, when: SPEED > 100}", "", "parameter 'OTHER' is dead")]
    [InlineData("{type: int, low: 1, high: 9}", "constraints: [SPEED > 50]", "points that meet parameters.constraints")]
    public void Validate_SpaceThatCantBeSearched_IsTold(string other, string constraints, string message)
    {
        var folder = Goal("1");
        var goal = Path.Combine(folder, "godwit.yaml");
        File.WriteAllText(
            goal,
            File.ReadAllText(goal).Replace(
                "space: {SPEED: {type: int, low: 1, high: 40}}",
                $"space: {{SPEED: {{type: int, low: 1, high: 40}}, OTHER: {other}}}\n  {constraints}", StringComparison.Ordinal));
        var (exit, _, error) = _godwit.Run("validate", folder);
        Assert.Equal(2, exit);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    private static int Lines(string path) => File.Exists(path) ? File.ReadAllLines(path).Length : 0;
}
