using System.Text;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Guardian;
using Godwit.Models;
using Godwit.Tools;

namespace Godwit.Agents;

/// <summary>Reads what happened to agents out of a journal's entries, which are given in their order.</summary>
/// <param name="transcripts">
/// Whether what agents said and saw is wanted too, and which model answered a call: that stands in the answers, which are most of a journal.
/// </param>
public sealed class AgentEvents(bool transcripts)
{
    private readonly Dictionary<long, (string Agent, string Role)> _agents = [];
    private readonly HashSet<long> _lives = [];

    /// <summary>The kinds of entries that tell of agents.</summary>
    public static IReadOnlyList<EntryKind> Kinds { get; } =
    [
        EntryKind.ProcessStarted, EntryKind.StepIntended, EntryKind.StepBooked, EntryKind.StepCompleted, EntryKind.StepFailed,
        EntryKind.Noted, EntryKind.SignalReceived, EntryKind.SignalExpired,
        EntryKind.ProcessCompleted, EntryKind.ProcessFailed, EntryKind.ProcessCancelled,
    ];

    /// <summary>What an entry tells.</summary>
    /// <param name="reader">The journal.</param>
    /// <param name="entry">The next entry of it.</param>
    public IEnumerable<AgentEvent> Of(JournalReader reader, Entry entry)
    {
        if (entry.Kind == EntryKind.ProcessStarted)
        {
            return Start(entry);
        }

        var events = Facts(entry);
        return transcripts && _agents.TryGetValue(entry.Process, out var known)
            ? events.Concat(Lines(reader, entry).Select(line => new AgentEvent.Said(known.Agent, line.What, line.Text)))
            : events;
    }

    private List<AgentEvent> Start(Entry entry)
    {
        switch (EntryInfo.Of<EntryInfo.Started>(entry).Playbook)
        {
            case "agent" or "agent/program":
                var task = Canonical.Deserialize<AgentTask>(entry.Data.Span);
                _agents[entry.Process] = (task.Name, task.Role);
                _lives.Add(entry.Process);
                return transcripts
                    ? [new AgentEvent.Started(entry.Process, task.Name), new AgentEvent.Said(task.Name, "task", task.Goal)]
                    : [new AgentEvent.Started(entry.Process, task.Name)];
            case "agent/segment":
                var continued = Canonical.Deserialize<AgentState>(entry.Data.Span).Task;
                _agents[entry.Process] = (continued.Name, continued.Role);
                return [];
            default:
                return [];
        }
    }

    /// <summary>All but the words.</summary>
    private IEnumerable<AgentEvent> Facts(Entry entry)
    {
        switch (entry.Kind)
        {
            case EntryKind.StepIntended or EntryKind.StepBooked or EntryKind.StepCompleted or EntryKind.StepFailed
                when EntryInfo.Of<EntryInfo.Step>(entry) is { Budget: { } budget, Charge: { } charge }:
                yield return Charged(entry, budget, charge);
                break;
            case EntryKind.Noted when AgentTopic.Of(entry) == AgentTopic.Asked:
                var asked = Canonical.Deserialize<ApprovalAsked>(entry.Data.Span);
                yield return new AgentEvent.Asked(new OpenApproval(entry.Process, asked, entry.At));
                break;
            case EntryKind.SignalReceived:
                yield return new AgentEvent.Answered(entry.Process, entry.Key);
                break;
            case EntryKind.SignalExpired:
                yield return new AgentEvent.WaitExpired(entry.Process);
                break;
            case EntryKind.ProcessCompleted or EntryKind.ProcessFailed or EntryKind.ProcessCancelled:
                yield return new AgentEvent.Ended(entry.Process);
                break;
        }
    }

