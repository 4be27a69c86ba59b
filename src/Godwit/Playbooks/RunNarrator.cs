using System.Globalization;
using Godwit.Agents;
using Godwit.Egress;
using Godwit.Goals;

namespace Godwit.Playbooks;

/// <summary>
/// Tells a person how a run goes, one event after another; the same for its owner and for who only watches. This one tells what any
/// run has.
/// </summary>
/// <param name="view">The run.</param>
public class RunNarrator(RunView view)
{
    private const int NamedAgents = 3;

    /// <summary>What an event is worth telling.</summary>
    public IEnumerable<RunLine> Tell(RunEvent happened) => happened switch
    {
        RunEvent.OfAgent { Event: AgentEvent.Asked { Approval: var open } } => view.Agents.Approvals.Contains(open) ? [Asks(open)] : [],
        RunEvent.Noted { Note: var note } => Tell(note),
        RunEvent.NetworkAsked { Request: { Refused: { } reason } asked } =>
            [new RunLine("refused", $"{asked.Client}: {asked.Method} {asked.Url}, as {reason}", Tone.Bad)],
        RunEvent.NetworkUsed { Usage: var usage } => [new RunLine("network", InWords(usage))],
        RunEvent.Steered { Order: var order } => [new RunLine("you", InWords(order), Tone.Strong)],
        _ => [],
    };

    /// <summary>What a note is worth telling.</summary>
    protected virtual IEnumerable<RunLine> Tell(object note) => note is string text ? [new RunLine("note", text, Tone.Strong)] : [];

    /// <summary>What is going on, in one line.</summary>
    public virtual string Status => $"{view.Playbook}: {view.Sequence} entries{AtWork()}";

    /// <summary>Who is at work, for the end of a line; empty for nobody.</summary>
    protected string AtWork()
    {
        var agents = view.Agents.AtWork.ToList();
        var more = agents.Count > NamedAgents ? $" and {agents.Count - NamedAgents} more" : "";
        return agents.Count == 0 ? "" : $"; at work: {string.Join(", ", agents.Take(NamedAgents).Select(Words))}{more}{Paused(agents)}";
    }

    private string Paused(List<AgentAtWork> agents)
    {
        var paused = agents.Count(agent => Steering.IsPaused(view.Orders, agent.Name));
        return paused == 0 ? "" : $" ({(paused == agents.Count ? "all" : paused)} paused: godwit resume {view.Run})";
    }

    private static string InWords(NetworkUsage usage)
    {
        var hosts = usage.Hosts.GroupBy(host => host.Host).OrderByDescending(host => host.Sum(of => of.Down)).Select(host => host.Key).ToList();
        var (requests, refused) = (usage.Hosts.Sum(host => host.Requests), usage.Hosts.Sum(host => host.Refused));
        var named = hosts.Count == 1 ? hosts[0] : $"{hosts[0]} and {hosts.Count - 1} more";
        return $"{usage.Client}: {requests} {(requests == 1 ? "request" : "requests")} to {named}, " +
            $"{ByteSizes.Write(usage.Hosts.Sum(host => host.Down))} in, {ByteSizes.Write(usage.Hosts.Sum(host => host.Up))} out" +
            (refused == 0 ? "" : $", {refused} refused");
    }

    private static string InWords(SteeringOrder order)
    {
        var whom = order.Agent ?? "all agents";
        return order.What switch
        {
            SteeringAct.Say => $"say to {whom}: {order.Words}",
            SteeringAct.Pause => $"pause {whom}",
            SteeringAct.GoOn => $"let {whom} go on",
            _ => $"cancel {whom}{(order.Words.Length == 0 ? "" : $": {order.Words}")}",
        };
    }

    private static string Words(AgentAtWork agent)
    {
        var calls = agent.Calls == 1 ? "call" : "calls";
        return string.Create(CultureInfo.InvariantCulture, $"{agent.Name} {agent.Calls} {calls} ${agent.Dollars:0.00}");
    }

    private RunLine Asks(OpenApproval open) => new(
        "asks",
        $"{open.Asked.Agent} wants {open.Asked.Tool} {open.Asked.Arguments} (rule '{open.Asked.Rule}'): godwit approvals {view.Run}",
        Tone.Strong);
}
