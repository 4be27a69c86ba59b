using Godwit.Durable;
using Godwit.Durable.Journal;

namespace Godwit.Agents;

/// <summary>An action that waits for a person.</summary>
/// <param name="Process">The process that waits.</param>
/// <param name="Asked">The action.</param>
/// <param name="At">Since when.</param>
public sealed record OpenApproval(long Process, ApprovalAsked Asked, DateTimeOffset At);

/// <summary>An agent that is at work.</summary>
/// <param name="Name">The agent.</param>
/// <param name="Calls">Model calls that have been answered.</param>
/// <param name="Dollars">What they cost, in US dollars.</param>
public sealed record AgentAtWork(string Name, int Calls, decimal Dollars);

/// <summary>Which agents are at work and what waits for a person: a fold of a journal that may still grow.</summary>
public sealed class AgentActivity
{
    private readonly Dictionary<long, string> _names = [];
    private readonly SortedDictionary<long, AgentAtWork> _atWork = [];
    private readonly Dictionary<(long Process, string Name), OpenApproval> _open = [];
    private long _sequence;

    /// <summary>The agents at work, the first started first.</summary>
    public IEnumerable<AgentAtWork> AtWork => _atWork.Values;

    /// <summary>Actions that wait for a person, the oldest first.</summary>
    public IReadOnlyList<OpenApproval> Approvals => [.. _open.Values.OrderBy(approval => approval.At)];

    /// <summary>Whether there are agents at work, and each waits for a person, itself or by one that it started.</summary>
    public bool AllWait =>
        _atWork.Count > 0
            && _atWork.Values.All(
                agent => _open.Values.Any(
                    open => open.Asked.Agent == agent.Name || open.Asked.Agent.StartsWith(agent.Name + ".", StringComparison.Ordinal)));

    /// <summary>The activity as it stands.</summary>
    public static AgentActivity Of(JournalReader reader)
    {
        var activity = new AgentActivity();
        activity.Update(reader);
        return activity;
    }

    /// <summary>Takes up what is new in the journal.</summary>
    public void Update(JournalReader reader)
    {
        foreach (var entry in reader.After(
            _sequence, EntryKind.ProcessStarted, EntryKind.StepCompleted, EntryKind.Noted, EntryKind.SignalReceived,
            EntryKind.SignalExpired,
            EntryKind.ProcessCompleted, EntryKind.ProcessFailed, EntryKind.ProcessCancelled))
        {
            _sequence = entry.Sequence;
            switch (entry.Kind)
            {
                case EntryKind.ProcessStarted:
                    Start(entry);
                    break;
                case EntryKind.StepCompleted when _names.TryGetValue(entry.Process, out var name)
                    && EntryInfo.Of(entry) is { Budget: not null, Charge: { } charge }:
                    Count(name, charge);
                    break;
                case EntryKind.Noted when entry.Key.EndsWith("/asked", StringComparison.Ordinal):
                    var asked = Canonical.Deserialize<ApprovalAsked>(entry.Data.Span);
                    _open[(entry.Process, asked.Name)] = new OpenApproval(entry.Process, asked, entry.At);
                    break;
                case EntryKind.SignalReceived:
                    _open.Remove((entry.Process, entry.Key));
                    break;
                case EntryKind.SignalExpired or EntryKind.ProcessCompleted or EntryKind.ProcessFailed or EntryKind.ProcessCancelled:
                    End(entry);
                    break;
            }
        }
    }

    private void Start(Entry entry)
    {
        switch (EntryInfo.Of(entry).Playbook)
        {
            case "agent" or "agent/program":
                var name = _names[entry.Process] = Canonical.Deserialize<AgentTask>(entry.Data.Span).Name;
                _atWork[entry.Process] = new AgentAtWork(name, 0, 0);
                break;
            case "agent/segment":
                _names[entry.Process] = Canonical.Deserialize<AgentState>(entry.Data.Span).Task.Name;
                break;
        }
    }

    private void Count(string name, Charge charge)
    {
        foreach (var (process, agent) in _atWork.Where(agent => agent.Value.Name == name).ToList())
        {
            _atWork[process] = agent with { Calls = agent.Calls + 1, Dollars = agent.Dollars + charge.Dollars };
        }
    }

    /// <summary>A wait's time is over, or its process is.</summary>
    private void End(Entry entry)
    {
        foreach (var late in _open.Keys.Where(key => key.Process == entry.Process).ToList())
        {
            _open.Remove(late);
        }

        if (entry.Kind != EntryKind.SignalExpired)
        {
            _atWork.Remove(entry.Process);
        }
    }
}
