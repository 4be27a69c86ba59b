using System.Globalization;
using System.Text.Json;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Guardian;
using Godwit.Models;

namespace Godwit.Agents;

/// <summary>An action of a run, as it was judged then and as it would be now.</summary>
/// <param name="Agent">Whose it was.</param>
/// <param name="Tool">The tool.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Then">What the rules said, as the journal has it.</param>
/// <param name="ThenBy">The rule that decided; empty for none.</param>
/// <param name="Review">What the reviewer model said, where it was asked; null where it wasn't.</param>
/// <param name="Now">What the rules say now.</param>
public sealed record ReplayedAction(
    string Agent, string Tool, string Arguments, Verdict Then, string ThenBy, ReviewVerdict? Review, Decision Now);

/// <summary>By what a run's actions are judged, from where this stands in its journal.</summary>
/// <param name="Parser">What reads shell lines, with its version.</param>
/// <param name="Rules">The first digits of the SHA-256 of all rules and programs.</param>
/// <param name="IsReviewed">Whether a model decides on what a rule asks about.</param>
/// <param name="HasNetwork">Whether a proxy decides on requests, so that wanting the network is nothing against an action.</param>
public sealed record GuardianNote(string Parser, string Rules, bool IsReviewed, bool HasNetwork = false)
{
    /// <summary>The key of these notes in the journal.</summary>
    public const string Key = "guardian";
}

/// <summary>Judges again what a run's journal has of its agents' actions: of Godwit's own, whose refused calls are in it, too.</summary>
public static class GuardianReplay
{
    /// <summary>All actions of a run, in their order.</summary>
    /// <param name="reader">The run's journal.</param>
    /// <param name="gatekeeper">The rules of now.</param>
    public static IReadOnlyList<ReplayedAction> Judge(JournalReader reader, Gatekeeper gatekeeper)
    {
        var agents = new Dictionary<long, string>();
        var calls = new Dictionary<long, IReadOnlyList<MessagePart.ToolCall>>();
        var actions = new List<ReplayedAction>();
        var places = new Dictionary<(long, string), int>();
        ReadOnlySpan<EntryKind> kinds = [EntryKind.ProcessStarted, EntryKind.StepCompleted, EntryKind.Noted];
        foreach (var entry in reader.After(0, kinds))
        {
            switch (entry.Kind)
            {
                case EntryKind.Noted when entry.Process == DurableRun.Host && entry.Key == GuardianNote.Key:
                    if (Canonical.Deserialize<GuardianNote>(entry.Data.Span).HasNetwork)
                    {
                        gatekeeper = gatekeeper.WithNetwork();
                    }

                    break;
                case EntryKind.ProcessStarted when EntryInfo.Of<EntryInfo.Started>(entry).Playbook == "agent/segment":
                    agents[entry.Process] = Canonical.Deserialize<AgentState>(entry.Data.Span).Task.Name;
                    break;
                case EntryKind.StepCompleted when AgentTopic.Of(entry) == AgentTopic.Reply && agents.ContainsKey(entry.Process):
                    calls[entry.Process] = Canonical.Deserialize<ModelStepResult>(entry.Data.Span).Reply.Calls;
                    break;
                case EntryKind.StepCompleted when AgentTopic.Of(entry) == AgentTopic.Results
                    && !entry.Key.EndsWith("/granted", StringComparison.Ordinal)
                    && calls.TryGetValue(entry.Process, out var wanted) && FirstOf(entry.Key) is { } first:
                    var outputs = Canonical.Deserialize<IReadOnlyList<JudgedOutput>>(entry.Data.Span);
                    for (var offset = 0; offset < outputs.Count && first - 1 + offset < wanted.Count; offset++)
                    {
                        places[(entry.Process, offset == 0 ? entry.Key : $"{entry.Key}/{offset + 1}")] = actions.Count;
                        actions.Add(Judge(agents[entry.Process], wanted[first - 1 + offset], outputs[offset], gatekeeper));
                    }

                    break;
                case EntryKind.Noted when AgentTopic.Of(entry) == AgentTopic.Verdict
                    && places.TryGetValue((entry.Process, entry.Key[..entry.Key.LastIndexOf('/')]), out var place):
                    actions[place] = actions[place] with { Review = Canonical.Deserialize<ReviewVerdict>(entry.Data.Span) };
                    break;
            }
        }

        return actions;
    }

    /// <summary>The action of a tool call.</summary>
    /// <param name="tool">The tool.</param>
    /// <param name="arguments">Its arguments, as JSON; what can't be read is no action.</param>
    public static ProposedAction ActionOf(string tool, string arguments)
    {
        try
        {
            using var read = JsonDocument.Parse(arguments);
            string? Text(string name) => read.RootElement.ValueKind == JsonValueKind.Object
                && read.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()
                    : null;
            IReadOnlyList<string> path = Text("path") is { } named ? [named] : [];
            return tool switch
            {
                "run" => new ProposedAction(Text("command"), [], []),
                "write" or "edit" or "revert" => new ProposedAction(null, [], path),
                _ => new ProposedAction(null, path, []),
            };
        }
        catch (JsonException)
        {
            return new ProposedAction(null, [], []);
        }
    }

    private static ReplayedAction Judge(string agent, MessagePart.ToolCall call, JudgedOutput output, Gatekeeper gatekeeper)
    {
        const string Refused = "refused by rule '";
        var (then, by) = output.Asks is { } asked ? (Verdict.Ask, asked.Rule)
            : output.Failed && output.Content.StartsWith(Refused, StringComparison.Ordinal)
                ? (Verdict.Deny, output.Content[Refused.Length..].Split("': ")[0])
                : (Verdict.Allow, "");
        return new ReplayedAction(agent, call.Name, call.Arguments, then, by, null, gatekeeper.Decide(ActionOf(call.Name, call.Arguments)));
    }

    /// <summary>Which of a reply's calls a step's first one is: <c>turn/3/tools/2</c> begins with the second.</summary>
    private static int? FirstOf(string key) =>
        int.TryParse(key[(key.LastIndexOf('/') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var first) && first > 0
            ? first : null;
}
