using Godwit.Durable;

namespace Godwit.Agents;

/// <summary>An agent that is at work.</summary>
/// <param name="Name">The agent.</param>
/// <param name="Calls">Model calls that have been answered.</param>
/// <param name="Dollars">What they cost, in US dollars.</param>
public sealed record AgentAtWork(string Name, int Calls, decimal Dollars);

/// <summary>Which agents are at work, what waits for a person and what was spent: a fold of what happened to agents.</summary>
public sealed class AgentActivity
{
    private readonly SortedDictionary<long, AgentAtWork> _atWork = [];
    private readonly Dictionary<(long Process, string Name), OpenApproval> _open = [];
    private readonly Dictionary<(long Process, string Key), CostLine> _inFlight = [];
    private readonly List<CostLine> _costs = [];

    /// <summary>The agents at work, the first started first.</summary>
    public IEnumerable<AgentAtWork> AtWork => _atWork.Values;

    /// <summary>Actions that wait for a person, the oldest first.</summary>
    public IReadOnlyList<OpenApproval> Approvals => [.. _open.Values.OrderBy(approval => approval.At)];

    /// <summary>All that was spent under a budget; what is in flight, at its worst, at the end.</summary>
    public IReadOnlyList<CostLine> Costs => [.. _costs, .. _inFlight.Values];

    /// <summary>Whether there are agents at work, and each waits for a person, itself or by one that it started.</summary>
    public bool AllWait =>
        _atWork.Count > 0
            && _atWork.Values.All(
                agent => _open.Values.Any(
                    open => open.Asked.Agent == agent.Name || open.Asked.Agent.StartsWith(agent.Name + ".", StringComparison.Ordinal)));

    /// <summary>Takes up something that happened.</summary>
    public void Fold(AgentEvent happened)
    {
        switch (happened)
        {
            case AgentEvent.Started started:
                _atWork[started.Process] = new AgentAtWork(started.Agent, 0, 0);
                break;
            case AgentEvent.Reserved reserved:
                _inFlight[reserved.Call] = reserved.Cost;
                break;
            case AgentEvent.Charged charged:
                Count(charged);
                break;
            case AgentEvent.Asked asked:
                _open[(asked.Approval.Process, asked.Approval.Asked.Name)] = asked.Approval;
                break;
            case AgentEvent.Answered answered:
                _open.Remove((answered.Process, answered.Name));
                break;
            case AgentEvent.WaitExpired expired:
                EndWaits(expired.Process);
                break;
            case AgentEvent.Ended ended:
                EndWaits(ended.Process);
                _atWork.Remove(ended.Process);
                break;
        }
    }

    private void Count(AgentEvent.Charged charged)
    {
        _inFlight.Remove(charged.Call);
        if (charged.Cost is null)
        {
            return;
        }

        _costs.Add(charged.Cost);
        if (!charged.IsAnswered)
        {
            return;
        }

        foreach (var (process, agent) in _atWork.Where(agent => agent.Value.Name == charged.Agent).ToList())
        {
            _atWork[process] = agent with { Calls = agent.Calls + 1, Dollars = agent.Dollars + charged.Cost.Charge.Dollars };
        }
    }

    private void EndWaits(long process)
    {
        foreach (var late in _open.Keys.Where(key => key.Process == process).ToList())
        {
            _open.Remove(late);
        }
    }
}
