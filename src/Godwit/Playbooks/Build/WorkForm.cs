using System.Text.Json;
using Godwit.Agents;
using Godwit.Models;

namespace Godwit.Playbooks.Build;

/// <summary>What a worker says when it hands its files over; all of it is a claim.</summary>
/// <param name="Summary">What it changed and why.</param>
/// <param name="Undone">What of the task it has left undone.</param>
/// <param name="Deviates">Where it did otherwise than the task says.</param>
/// <param name="Worries">What whoever goes on should look at.</param>
/// <param name="Wrong">Why the task can't be done as it is written; empty where it can.</param>
public sealed record WorkClaims(string Summary, string Undone = "", string Deviates = "", string Worries = "", string Wrong = "");

/// <summary>What a worker fills in beside its files.</summary>
internal sealed class WorkForm : SubmissionForm
{
    public const string FormName = "work";

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { RespectNullableAnnotations = true };

    public override string Name => FormName;

    public override ToolSpec Spec { get; } = new(
        AgentPrompt.Submit.Name,
        "Ends your work: hand over the files as they are.",
        """
        {"type":"object","required":["summary"],"properties":{
          "summary":{"type":"string","description":"what you changed and why"},
          "undone":{"type":"string","description":"what of the task you have left undone"},
          "deviates":{"type":"string","description":"where you did otherwise than the task says"},
          "worries":{"type":"string","description":"what whoever goes on should look at"},
          "wrong":{"type":"string",
            "description":"only where the task can't be done as it is written: why; your files aren't taken then, and the work is planned anew"}}}
        """);

    public override string InWords(string json) => Words(Read(json));

    public override IReadOnlyList<string> ProblemsOf(AgentTask task, string json, IReadOnlyList<string> opened)
    {
        try
        {
            return string.IsNullOrWhiteSpace(Read(json).Summary) ? ["'summary' is missing: say what you changed and why"] : [];
        }
        catch (JsonException wrong)
        {
            return [$"it doesn't have the form: {wrong.Message}"];
        }
    }

    /// <summary>The claims that were filled in.</summary>
    /// <exception cref="JsonException">They don't have the form.</exception>
    public static WorkClaims Read(string json) => JsonSerializer.Deserialize<WorkClaims>(json, Options) ?? throw new JsonException("it is null");

    /// <summary>Claims as they are told to people.</summary>
    public static string Words(WorkClaims claims)
    {
        (string What, string? Text)[] more =
        [
            ("Undone", claims.Undone), ("Otherwise than asked", claims.Deviates), ("Worries", claims.Worries), ("The task is wrong", claims.Wrong),
        ];
        return string.Join('\n', more.Where(one => !string.IsNullOrWhiteSpace(one.Text)).Select(one => $"{one.What}: {one.Text}").Prepend(claims.Summary));
    }
}
