using System.Text.Json.Nodes;
using Godwit.Tests.Models;

namespace Godwit.Tests.Cli;

/// <summary>Runs whose agents' actions a model of role guardian decides on, as a user has them.</summary>
public sealed class ReviewedRunTests : AgentRunFixture
{
    private const string Allows = """{"risk": "low", "authorisation": "implied", "outcome": "allow", "rationale": "It helps."}""";

    [Fact]
    public void Run_RoleGuardianHasAModel_DecidesIsPaidAndPlayed()
    {
        using var server = new ScriptedProvider(request => IsReview(request) ? new ScriptedReply(Allows)
            : request["messages"]!.AsArray().Any(message => message!["role"]!.GetValue<string>() == "tool")
                ? new ScriptedReply(null, ("submit", """{"summary":"shorter"}"""))
                : new ScriptedReply(null, ("run", """{"command":"nohup sh -c 'printf \"keep\\nxx\\n\" > src.txt'"}""")));
        Models(server, "input: 5, output: 30");
        var (goal, tape) = (Goal(), Path.Combine(Command.Home, "tape.jsonl"));
        var (exit, output, error) = Command.Run("run", goal, "--record", tape, "--trials", "1");
        Assert.True(exit == 0, output + error);
        Assert.Contains("allow (risk low, authorisation implied): It helps.", Command.Run("log", "last").Output, StringComparison.Ordinal);
        Assert.Equal("allow", Command.RunJson("guardian", "replay", "last")[0].GetProperty("review").GetString(), ignoreCase: true);
        var costs = Command.RunJson("show", "last", "--costs");
        Assert.Equal(server.Billed, costs.GetProperty("dollars").GetDecimal());
        var review = server.Requests.Single(IsReview).ToJsonString();
        Assert.Contains("Fewer bytes", review, StringComparison.Ordinal);

        // A recording plays its verdicts, and one without any has no reviewer, whatever the user's models are by then.
        Assert.Equal("verified", Command.RunJson("run", goal, "--cassette", tape, "--trials", "1").GetProperty("state").GetString());
        File.WriteAllLines(tape, File.ReadLines(tape).Where(line => !line.Contains("/guardian\"", StringComparison.Ordinal)).ToList());
        Command.Run("run", goal, "--cassette", tape, "--trials", "1");
        var log = Command.Run("log", "last").Output;
        Assert.Contains("would ask a person, and nobody answers here", log, StringComparison.Ordinal);
        Assert.DoesNotContain("no verdict came", log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "", "model 'm' has no price, and a budget of dollars can't hold it")]
    [InlineData("input: 5, output: 30", "providers: [local]", "plays the role 'guardian'")]
    public void Run_GuardianThatCantBeHeldOrAsked_IsRefusedBeforeAnythingIsDone(string price, string more, string words)
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply(Allows));
        Models(server, price, more.Length > 0 ? "https://far.example.org/v1" : server.Address);
        var (exit, _, error) = Command.Run("run", Goal(more), "--trials", "1");
        Assert.Equal(2, exit);
        Assert.Contains(words, error, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    private void Models(ScriptedProvider server, string price, string? guardian = null)
    {
        Directory.CreateDirectory(Command.Home);
        File.WriteAllText(Path.Combine(Command.Home, "models.yaml"), $$"""
            providers: { x: { url: "{{server.Address}}/v1" }, y: { url: "{{guardian ?? server.Address}}/v1" } }
            models:
              w: { provider: x, id: scripted, input: 5, output: 30, max_output: 1000 }
              m: { provider: y, id: scripted, max_output: 1000{{(price.Length > 0 ? ", " + price : "")}} }
            roles: { worker: [w], guardian: [m] }
            """);
    }

    private static bool IsReview(JsonNode request) => request.ToJsonString().Contains("You guard a machine", StringComparison.Ordinal);
}
