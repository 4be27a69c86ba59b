using System.Text.Json.Nodes;
using Godwit.Tests.Models;

namespace Godwit.Tests.Cli;

/// <summary>Runs whose agents are coding agents from npm, asked by the gateway's token and answered by a scripted provider.</summary>
public sealed class ProgramRunTests : IDisposable
{
    private readonly Program _godwit = new();

    public void Dispose() => _godwit.Dispose();

    public static TheoryData<string, string> Programs => new() { { "codex", "openai" }, { "opencode", "compatible" }, { "claude", "anthropic" } };

    /// <summary>The shell tool of whichever program asks, with the arguments that it wants.</summary>
    private static ScriptedReply Shell(JsonNode request, string command)
    {
        var tools = request["tools"]!.AsArray().Select(tool => (Name: (tool!["name"] ?? tool["function"]?["name"])?.GetValue<string>() ?? "", Tool: tool)).ToList();
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
        Assert.SkipUnless(Godwit.Agents.ProgramFinder.Find(program) is not null, $"{program} isn't installed (npm)");
        using var server = new ScriptedProvider(request =>
            (request["tools"] as JsonArray)?.Count > 0 != true ? new ScriptedReply("A title")
            : request.ToJsonString().Contains("I take the filler out.", StringComparison.Ordinal) ? new ScriptedReply("The filler is gone, and ./check passes.")
            : Shell(request, "env; cat /proc/*/environ; printf 'keep\\nxx\\n' > src.txt && ./check; echo done with $?"));
        Directory.CreateDirectory(_godwit.Home);
        var key = _godwit.Folder("keys", ("key", "sk-planted-by-the-test"));
        File.SetUnixFileMode(Path.Combine(key, "key"), UnixFileMode.UserRead);
        File.WriteAllText(Path.Combine(_godwit.Home, "models.yaml"), $$"""
            providers: { x: { dialect: {{dialect}}, url: "{{server.Address}}{{(dialect == "anthropic" ? "" : "/v1")}}", key_file: "{{key}}/key" } }
            models: { m: { provider: x, id: scripted-model, input: 5, output: 30, max_output: 2000 } }
            roles: { worker: [m] }
            """);
        var goal = _godwit.Folder(
            "goal",
            ("bench", "#!/bin/sh\necho METRIC bytes=$(wc -c < src.txt)\n"),
            ("check", "#!/bin/sh\ngrep -q keep src.txt || { echo 'the word is gone'; exit 1; }\n"),
            ("src.txt", $"keep\n{new string('x', 500)}\n"),
            ("godwit.yaml", $$"""
                goal: Fewer bytes
                editable: [src.txt]
                check: ./check
                measure: {command: ./bench, metric: bytes, direction: minimise}
                holdout: {command: ./bench}
                agents: {program: {{program}}, time: 2m}
                budget: {trials: 1, dollars: 5}
                seed: 4
                """));
        var (exit, output, error) = _godwit.Run("run", goal);
        Assert.True(exit == 0 && (output + error).Contains("verified", StringComparison.Ordinal), $"{output}\n{error}\n{_godwit.Run("log", "last").Output}");
        Assert.All(server.Keys, sent => Assert.Contains("sk-planted-by-the-test", sent, StringComparison.Ordinal));
        var log = _godwit.Run("log", "last").Output;
        Assert.Contains("I take the filler out.", log, StringComparison.Ordinal);
        Assert.Contains("The filler is gone", log, StringComparison.Ordinal);
        var costs = _godwit.RunJson("show", "last", "--costs");
        Assert.Equal(server.Billed, costs.GetProperty("dollars").GetDecimal());
        Assert.Equal("trial-1", costs.GetProperty("agents")[0].GetProperty("name").GetString());
        Assert.Contains("GODWIT_TOKEN=godwit-", log, StringComparison.Ordinal);
        foreach (var path in Directory.EnumerateFiles(Path.GetDirectoryName(_godwit.Home)!, "*", SearchOption.AllDirectories).Where(path => path != Path.Combine(key, "key") && new FileInfo(path).LinkTarget is null))
        {
            Assert.False(File.ReadAllBytes(path).AsSpan().IndexOf("sk-planted-by-the-test"u8) >= 0, $"the key is in {path}");
        }
    }
}
