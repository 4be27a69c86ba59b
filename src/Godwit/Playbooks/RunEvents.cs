using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Egress;

namespace Godwit.Playbooks;

/// <summary>Reads what happened in a run out of its journal, which may still grow.</summary>
/// <param name="view">Says what the notes of the run's kind mean.</param>
/// <param name="detailed">Whether what agents said and what commands were carried out is wanted too; it is most of a journal.</param>
internal sealed class RunEvents(RunView view, bool detailed)
{
    private static readonly EntryKind[] Outline =
    [
        EntryKind.Noted, EntryKind.GenerationStarted, EntryKind.ProcessCompleted, EntryKind.ProcessFailed, EntryKind.ProcessAmended,
        EntryKind.StepParked, EntryKind.ProcessParked, EntryKind.StepResolved, EntryKind.ProcessResolved, EntryKind.SignalReceived,
    ];

    private static readonly EntryKind[] WithAgents = [.. Outline.Union(AgentEvents.Kinds)];

    private readonly AgentEvents _agents = new(detailed);

    /// <summary>The last entry that was read.</summary>
    public long Sequence { get; private set; }

    /// <summary>What is new.</summary>
    /// <param name="reader">The journal.</param>
    /// <param name="upTo">The last entry that is read: two folds of a journal that grows are to stand at the same place.</param>
    public IEnumerable<RunEvent> Next(JournalReader reader, long upTo = long.MaxValue)
    {
        var withAgents = detailed || view.HasAgents;
        foreach (var entry in reader.After(Sequence, withAgents ? WithAgents : Outline).TakeWhile(entry => entry.Sequence <= upTo))
        {
            Sequence = entry.Sequence;
            foreach (var happened in Of(reader, entry, withAgents))
            {
                yield return happened;
            }
        }
    }

    /// <summary>What an entry tells that was read already, once more.</summary>
    /// <param name="reader">The journal.</param>
    /// <param name="sequence">The entry.</param>
    public IEnumerable<RunEvent> Again(JournalReader reader, long sequence) =>
        sequence > Sequence ? [] : reader.Page(sequence - 1, 1, []).SelectMany(entry => Of(reader, entry, detailed || view.HasAgents));

    private IEnumerable<RunEvent> Of(JournalReader reader, Entry entry, bool withAgents)
    {
        if (OfRun(reader, entry) is { } happened)
        {
            yield return happened;
        }

        foreach (var ofAgent in withAgents ? _agents.Of(reader, entry) : [])
        {
            yield return new RunEvent.OfAgent(entry.Sequence, entry.At, ofAgent);
        }

        foreach (var (of, command) in detailed ? view.CommandsIn(entry) : [])
        {
            yield return new RunEvent.CommandRan(entry.Sequence, entry.At, of, command);
        }
    }

    private RunEvent? OfRun(JournalReader reader, Entry entry)
    {
        var isRoot = entry.Process == DurableRun.Root;
        return entry.Kind switch
        {
            EntryKind.GenerationStarted => new RunEvent.TakenUp(entry.Sequence, entry.At),
            EntryKind.ProcessCompleted when isRoot => new RunEvent.Completed(entry.Sequence, entry.At, entry.Data),
            EntryKind.ProcessFailed when isRoot =>
                new RunEvent.Failed(entry.Sequence, entry.At, Canonical.Deserialize<Failure>(entry.Data.Span)),
            EntryKind.ProcessAmended when isRoot && view.AmendmentIn(entry) is { } amendment =>
                new RunEvent.Amended(entry.Sequence, entry.At, amendment),
            EntryKind.SignalReceived when isRoot && entry.Key == SteeringOrder.Signal =>
                new RunEvent.Steered(entry.Sequence, entry.At, Canonical.Deserialize<SteeringOrder>(entry.Data.Span)),
            EntryKind.Noted when entry.Process == DurableRun.Host => OfHost(entry),
            EntryKind.Noted when view.NoteIn(entry) is { } note => new RunEvent.Noted(entry.Sequence, entry.At, note),
            EntryKind.StepParked or EntryKind.ProcessParked or EntryKind.StepResolved or EntryKind.ProcessResolved =>
                new RunEvent.ParkingChanged(entry.Sequence, entry.At, ParkedWork.Of(reader)),
            _ => null,
        };
    }

    private RunEvent? OfHost(Entry entry)
    {
        switch (entry.Key)
        {
            case NetworkUsage.Key:
                return new RunEvent.NetworkUsed(entry.Sequence, entry.At, Canonical.Deserialize<NetworkUsage>(entry.Data.Span));
            case NetworkRequest.Key:
                var request = Canonical.Deserialize<NetworkRequest>(entry.Data.Span);
                return detailed || request.Refused is not null ? new RunEvent.NetworkAsked(entry.Sequence, entry.At, request) : null;
            default:
                return null;
        }
    }
}
