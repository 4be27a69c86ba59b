using System.Text.Json;
using Godwit.Tests.Models;

namespace Godwit.Tests.Cli;

/// <summary>Runs whose candidates are made by agents; the replies lie ready in a mailbox.</summary>
public sealed class AgentRunTests : AgentRunFixture
{
    [Fact]
    public void Run_AgentsEdit_HonestWinIsAblatedAndVerifiedCheatsAreOut()
    {
        var result = Command.RunJson("run", Goal(), "--mailbox", Mailbox());
        Assert.Equal("verified", result.GetProperty("state").GetString());
        Assert.True(result.GetProperty("claim").GetProperty("lower").GetDouble() > 50, result.ToString());
        var reasons = result.GetProperty("thrown_out").EnumerateArray().Select(trial => trial.GetProperty("reason").GetString()).ToList();
        Assert.Equal(["it changed check, which the goal doesn't allow", "the word is gone"], reasons);

        // What made no difference went back, so only one file is delivered.
        var report = File.ReadAllText(result.GetProperty("report").GetString()!);
        Assert.Contains("other.txt made no difference", report, StringComparison.Ordinal);
        Assert.Contains("took the filler out", report, StringComparison.Ordinal);
        var (verified, words, _) = Command.Run("verify", result.GetProperty("evidence").GetString()!);
        Assert.Equal(0, verified);
        Assert.Contains("judge: a process of the base's alone", words, StringComparison.Ordinal);

        var costs = Command.RunJson("show", "last", "--costs");
        Assert.Equal(5, costs.GetProperty("models")[0].GetProperty("calls").GetInt32());
        Assert.Equal(
            (2, 1),
            (costs.GetProperty("claims")[0].GetProperty("submitted").GetInt32(), costs.GetProperty("claims")[0].GetProperty("contradicted").GetInt32()));
        var log = Command.Run("log", "last", "trial-1").Output;
        Assert.Contains("says   I look.", log, StringComparison.Ordinal);
        Assert.Contains("wrote src.txt", log, StringComparison.Ordinal);
        Assert.Contains("claims './check' passed", log, StringComparison.Ordinal);
        Assert.Contains("saw    trial 1: the check passes", log, StringComparison.Ordinal);
        Assert.Contains("saw    trial 3: the word is gone", Command.Run("log", "last", "trial-3").Output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(Command.Home, "agent-trial-*", SearchOption.AllDirectories));
        Assert.Contains(
            "Write no poetry.",
            File.ReadAllText(
                Directory.GetFiles(Path.GetDirectoryName(Command.Home)!, "trial-1-001.request.md", SearchOption.AllDirectories)[0]),
            StringComparison.Ordinal);
    }

