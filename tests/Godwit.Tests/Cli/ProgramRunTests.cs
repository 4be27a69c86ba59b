using System.Text.Json.Nodes;
using Godwit.Tests.Models;

namespace Godwit.Tests.Cli;

/// <summary>Runs whose agents are coding agents from npm, asked by the gateway's token and answered by a scripted provider.</summary>
public sealed class ProgramRunTests : IDisposable
{
    private readonly Program _godwit = new();

    public void Dispose() => _godwit.Dispose();

    public static TheoryData<string, string> Programs =>
        new() { { "codex", "openai" }, { "opencode", "compatible" }, { "claude", "anthropic" } };

    /// <summary>The shell tool of whichever program asks, with the arguments that it wants.</summary>
    internal static ScriptedReply Shell(JsonNode request, string command)
    {
        var tools = request["tools"]!.AsArray()
            .Select(tool => (Name: (tool!["name"] ?? tool["function"]?["name"])?.GetValue<string>() ?? "", Tool: tool))
            .ToList();
        var shell = tools.FirstOrDefault(tool => tool.Name is "exec_command" or "shell_command" or "shell" or "bash" or "Bash");
        Assert.True(shell.Name is not null, $"no shell among {string.Join(", ", tools.Select(tool => tool.Name))}");
        JsonObject arguments = shell.Name switch
        {
            "exec_command" => new() { ["cmd"] = command },
            "shell" => new() { ["command"] = new JsonArray("sh", "-c", command) },
            "bash" or "Bash" => new() { ["command"] = command, ["description"] = "shrinks the file" },
            _ => new() { ["command"] = command },
        };
        return new ScriptedReply("I take the filler out.", (shell.Name, arguments.ToJsonString()));
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void Run_ProgramEdits_IsVerifiedAndItsSpendIsShown(string program, string dialect)
    {
        // The quickest to start; codex is killed below, and most other tests speak opencode's dialect.
        Suite.RequireWhole(but: program == "claude");
        Assert.SkipUnless(Godwit.Sandbox.ProgramFinder.Find(program) is not null, $"{program} isn't installed (npm)");
        ScriptedProvider? server = null;
        using var scripted = server = new ScriptedProvider(request =>
            (request["tools"] as JsonArray)?.Count > 0 != true ? new ScriptedReply("A title")
            : request.ToJsonString()
                .Contains("I take the filler out.", StringComparison.Ordinal) ? new ScriptedReply("The filler is gone, and ./check passes.")
            : Shell(
                request,
                $"env; cat /proc/*/environ; bash -c 'exec 4<>/dev/tcp/127.0.0.1/{new Uri(server!.Address).Port} && echo " +
                $"reached-$((40+2))'; printf 'keep\\nxx\\n' > src.txt && ./check; echo done with $?"));
        var (goal, key) = Goal(program, dialect, server.Address);
        var tape = Path.Combine(Path.GetDirectoryName(_godwit.Home)!, "tape.jsonl");

        // What the command tries is for the sandbox to hold, so the gatekeeper lets it through.
        File.WriteAllText(Path.Combine(_godwit.Home, "rules.yaml"), """
            rules:
            - name: try it anyway
              effects: [Network, Reads, Scouts, Opaque]
              verdict: Allow
              loosens: [no network, no secrets, look nobody over, nothing that can't be told]
              reason: the sandbox holds
              matching: [curl x, cat /proc/1/environ]
              not_matching: [ls]
            """);
        var (exit, output, error) = _godwit.Run("run", goal, "--record", tape);
        Assert.True(
            exit == 0 && (output + error).Contains("verified", StringComparison.Ordinal),
            $"{output}\n{error}\n{_godwit.Run("log", "last").Output}");
        Assert.All(server.Keys, sent => Assert.Contains("sk-planted-by-the-test", sent, StringComparison.Ordinal));
        var log = _godwit.Run("log", "last").Output;
        Assert.Contains("I take the filler out.", log, StringComparison.Ordinal);
        Assert.Contains("The filler is gone", log, StringComparison.Ordinal);
        var costs = _godwit.RunJson("show", "last", "--costs");
        Assert.Equal(server.Billed, costs.GetProperty("dollars").GetDecimal());
        Assert.Equal("trial-1", costs.GetProperty("agents")[0].GetProperty("name").GetString());
        Assert.Contains("GODWIT_TOKEN=godwit-", log, StringComparison.Ordinal);
        Assert.DoesNotContain("reached-42", log, StringComparison.Ordinal);
        foreach (var path in Directory.EnumerateFiles(Path.GetDirectoryName(_godwit.Home)!, "*", SearchOption.AllDirectories)
            .Where(path => path != Path.Combine(key, "key") && new FileInfo(path).LinkTarget is null))
        {
            Assert.False(File.ReadAllBytes(path).AsSpan().IndexOf("sk-planted-by-the-test"u8) >= 0, $"the key is in {path}");
        }

        // What its models said is on the tape; the program itself runs again, and nobody is asked.
        var asked = server.Requests.Count;
        File.Delete(Path.Combine(_godwit.Home, "models.yaml"));
        (exit, output, error) = _godwit.Run("run", goal, "--cassette", tape);
        Assert.True(
            exit == 0 && (output + error).Contains("verified", StringComparison.Ordinal),
            $"{output}\n{error}\n{_godwit.Run("log", "last").Output}");
        Assert.Equal(asked, server.Requests.Count);

        // The second question has the first command's output in it: a token and numbers of processes.
        Assert.Contains($"{asked} recorded replies played, 1 of them to a request that differs", output + error, StringComparison.Ordinal);
        Assert.Equal(0, _godwit.RunJson("show", "last", "--costs").GetProperty("dollars").GetDecimal());
    }

    private (string Goal, string Key) Goal(string program, string dialect, string address)
    {
        Directory.CreateDirectory(_godwit.Home);
        var key = _godwit.Folder("keys", ("key", "sk-planted-by-the-test"));
        File.SetUnixFileMode(Path.Combine(key, "key"), UnixFileMode.UserRead);
        File.WriteAllText(Path.Combine(_godwit.Home, "models.yaml"), $$"""
            providers: { x: { dialect: {{dialect}}, url: "{{address}}{{(dialect == "anthropic" ? "" : "/v1")}}", key_file: "{{key}}/key" } }
            models: { m: { provider: x, id: scripted-model, input: 5, output: 30, max_output: 2000 } }
            roles: { worker: [m] }
            """);
        var goal = _godwit.Folder(
            "goal",
            ("bench", "#!/bin/sh\necho METRIC bytes=$(wc -c < $GODWIT_ARTIFACTS/src.txt)\n"),
            ("check", "#!/bin/sh\ngrep -q keep src.txt || { echo 'the word is gone'; exit 1; }\n"),
            ("src.txt", $"keep\n{new string('x', 500)}\n"),
            ("godwit.yaml", $$"""
                goal: Fewer bytes
                editable: [src.txt]
                check: ./check
                measure: {command: cp src.txt $GODWIT_OUT, score: ./bench, metric: bytes, direction: minimise}
                holdout: {command: cp src.txt $GODWIT_OUT}
                agents: {program: {{program}}, time: 2m}
                budget: {trials: 1, dollars: 5}
                seed: 4
                """));
        return (goal, key);
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void Run_ModelAsksForWhatARuleForbids_ReadsTheRuleAndGoesOn(string program, string dialect)
    {
        Suite.RequireWhole(but: program == "claude");
        Assert.SkipUnless(Godwit.Sandbox.ProgramFinder.Find(program) is not null, $"{program} isn't installed (npm)");
        using var server = new ScriptedProvider(request =>
        {
            var said = request.ToJsonString().Split("I take the filler out.").Length - 1;
            return (request["tools"] as JsonArray)?.Count > 0 != true ? new ScriptedReply("A title")
                : said == 0 ? Shell(request, "touch escaped; curl http://example.org")
                : said == 1 ? Shell(request, "printf 'keep\\nxx\\n' > src.txt")
                : new ScriptedReply("The filler is gone.");
        });
        var (goal, _) = Goal(program, dialect, server.Address);
        var (exit, output, error) = _godwit.Run("run", goal);
        Assert.True(
            exit == 0 && (output + error).Contains("verified", StringComparison.Ordinal),
            $"{output}\n{error}\n{_godwit.Run("log", "last").Output}");
        var answered = server.Requests.First(request => request.ToJsonString().Contains("I take the filler out.", StringComparison.Ordinal))
            .ToJsonString();
        Assert.Contains("there is no network here; packages that the build needs are already there", answered, StringComparison.Ordinal);
        Assert.DoesNotContain("touch escaped", answered, StringComparison.Ordinal);
        Assert.Contains("refused by rule", _godwit.Run("log", "last").Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void Run_CassetteOfGodwitsOwnAgent_EndsWithOneLineThatSaysSo(string program, string dialect)
    {
        Suite.RequireWhole(but: program == "claude");
        Assert.SkipUnless(Godwit.Sandbox.ProgramFinder.Find(program) is not null, $"{program} isn't installed (npm)");
        var (goal, _) = Goal(program, dialect, "http://127.0.0.1:1");
        var tape = Path.Combine(Path.GetDirectoryName(_godwit.Home)!, "own.jsonl");
        const string Usage = """{"input":1,"cachedInput":0,"output":1,"surcharge":0}""";
        File.WriteAllText(
            tape, $$"""{"agent":"trial-1","turn":1,"request":"0","reply":{"model":"m","parts":[],"stop":1,"usage":{{Usage}} } }""" + "\n");
        var (exit, output, error) = _godwit.Run("run", goal, "--cassette", tape);
        Assert.Equal(1, exit);
        var failed = (output + error).Split('\n').Single(line => line.StartsWith("failed", StringComparison.Ordinal));
        Assert.True(
            failed.Contains(
                $"the cassette {tape} has Godwit's own agent's replies for trial-1; record it again with the goal as it is",
                StringComparison.Ordinal),
            failed);
        Assert.DoesNotContain("responseBody", failed, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Run_KilledWhileItWaitsForItsSecondAnswer_TheFirstIsntPaidAgain(string program, string dialect)
    {
        // It makes up an id for each message, so it is the hardest to recognise.
        Suite.RequireWhole(but: program == "codex");
        Assert.SkipUnless(Godwit.Sandbox.ProgramFinder.Find(program) is not null, $"{program} isn't installed (npm)");
        using var gate = new ManualResetEventSlim();
        var (first, second) = (0, 0);
        using var server = new ScriptedProvider(request =>
        {
            if ((request["tools"] as JsonArray)?.Count > 0 != true)
            {
                return new ScriptedReply("A title");
            }

            if (!request.ToJsonString().Contains("I take the filler out.", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref first);
                return Shell(request, "printf 'keep\\nxx\\n' > src.txt");
            }

            Interlocked.Increment(ref second);
            gate.Wait(TimeSpan.FromSeconds(60));
            return new ScriptedReply("The filler is gone.");
        });
        var (goal, _) = Goal(program, dialect, server.Address);
        using (var process = _godwit.Start("run", goal))
        {
            await Durable.Eventually.TrueAsync(() => Volatile.Read(ref second) == 1, "the second question");
            process.Kill();
            await process.WaitForExitAsync();
        }

        gate.Set();
        var (exit, output, error) = _godwit.Run("resume", "last");
        Assert.True(
            exit == 0 && (output + error).Contains("verified", StringComparison.Ordinal),
            $"{output}\n{error}\n{_godwit.Run("log", "last").Output}");
        Assert.Equal((1, 2), (first, second));
        Assert.Equal(1, _godwit.RunJson("show", "last", "--costs").GetProperty("in_flight").GetProperty("calls").GetInt32());
    }

    [Fact]
    public async Task Run_KilledWhileAProgramWaits_ItsAnsweredCallsAreNotPaidAgain()
    {
        using var gate = new ManualResetEventSlim();
        using var server = new ScriptedProvider(request =>
        {
            if (request.ToJsonString().Contains("second question", StringComparison.Ordinal))
            {
                gate.Wait(TimeSpan.FromSeconds(60));
            }

            return new ScriptedReply("an answer");
        });
        var goal = Small(server, """
            #!/bin/bash
            ask() {
              body="{\"model\":\"m\",\"session\":\"$RANDOM\",\"messages\":[{\"role\":\"user\",\"content\":\"$1\"}]}"
              exec 3<>"/dev/tcp/127.0.0.1/${GODWIT_GATEWAY##*:}"
              printf 'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' "$GODWIT_TOKEN" "${#body}" "$body" >&3
              cat <&3 | tail -n 1
            }
            ask "first question"
            echo more >> src.txt
            ask "second question"
            printf 'keep\nx\n' > src.txt
            """);
        using (var process = _godwit.Start("run", goal))
        {
            await Durable.Eventually.TrueAsync(() => server.Requests.Count == 2, "the second question");
            process.Kill();
            await process.WaitForExitAsync();
        }

        gate.Set();
        var (exit, output, error) = _godwit.Run("resume", "last");
        Assert.True(
            exit == 0 && (output + error).Contains("verified", StringComparison.Ordinal),
            $"{output}\n{error}\n{_godwit.Run("log", "last").Output}");
        Assert.Equal(
            ["first question", "second question", "second question"],
            server.Requests.Select(request => request["messages"]![0]!["content"]!.GetValue<string>()));
        var costs = _godwit.RunJson("show", "last", "--costs");
        Assert.Equal(1, costs.GetProperty("in_flight").GetProperty("calls").GetInt32());
        Assert.True(costs.GetProperty("dollars").GetDecimal() >= server.Billed);
    }

    /// <summary>A model decides on a line that a rule asks about, once, before the program is given it.</summary>
    [Fact]
    public void Run_ProgramsModelWantsWhatARuleAsksAbout_TheGuardianDecides()
    {
        const string Denies = """{"risk": "high", "authorisation": "none", "outcome": "deny", "rationale": "Nobody asked for it."}""";
        bool IsReview(JsonNode request) => request.ToJsonString().Contains("You guard a machine", StringComparison.Ordinal);
        using var server = new ScriptedProvider(
            request => IsReview(request) ? new ScriptedReply(Denies) : new ScriptedReply(null, ("bash", """{"command":"nohup ./server"}""")));
        var goal = Small(server, """
            body='{"model":"m","messages":[{"role":"user","content":"what now?"}]}'
            exec 3<>"/dev/tcp/127.0.0.1/${GODWIT_GATEWAY##*:}"
            printf 'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' "$GODWIT_TOKEN" "${#body}" "$body" >&3
            cat <&3 | grep -a choices
            printf 'keep\nx\n' > src.txt
            """, roles: "worker: [m], guardian: [m]");
        var (exit, output, error) = _godwit.Run("run", goal);
        Assert.True(exit == 0, output + error);
        Assert.Equal(1, server.Requests.Count(IsReview));
        Assert.Contains("the guardian denied it: Nobody asked for it.", _godwit.Run("log", "last").Output, StringComparison.Ordinal);
        Assert.Equal(server.Billed, _godwit.RunJson("show", "last", "--costs").GetProperty("dollars").GetDecimal());
    }

    [Fact]
    public void Run_ProgramDoesntWaitForAnAnswer_TheCallIsBookedOnceAtItsWorstCase()
    {
        using var gate = new ManualResetEventSlim();
        using var server = new ScriptedProvider(_ =>
        {
            gate.Wait(TimeSpan.FromSeconds(60));
            return new ScriptedReply("too late");
        });
        var goal = Small(server, """
            body='{"model":"m","messages":[]}'
            exec 3<>"/dev/tcp/127.0.0.1/${GODWIT_GATEWAY##*:}"
            printf 'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s' "$GODWIT_TOKEN" "${#body}" "$body" >&3
            sleep 1
            printf 'keep\nx\n' > src.txt
            """, input: 0);
        var (exit, output, error) = _godwit.Run("run", goal);
        gate.Set();
        Assert.True(exit is 0 or 1, $"{output}\n{error}");
        var costs = _godwit.RunJson("show", "last", "--costs");
        Assert.Equal(0.06m, costs.GetProperty("dollars").GetDecimal());
        Assert.Equal(1, costs.GetProperty("in_flight").GetProperty("calls").GetInt32());
    }

    /// <summary>A goal whose agents are a few lines of bash that ask the gateway by themselves.</summary>
    private string Small(ScriptedProvider server, string agent, int input = 5, string roles = "worker: [m]")
    {
        Directory.CreateDirectory(_godwit.Home);
        File.WriteAllText(Path.Combine(_godwit.Home, "models.yaml"), $$"""
            providers: { x: { url: "{{server.Address}}/v1" } }
            models: { m: { provider: x, id: scripted-model, input: {{input}}, output: 30, max_output: 2000 } }
            roles: { {{roles}} }
            """);
        File.WriteAllText(
            Path.Combine(_godwit.Home, "programs.yaml"), "small: {command: bash ./agent, speaks: /chat/completions, events: text}\n");
        return _godwit.Folder(
            "goal",
            ("agent", agent),
            ("bench", "#!/bin/sh\necho METRIC bytes=$(wc -c < $GODWIT_ARTIFACTS/src.txt)\n"),
            ("src.txt", $"keep\n{new string('x', 500)}\n"),
            ("godwit.yaml", """
                goal: Fewer bytes
                editable: [src.txt]
                measure: {command: cp src.txt $GODWIT_OUT, score: ./bench, metric: bytes, direction: minimise}
                holdout: {command: cp src.txt $GODWIT_OUT}
                agents: {program: small}
                budget: {trials: 1, dollars: 1}
                """));
    }

    [Theory]
    [InlineData("nothing-like-it", "there is no program 'nothing-like-it'; there are codex, claude, opencode")]
    [InlineData("away", "no-such-program isn't on this machine's PATH")]
    [InlineData("small", "asks by /messages, and no model of role 'worker' has a provider that speaks it")]
    public void Run_ProgramThatCantWork_SaysSoBeforeAnythingIsDone(string program, string words)
    {
        Directory.CreateDirectory(_godwit.Home);
        File.WriteAllText(
            Path.Combine(_godwit.Home, "models.yaml"),
            "providers: { x: { url: \"http://127.0.0.1:1/v1\" } }\nmodels: { m: { provider: x, input: 5, output: 30 } " +
            "}\nroles: { worker: [m] }\n");
        File.WriteAllText(
            Path.Combine(_godwit.Home, "programs.yaml"),
            "away: {command: no-such-program}\nsmall: {command: bash ./agent, speaks: /messages}\n");
        var goal = _godwit.Folder("goal", ("bench", "#!/bin/sh\necho METRIC bytes=1\n"), ("godwit.yaml", $$"""
            goal: Fewer bytes
            editable: [src.txt]
            measure: {command: ./bench, metric: bytes, direction: minimise}
            agents: {program: {{program}}}
            """));
        var (exit, _, error) = _godwit.Run("run", goal);
        Assert.Equal(2, exit);
        Assert.Contains(words, error, StringComparison.Ordinal);
    }
}
