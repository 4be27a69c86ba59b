using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Models;
using Godwit.Tools;

namespace Godwit.Agents;

/// <summary>A line of an agent's transcript.</summary>
/// <param name="Agent">The agent.</param>
/// <param name="What">task, says, calls, gets, failed, asks, ends, or saw for what verification saw.</param>
/// <param name="Text">The words.</param>
/// <param name="At">When.</param>
public sealed record LogLine(string Agent, string What, string Text, DateTimeOffset At);

/// <summary>What was spent on one thing.</summary>
/// <param name="Budget">The budget's node: the agent.</param>
/// <param name="Role">The role that asked; empty where it isn't known.</param>
/// <param name="Model">The model; empty for a call that has no answer.</param>
/// <param name="InFlight">It was in flight when its owner died, and is booked at its worst case: the price of a resume.</param>
/// <param name="Charge">The cost.</param>
/// <param name="Estimated">The provider counted nothing, and the tokens are Godwit's own count.</param>
public sealed record CostLine(string Budget, string Role, string Model, bool InFlight, Charge Charge, bool Estimated = false);

/// <summary>Reads what agents did and spent out of a journal.</summary>
public static class AgentLog
{
    /// <summary>The transcripts of all agents, each in order.</summary>
    public static IEnumerable<LogLine> Read(JournalReader reader)
    {
        var names = new Dictionary<long, string>();
        var lives = new HashSet<long>();
        foreach (var entry in reader.After(0))
        {
            if (entry.Kind == EntryKind.ProcessStarted)
            {
                switch (EntryInfo.Of(entry).Playbook)
                {
                    case "agent" or "agent/program":
                        var task = Canonical.Deserialize<AgentTask>(entry.Data.Span);
                        lives.Add(entry.Process);
                        yield return new LogLine(names[entry.Process] = task.Name, "task", task.Goal, entry.At);
                        break;
                    case "agent/segment":
                        names[entry.Process] = Canonical.Deserialize<AgentState>(entry.Data.Span).Task.Name;
                        break;
                }
            }
            else if (names.TryGetValue(entry.Process, out var agent))
            {
                foreach (var (what, text) in lives
                    .Contains(entry.Process) && entry.Kind == EntryKind.ProcessCompleted
                        ? [End(Canonical.Deserialize<AgentResult>(entry.Data.Span))]
                        : Lines(reader, entry))
                {
                    yield return new LogLine(agent, what, text, entry.At);
                }
            }
        }
    }

    /// <summary>The JSON of an answer to an action that waits.</summary>
    public static string AnswerOf(Approval approval) => System.Text.Encoding.UTF8.GetString(Canonical.Serialize(approval));

    /// <summary>All that was spent under a budget.</summary>
    public static IReadOnlyList<CostLine> Costs(JournalReader reader)
    {
        var lines = new List<CostLine>();
        var open = new Dictionary<(long, string), CostLine>();
        var roles = new Dictionary<long, string>();
        foreach (var entry in reader
            .After(
                0, EntryKind.ProcessStarted, EntryKind.StepIntended, EntryKind.StepBooked, EntryKind.StepCompleted, EntryKind.StepFailed))
        {
            if (entry.Kind == EntryKind.ProcessStarted)
            {
                roles[entry.Process] = EntryInfo.Of(entry).Playbook switch
                {
                    "agent" or "agent/program" => Canonical.Deserialize<AgentTask>(entry.Data.Span).Role,
                    "agent/segment" => Canonical.Deserialize<AgentState>(entry.Data.Span).Task.Role,
                    _ => "",
                };
            }

            if (EntryInfo.Of(entry) is not { Budget: { } budget, Charge: { } charge })
            {
                continue;
            }

            var role = roles.GetValueOrDefault(entry.Process, "");

            open.Remove((entry.Process, entry.Key));
            switch (entry.Kind)
            {
                case EntryKind.StepIntended:
                    open[(entry.Process, entry.Key)] = new CostLine(budget, role, "", true, charge);
                    break;
                case EntryKind.StepFailed when charge == Charge.None:
                    // It wasn't billed.
                    break;
                case EntryKind.StepCompleted:
                    var reply = Canonical.Deserialize<ModelStepResult>(entry.Data.Span).Reply;
                    lines.Add(new CostLine(budget, role, reply.Model, false, charge, reply.IsEstimated));
                    break;
                default:
                    lines.Add(new CostLine(budget, role, "", entry.Kind == EntryKind.StepBooked, charge));
                    break;
            }
        }

        return [.. lines, .. open.Values];
    }

    private static (string What, string Text) End(AgentResult result) => ("ends", $"{result.End}: {result.Reason ?? result.Summary}");

    /// <summary>Whether a key ends in a name, or in a name and a number: what stands below it is something else.</summary>
    private static bool IsStepOf(string name, string key) =>
        key.Split('/') is var parts && (parts[^1] == name || (parts.Length > 1 && parts[^2] == name && int.TryParse(parts[^1], out _)));

    private static IEnumerable<(string What, string Text)> Lines(JournalReader reader, Entry entry)
    {
        if (entry is { Kind: EntryKind.StepCompleted, Key: "program" })
        {
            var end = Canonical.Deserialize<ProgramEnd>(entry.Data.Span);
            return ProgramOutput.Lines(end.Events, System.Text.Encoding.UTF8.GetString(reader.Blob(end.Output)));
        }

        if (entry.Kind == EntryKind.StepFailed)
        {
            return [("failed", Canonical.Deserialize<Failure>(entry.Data.Span).Message)];
        }

        if (entry.Kind == EntryKind.StepCompleted && IsStepOf("ask", entry.Key))
        {
            var reply = Canonical.Deserialize<ModelStepResult>(entry.Data.Span).Reply;
            return reply.Parts.Select(part => part switch
            {
                MessagePart.Text text => ("says", text.Content),
                MessagePart.ToolCall call => ("calls", $"{call.Name} {call.Arguments}"),
                _ => ("says", ""),
            });
        }

        if (entry.Kind == EntryKind.StepCompleted && IsStepOf("tools", entry.Key))
        {
            return Canonical.Deserialize<IReadOnlyList<ToolOutput>>(entry.Data.Span)
                .Select(output => (output.Failed ? "failed" : "gets", output.Content));
        }

        if (entry.Kind == EntryKind.Noted && entry.Key.EndsWith("/refused", StringComparison.Ordinal))
        {
            return [("failed", Canonical.Deserialize<ToolOutput>(entry.Data.Span).Content)];
        }

        if (entry.Kind == EntryKind.Noted && entry.Key.EndsWith("/asked", StringComparison.Ordinal))
        {
            var asked = Canonical.Deserialize<ApprovalAsked>(entry.Data.Span);
            return [("asks", $"a person for {asked.Tool} {asked.Arguments} (rule '{asked.Rule}')")];
        }

        return [];
    }
}