    private AgentEvent Charged(Entry entry, string budget, Charge charge)
    {
        var (agent, role) = _agents.GetValueOrDefault(entry.Process, ("", ""));
        role = entry.Topic == AgentTopic.Review ? ActionReviewer.Role : role;
        var call = (entry.Process, entry.Key);
        if (entry.Kind == EntryKind.StepIntended)
        {
            return new AgentEvent.Reserved(call, new CostLine(budget, role, "", InFlight: true, charge));
        }

        var cost = entry.Kind switch
        {
            EntryKind.StepBooked => new CostLine(budget, role, "", InFlight: true, charge),
            EntryKind.StepFailed when charge == Charge.None => null,
            EntryKind.StepCompleted when transcripts && Canonical.Deserialize<ModelStepResult>(entry.Data.Span).Reply is var reply =>
                new CostLine(budget, role, reply.Model, InFlight: false, charge, reply.IsEstimated),
            _ => new CostLine(budget, role, "", InFlight: false, charge),
        };
        return new AgentEvent.Charged(call, agent, cost, IsAnswered: entry.Kind == EntryKind.StepCompleted);
    }

    private IEnumerable<(string What, string Text)> Lines(JournalReader reader, Entry entry)
    {
        var topic = AgentTopic.Of(entry);
        switch (entry.Kind)
        {
            case EntryKind.ProcessCompleted when _lives.Contains(entry.Process):
                var result = Canonical.Deserialize<AgentResult>(entry.Data.Span);
                return [("ends", $"{result.End}: {result.Reason ?? result.Summary}")];
            case EntryKind.StepFailed when Canonical.Deserialize<Failure>(entry.Data.Span).Cause == AgentModel.ToldMore:
                return [];
            case EntryKind.StepFailed:
                return [("failed", Canonical.Deserialize<Failure>(entry.Data.Span).Message)];
            case EntryKind.StepCompleted when topic == AgentTopic.Program:
                var end = Canonical.Deserialize<ProgramEnd>(entry.Data.Span);
                return ProgramOutput.Lines(end.Events, Encoding.UTF8.GetString(reader.Blob(end.Output)));
            case EntryKind.StepCompleted when topic == AgentTopic.Reply:
                var step = Canonical.Deserialize<ModelStepResult>(entry.Data.Span);
                return step.Said.Select(words => ("hears", words)).Concat(step.Reply.Parts.Select(Line));
            case EntryKind.StepCompleted when topic == AgentTopic.Results:
                return Canonical.Deserialize<IReadOnlyList<ToolOutput>>(entry.Data.Span)
                    .Select(output => (output.Failed ? "failed" : "gets", output.Content));
            case EntryKind.StepCompleted when topic == AgentTopic.Form:
                var problems = Canonical.Deserialize<IReadOnlyList<string>>(entry.Data.Span);
                return [problems.Count == 0 ? ("gets", "submitted") : ("failed", string.Join('\n', problems))];
            case EntryKind.Noted when topic == AgentTopic.Refused:
                return [("failed", Canonical.Deserialize<ToolOutput>(entry.Data.Span).Content)];
            case EntryKind.Noted when topic == AgentTopic.Verdict:
                var verdict = Canonical.Deserialize<ReviewVerdict>(entry.Data.Span);
                var grounds = verdict.Risk is null ? "" : $" (risk {verdict.Risk}, authorisation {verdict.Authorisation})".ToLowerInvariant();
                return [("guardian", $"{verdict.Outcome.ToString().ToLowerInvariant()}{grounds}: {verdict.Rationale}")];
            case EntryKind.Noted when topic == AgentTopic.Asked:
                var asked = Canonical.Deserialize<ApprovalAsked>(entry.Data.Span);
                return [("asks", $"a person for {asked.Tool} {asked.Arguments} (rule '{asked.Rule}')")];
            default:
                return [];
        }
    }

    private static (string What, string Text) Line(MessagePart part) => part switch
    {
        MessagePart.Text text => ("says", text.Content),
        MessagePart.ToolCall call => ("calls", $"{call.Name} {call.Arguments}"),
        _ => ("says", ""),
    };
}
