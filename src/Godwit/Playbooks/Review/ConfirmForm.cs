using System.Text.Json;
using Godwit.Agents;
using Godwit.Models;

namespace Godwit.Playbooks.Review;

/// <summary>What a second reviewer fills in about another's finding.</summary>
internal sealed class ConfirmForm : SubmissionForm
{
    public const string FormName = "confirm";

    public override string Name => FormName;

    public override ToolSpec Spec { get; } = new(
        AgentPrompt.Submit.Name,
        "Says whether the finding is right.",
        """{"type":"object","required":["confirmed","why"],"properties":{"confirmed":{"type":"boolean"},"why":{"type":"string"}}}""");

    public override IReadOnlyList<string> ProblemsOf(AgentTask task, string json, IReadOnlyList<string> opened) =>
        Flag(json) is null ? ["'confirmed' is missing; it must be true or false"] : [];

    /// <summary>Whether it was confirmed.</summary>
    public static bool Read(string? json) => json is not null && Flag(json) == true;

    private static bool? Flag(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.TryGetProperty("confirmed", out var value)
            ? value.ValueKind switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => null }
            : null;
    }
}
