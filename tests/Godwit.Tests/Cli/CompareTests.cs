using System.Diagnostics;
using System.Text.Json;

namespace Godwit.Tests.Cli;

/// <summary>The proof alone: two commits of a repository, through the real program.</summary>
public sealed class CompareTests : IDisposable
{
    private const string Goal = """
        goal: Faster
        editable: [speed.txt, lag.txt]
        measure: {command: cp *.txt $GODWIT_OUT, score: ./bench, metric: ops, direction: maximise}
        """;

    private readonly Program _godwit = new();
    private readonly string _folder;

    public CompareTests() => _folder = _godwit.Folder(
        "repository",
        ("bench", "#!/bin/sh\necho METRIC ops=$(cat $GODWIT_ARTIFACTS/speed.txt)\necho METRIC lag=$(cat $GODWIT_ARTIFACTS/lag.txt)\n"),
        ("speed.txt", "100\n"), ("lag.txt", "10\n"), ("held.txt", "100\n"), ("godwit.yaml", Goal));

    public void Dispose() => _godwit.Dispose();

    [Theory]
    [InlineData("300\n", "better", 3.0)]
    [InlineData("100\n", "not_worse", 1.0)]
    [InlineData("50\n", "worse", 0.5)]
    public void Compare_Number_SaysWhichWayItGoes(string speed, string verdict, double lower)
    {
        Commit("base");
        Write("speed.txt", speed);
        Write("lag.txt", "11\n");
        Commit("head");
        var result = Compare();
        Assert.Equal(verdict, result.GetProperty("verdict").GetString());
        Assert.Equal(lower, result.GetProperty("lower").GetDouble(), 9);
        Assert.Equal(verdict is "worse" ? 3 : 0, Run("--expect", "not-worse").Exit);
        if (verdict != "not_worse")
        {
            Assert.Equal(0, _godwit.Run("verify", result.GetProperty("evidence").GetString()!).Exit);
        }
    }

    /// <summary>How to measure is the base's to say, whatever stands in the working tree.</summary>
    [Fact]
    public void Compare_HeadChangesGoalAndBench_IsMeasuredByTheBases()
    {
        Commit("base");
        Write("speed.txt", "101\n");
        Write("godwit.yaml", Goal.Replace("./bench", "echo METRIC ops=900", StringComparison.Ordinal));
        Write("bench", "#!/bin/sh\necho METRIC ops=900\n");
        Commit("head");
        var result = Compare();
        Assert.Equal("not_worse", result.GetProperty("verdict").GetString());
        Assert.Equal(["bench", "godwit.yaml"], result.GetProperty("left_out").EnumerateArray().Select(file => file.GetString()).Order());
    }

    /// <summary>What is signed is about what was measured, not about a commit that has more in it.</summary>
    [Fact]
    public void Compare_HeadChangesMoreThanAllowed_EvidenceIsAboutWhatWasMeasured()
    {
        Commit("base");
        Write("speed.txt", "300\n");
        Write("held.txt", "1\n");
        var head = Commit("head");
        var evidence = Compare().GetProperty("evidence").GetString()!;
        var words = _godwit.Run("verify", evidence).Output;
        Assert.DoesNotContain($"It says:  commit {head}", words, StringComparison.Ordinal);
        Assert.Contains($"Left out: held.txt: commit {head} changes them too", words, StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_BreaksABoundAgainstTheBase_IsntBetter()
    {
        Write("godwit.yaml", Goal + "\nconstraints: [lag <= 1.2 * base.lag]\n");
        Commit("base");
        Write("speed.txt", "300\n");
        Write("lag.txt", "50\n");
        Commit("head");
        var (exit, output, _) = Run("--expect", "better");
        Assert.Equal(1, exit);
        Assert.Contains("constraint lag <= 1.2 * base.lag isn't shown to hold", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("300\n", "better")]
    [InlineData("100\n", "not_worse")]
    [InlineData("50\n", "unclear")]
    public void Compare_HeldOutWorkload_HasItsSay(string held, string verdict)
    {
        Write(
            "godwit.yaml",
            Goal.Replace(
                "lag.txt]", "lag.txt, held.txt]",
                StringComparison.Ordinal) + "\nholdout: {command: cp *.txt $GODWIT_OUT, score: 'echo METRIC ops=$(cat " +
                "$GODWIT_ARTIFACTS/held.txt)'}\n");
        Commit("base");
        Write("speed.txt", "300\n");
        Write("held.txt", held);
        Commit("head");
        var result = Compare();
        Assert.Equal(verdict, result.GetProperty("verdict").GetString());
        if (verdict == "better")
        {
            Assert.Contains(
                "on a held-out workload at least 3 times",
                _godwit.Run("verify", result.GetProperty("evidence").GetString()!).Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Compare_BaseWithoutAGoalOrNoCommit_OneClearLineEach()
    {
        File.Delete(Path.Combine(_folder, "godwit.yaml"));
        Commit("base");
        Write("godwit.yaml", Goal);
        Write("speed.txt", "300\n");
        Commit("head");
        Assert.Contains("base has no godwit.yaml, and how to measure is the base's to say", Run().Error, StringComparison.Ordinal);
        Assert.Contains(
            "has no commit 'nosuch'", _godwit.Run("compare", "nosuch", "head", "--goal", _folder).Error, StringComparison.Ordinal);
    }

    private JsonElement Compare() => _godwit.RunJson("compare", "base", "head", "--goal", _folder);

    private (int Exit, string Output, string Error) Run(params string[] more) =>
        _godwit.Run(["compare", "base", "head", "--goal", _folder, .. more]);

    private void Write(string file, string text) => File.WriteAllText(Path.Combine(_folder, file), text);

    /// <summary>Commits all files under a tag; returns the commit.</summary>
    private string Commit(string tag)
    {
        Git("init", "--quiet");
        Git("add", "--all");
        Git("-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "--quiet", "--message", tag);
        Git("tag", tag);
        return Git("rev-parse", "HEAD").Trim();
    }

    private string Git(params string[] arguments)
    {
        using var git = Process.Start(
            new ProcessStartInfo("git", arguments) { WorkingDirectory = _folder, RedirectStandardOutput = true })!;
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        Assert.Equal(0, git.ExitCode);
        return output;
    }
}
