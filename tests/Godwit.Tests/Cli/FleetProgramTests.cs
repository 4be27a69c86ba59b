using System.Text.Json.Nodes;
using Godwit.Tests.Models;

namespace Godwit.Tests.Cli;

/// <summary>A fleet whose workers are coding agents from npm, each asked in its provider's own dialect, beside Godwit's own planner and reviewer.</summary>
public sealed class FleetProgramTests : IDisposable
{
    private const string Plan = """
        {"reason":"two tools","tasks":[
          {"id":"T1","intent":"Write greet.sh, which prints 'Hello, NAME' for its argument.","scope":["greet.sh"],"asserts":["A1"],"share":0.4},
          {"id":"T2","intent":"Write count.sh, which prints how many lines it reads.","scope":["count.sh"],"asserts":["A2"],"share":0.4}]}
        """;

    private readonly Program _godwit = new();

    public void Dispose() => _godwit.Dispose();

    [Fact]
    public void Run_CodexAndClaudeAsWorkers_BothAreHeldByTheirScopesAndTheirWorkIsMerged()
    {
        Suite.RequireWhole();
        foreach (var program in (string[])["codex", "claude"])
        {
            Assert.SkipUnless(Godwit.Sandbox.ProgramFinder.Find(program) is not null, $"{program} isn't installed (npm)");
        }

        using var own = new ScriptedProvider(OwnAgents) { InputPrice = 1, OutputPrice = 3 };
        using var codex = new ScriptedProvider(Worker);
        using var claude = new ScriptedProvider(Worker);
        var folder = Repository();
        Directory.CreateDirectory(_godwit.Home);
        File.WriteAllText(Path.Combine(_godwit.Home, "models.yaml"), $$"""
            providers:
              x: { url: "{{own.Address}}/v1" }
              o: { dialect: openai, url: "{{codex.Address}}/v1" }
              a: { dialect: anthropic, url: "{{claude.Address}}" }
            models:
              m: { provider: x, id: m, input: 1, output: 3, max_output: 4000 }
              n: { provider: o, id: scripted-model, input: 5, output: 30, max_output: 2000 }
              p: { provider: a, id: scripted-model, input: 5, output: 30, max_output: 2000 }
            roles: { planner: [m], reviewer: [m], first: [n], second: [p] }
            """);
        var run = _godwit.RunJson("run", folder.Path);
        var log = _godwit.Run("log", "last").Output;
        Assert.True(run.GetProperty("state").GetString() == "verified", log);
        var branch = run.GetProperty("branch").GetString()!;
        Assert.Equal("accept/count\naccept/greet\ncount.sh\ngodwit.yaml\ngreet.sh\n", folder.Git("ls-tree", "-r", "--name-only", branch));
        Assert.Equal("#!/bin/sh\n", folder.Git("show", $"{branch}:accept/count")[..10]);

        // One task each, both at work, and neither has taken the other's file or what accepts.
        Assert.NotEmpty(codex.Requests);
        Assert.NotEmpty(claude.Requests);
        Assert.Contains("The file is written.", log, StringComparison.Ordinal);
        Assert.Equal(own.Billed + codex.Billed + claude.Billed, _godwit.RunJson("show", "last", "--costs").GetProperty("dollars").GetDecimal());
    }

    /// <summary>Writes its own file, the other task's, and what accepts the work; then it says that it is done.</summary>
    private static ScriptedReply Worker(JsonNode request)
    {
        var text = request.ToJsonString();
        var (own, other) = text.Contains("Write greet.sh", StringComparison.Ordinal) ? ("greet.sh", "count.sh") : ("count.sh", "greet.sh");
        var script = own == "greet.sh" ? """echo "Hello, $1" """ : "wc -l";
        return (request["tools"] as JsonArray)?.Count > 0 != true ? new ScriptedReply("A title")
            : text.Contains("I take the filler out.", StringComparison.Ordinal) ? new ScriptedReply("The file is written.")
            : ProgramRunTests.Shell(request, $"printf '%s\\n' '{script.TrimEnd()}' > {own}; echo mine > {other}; echo exit 0 > accept/count");
    }

    private static ScriptedReply OwnAgents(JsonNode request)
    {
        var words = request["messages"]!.AsArray().First(message => message!["role"]!.ToString() == "user")!["content"]!.ToString();
        var turn = request["messages"]!.AsArray().Count(message => message!["role"]!.ToString() == "assistant");
        if (!words.Contains("Review a change", StringComparison.Ordinal))
        {
            return new ScriptedReply(null, ("submit", Plan));
        }

        var changed = words.Split('\n').First(line => line.StartsWith("+++ b/", StringComparison.Ordinal))[6..];
        return turn == 0
            ? new ScriptedReply(null, ("read", $$"""{"path":"{{changed}}"}"""))
            : new ScriptedReply(null, ("submit", """{"words":"I looked at it","findings":[]}"""));
    }

    private GitFolder Repository()
    {
        var path = _godwit.Folder("repository", ("godwit.yaml", """
            goal: A greeter and a counter
            playbook: build
            protected: [accept]
            acceptance:
              - {id: A1, says: It greets, run: ./accept/greet}
              - {id: A2, says: It counts, run: ./accept/count}
            plan: auto
            agents: [{program: codex, role: first, time: 2m}, {program: claude, role: second, time: 2m}]
            budget: {dollars: 5}
            """));
        _godwit.Folder(
            Path.Combine("repository", "accept"),
            ("greet", "#!/bin/sh\ntest \"$(sh greet.sh World)\" = 'Hello, World' || { echo error: it greets wrong; exit 1; }\n"),
            ("count", "#!/bin/sh\ntest \"$(printf 'a\\nb\\n' | sh count.sh)\" = 2 || { echo error: it counts wrong; exit 1; }\n"));
        return GitFolder.Of(path);
    }
}