    /// <summary>No measurement sees the second file, so taking it back makes no difference to the number; the check sees it.</summary>
    [Fact]
    public void Run_ChangeThatOnlyTheCheckNeeds_IsntTakenBack()
    {
        var goal = Goal();
        File.WriteAllText(
            Path.Combine(goal, "check"),
            "#!/bin/sh\ngrep -q keep src.txt && [ $(head -c 1 other.txt) = $(tail -c 1 src.txt) ] || { echo 'they differ'; exit 1; }\n");
        File.WriteAllText(Path.Combine(goal, "src.txt"), $"keep{new string('x', 500)}o");
        var mail = Mailbox(
            ("trial-1-001.reply.json", """
            {"calls": [
              {"name": "write", "arguments": {"path": "src.txt", "content": "keep z"}},
              {"name": "write", "arguments": {"path": "other.txt", "content": "z\n"}},
              {"name": "submit", "arguments": {"summary": "both"}}]}
            """));
        var result = Command.RunJson("run", goal, "--mailbox", mail, "--trials", "1");
        Assert.Equal("verified", result.GetProperty("state").GetString());
        Assert.DoesNotContain("made no difference", File.ReadAllText(result.GetProperty("report").GetString()!), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_RecordedThenPlayed_EndsTheSameWithTheMailboxGone()
    {
        var folder = Goal();
        var mail = Mailbox();
        var tape = Path.Combine(Path.GetDirectoryName(folder)!, "tape.jsonl");
        Assert.Equal("verified", Command.RunJson("run", folder, "--mailbox", mail, "--record", tape).GetProperty("state").GetString());
        Directory.Delete(mail, recursive: true);
        var (exit, output, error) = Command.Run("run", folder, "--cassette", tape);
        Assert.True(exit == 0, error);
        Assert.Contains(
            "5 recorded replies played, each to the request that it was recorded for", error + output, StringComparison.Ordinal);
        Assert.Contains("verified", error + output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_KilledWhileAModelThinks_ResumesWithoutAskingAFinishedCallAgain()
    {
        var mail = Mailbox(complete: false);
        using (var process = Command.Start("run", Goal(), "--mailbox", mail))
        {
            await Durable.Eventually.TrueAsync(() => File.Exists(Path.Combine(mail, "trial-1-003.request.md")), "the third call");
            process.Kill();
            await process.WaitForExitAsync();
        }

        File.Delete(Path.Combine(mail, "trial-1-001.request.md"));
        Answer(mail, Replies[2..]);

        var (exit, _, error) = Command.Run("resume", "last");
        Assert.True(exit == 0, error);
        Assert.Equal("verified", Command.RunJson("show", "last").GetProperty("state").GetString());
        Assert.False(File.Exists(Path.Combine(mail, "trial-1-001.request.md")), "a finished call was asked again");
        var costs = Command.RunJson("show", "last", "--costs");
        Assert.Equal(1, costs.GetProperty("in_flight").GetProperty("calls").GetInt32());
        Assert.True(costs.GetProperty("in_flight").GetProperty("charge").GetProperty("tokens").GetInt64() > 1000);
    }

    [Fact]
    public void Run_WithAKey_TheKeyIsFoundNowhereButInItsFile()
    {
        var turn = 0;
        using var server = new ScriptedProvider(_ => turn++ switch
        {
            0 => new ScriptedReply("I look around", ("run", """{"command":"env; cat /proc/self/environ; cat /proc/self/cmdline"}""")),
            1 => new ScriptedReply(null, ("write", """{"path":"src.txt","content":"keep\nx\n"}""")),
            _ => new ScriptedReply(null, ("submit", """{"summary":"done"}""")),
        });
        var key = $"sk-planted-{Guid.NewGuid():N}";
        var file = Path.Combine(Command.Folder("keys", ("key", key)), "key");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Directory.CreateDirectory(Command.Home);
        File.WriteAllText(Path.Combine(Command.Home, "models.yaml"), $$"""
            providers: { x: { url: "{{server.Address}}/v1", key_file: "{{file}}" } }
            models: { m: { provider: x, id: scripted, input: 5, output: 30, max_output: 500 } }
            roles: { worker: [m] }
            """);
        var tape = Path.Combine(Path.GetDirectoryName(file)!, "..", "tape.jsonl");
        var result = Command.RunJson("run", Goal(), "--trials", "1", "--record", tape);
        Assert.Equal("verified", result.GetProperty("state").GetString());
        Assert.All(server.Keys, sent => Assert.Contains(key, sent, StringComparison.Ordinal));
        foreach (var path in Directory.EnumerateFiles(Path.GetDirectoryName(Command.Home)!, "*", SearchOption.AllDirectories)
            .Where(path => path != file && new FileInfo(path).LinkTarget is null))
        {
            Assert.False(File.ReadAllBytes(path).AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(key)) >= 0, $"the key is in {path}");
        }

        var costs = Command.RunJson("show", "last", "--costs");
        Assert.Equal(server.Billed, costs.GetProperty("dollars").GetDecimal());

        // Played again, it costs nothing, under the same budget of dollars.
        var (exit, _, error) = Command.Run("run", Goal(), "--trials", "1", "--cassette", tape);
        Assert.True(exit == 0, error);
        Assert.Equal(0, Command.RunJson("show", "last", "--costs").GetProperty("dollars").GetDecimal());
        Assert.Equal(3, turn);
    }

    [Fact]
    public void Run_AgentRepeatsAnotherInOtherSpaces_IsNotMeasuredAgain()
    {
        var mail = Mailbox(
            ("trial-1-001.reply.json", """
            {"calls": [
              {"name": "write", "arguments": {"path": "src.txt", "content": "keep\nxx\n"}},
              {"name": "submit", "arguments": {"summary": "short"}}]}
            """),
            ("trial-2-001.reply.json", """
            {"calls": [
              {"name": "write", "arguments": {"path": "src.txt", "content": "keep\n  xx\n\n"}},
              {"name": "submit", "arguments": {"summary": "short too"}}]}
            """));
        var result = Command.RunJson("run", Goal(), "--mailbox", mail, "--trials", "2");
        Assert.Equal(
            "it differs from trial 1 in nothing but white space", result.GetProperty("thrown_out")[0].GetProperty("reason").GetString());
    }

    [Fact]
    public void Run_BudgetHoldsNoCall_EndsAtOnceWithThatReason()
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("never"));
        Directory.CreateDirectory(Command.Home);
        File.WriteAllText(Path.Combine(Command.Home, "models.yaml"), $$"""
            providers: { x: { url: "{{server.Address}}/v1" } }
            models: { m: { provider: x, id: scripted, input: 5, output: 30, max_output: 500 } }
            roles: { worker: [m] }
            """);
        var goal = Goal();
        File.WriteAllText(
            Path.Combine(goal, "godwit.yaml"),
            File.ReadAllText(Path.Combine(goal, "godwit.yaml")).Replace("dollars: 1", "dollars: 0.001", StringComparison.Ordinal));
        var (exit, output, error) = Command.Run("run", goal);
        Assert.Equal(1, exit);
        Assert.Contains("no agent could work: the budget of run is $0.001", output + error, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public void Run_RecordOntoAFileThatIsThere_IsRefusedBeforeAnythingIsPlayed()
    {
        var tape = Path.Combine(Command.Folder("tapes", ("tape.jsonl", "")), "tape.jsonl");
        var (exit, _, error) = Command.Run("run", Goal(), "--mailbox", Mailbox(), "--record", tape);
        Assert.Equal(2, exit);
        Assert.Contains("is there already", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_KeyIsntSet_SaysSoBeforeAnythingIsDone()
    {
        Directory.CreateDirectory(Command.Home);
        File.WriteAllText(
            Path.Combine(Command.Home, "models.yaml"),
            "providers: { x: { url: \"http://127.0.0.1:1\", key: GODWIT_NO_SUCH_KEY } }\nmodels: { m: { provider: x, input: 5, " +
            "output: 30 } }\nroles: { worker: [m] }\n");
        var (exit, _, error) = Command.Run("run", Goal());
        Assert.Equal(2, exit);
        Assert.Contains("GODWIT_NO_SUCH_KEY isn't set", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_NoModelForTheRole_SaysSoBeforeAnythingIsDone()
    {
        var (exit, _, error) = Command.Run("run", Goal());
        Assert.Equal(2, exit);
        Assert.Contains("no model plays the role 'worker'", error, StringComparison.Ordinal);
        Assert.Empty(JsonDocument.Parse(Command.Run("list", "--json").Output).RootElement.EnumerateArray());
    }

    [Fact]
    public void Run_ToolCallsOfTheRunAreUsedUp_NoFurtherAgentIsAsked()
    {
        var goal = Goal();
        File.WriteAllText(
            Path.Combine(goal, "godwit.yaml"),
            File.ReadAllText(Path.Combine(goal, "godwit.yaml")).Replace(
                "dollars: 1", "dollars: 1, tool_calls: 4", StringComparison.Ordinal));
        var result = Command.RunJson("run", goal, "--mailbox", Mailbox());
        Assert.Equal("verified", result.GetProperty("state").GetString());
        Assert.DoesNotContain("trial-2", Command.Run("log", "last").Output, StringComparison.Ordinal);
        Assert.Equal("worker", Command.RunJson("show", "last", "--costs").GetProperty("roles")[0].GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("--cassette", "there is no cassette")]
    [InlineData("--cassette /nowhere --mailbox /tmp/x", "leave --mailbox out")]
    public void Run_WrongSource_OneLine(string arguments, string message)
    {
        var (exit, _, error) = Command.Run(["run", Goal(), .. arguments.Split(' ')]);
        Assert.Equal(2, exit);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Doctor_Models_CallsEachRoleOnceAndSaysWhatWorks()
    {
        using var good = new ScriptedProvider(_ => new ScriptedReply("ok"));
        using var bad = new ScriptedProvider(_ => new ScriptedReply { Status = 401, Body = "{\"error\":{\"message\":\"bad key\"}}" });
        Directory.CreateDirectory(Command.Home);
        File.WriteAllText(Path.Combine(Command.Home, "models.yaml"), $$"""
            providers: { x: { url: "{{good.Address}}/v1" }, y: { url: "{{bad.Address}}/v1" }, z: { url: "http://127.0.0.1:1/v1" } }
            models: { m: { provider: x, input: 5, output: 30 }, n: { provider: y }, o: { provider: z } }
            roles: { worker: [m, n], reviewer: [m] }
            """);
        var (exit, output, _) = Command.Run("doctor", "--models");
        Assert.Equal(69, exit);
        Assert.Contains("ok      worker: m: answered in", output, StringComparison.Ordinal);
        Assert.Contains("missing worker: n: y answered 401", output, StringComparison.Ordinal);
        Assert.Contains("shares its blind spots", output, StringComparison.Ordinal);
        Assert.Equal((2, 1), (good.Requests.Count, bad.Requests.Count));

        var models = Command.Run("models").Output;
        Assert.Matches(@"m +x +5 +30 +reachable", models);
        Assert.Matches(@"o +z .* out of reach", models);
        Assert.Contains("role worker: m, then n", models, StringComparison.Ordinal);
    }
}
