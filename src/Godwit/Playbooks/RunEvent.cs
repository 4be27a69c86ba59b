using Godwit.Agents;
using Godwit.Durable;
using Godwit.Egress;
using Godwit.Verification;

namespace Godwit.Playbooks;

/// <summary>
/// Something that happened in a run, as its journal tells it. Terminal, report and page are drawn from these alone, so that they
/// can't contradict one another.
/// </summary>
/// <param name="Sequence">The journal's entry.</param>
/// <param name="At">When.</param>
public abstract record RunEvent(long Sequence, DateTimeOffset At)
{
    /// <summary>The run got an owner: it was started, or resumed.</summary>
    public sealed record TakenUp(long Sequence, DateTimeOffset At) : RunEvent(Sequence, At);

    /// <summary>Something was added to what the run was started with, such as a larger budget.</summary>
    /// <param name="Sequence">The journal's entry.</param>
    /// <param name="At">When.</param>
    /// <param name="Amendment">What, in the run kind's own terms.</param>
    public sealed record Amended(long Sequence, DateTimeOffset At, object Amendment) : RunEvent(Sequence, At);

    /// <summary>The playbook tells of something.</summary>
    /// <param name="Sequence">The journal's entry.</param>
    /// <param name="At">When.</param>
    /// <param name="Note">What, in the run kind's own terms.</param>
    public sealed record Noted(long Sequence, DateTimeOffset At, object Note) : RunEvent(Sequence, At);

    /// <summary>Something happened to an agent.</summary>
    public sealed record OfAgent(long Sequence, DateTimeOffset At, AgentEvent Event) : RunEvent(Sequence, At);

    /// <summary>A command of the goal was carried out.</summary>
    /// <param name="Sequence">The journal's entry.</param>
    /// <param name="At">When its result was journaled.</param>
    /// <param name="Of">What it was carried out for: <c>base</c>, or a part of the run such as <c>trial-3</c>.</param>
    /// <param name="Command">The command and how it ended.</param>
    public sealed record CommandRan(long Sequence, DateTimeOffset At, string Of, CommandRecord Command) : RunEvent(Sequence, At);

    /// <summary>A command asked for something of the network; what it was refused is told in any case.</summary>
    public sealed record NetworkAsked(long Sequence, DateTimeOffset At, NetworkRequest Request) : RunEvent(Sequence, At);

    /// <summary>A command has ended that asked for something of the network.</summary>
    public sealed record NetworkUsed(long Sequence, DateTimeOffset At, NetworkUsage Usage) : RunEvent(Sequence, At);

    /// <summary>Work began to wait for a person, or was answered.</summary>
    /// <param name="Sequence">The journal's entry.</param>
    /// <param name="At">When.</param>
    /// <param name="All">All that is parked now.</param>
    public sealed record ParkingChanged(long Sequence, DateTimeOffset At, IReadOnlyList<ParkedWork> All) : RunEvent(Sequence, At);

    /// <summary>A person said something to agents, or paused, went on with or cancelled them.</summary>
    public sealed record Steered(long Sequence, DateTimeOffset At, SteeringOrder Order) : RunEvent(Sequence, At);

    /// <summary>The run came to its end.</summary>
    /// <param name="Sequence">The journal's entry.</param>
    /// <param name="At">When.</param>
    /// <param name="Json">Its result.</param>
    public sealed record Completed(long Sequence, DateTimeOffset At, ReadOnlyMemory<byte> Json) : RunEvent(Sequence, At);

    /// <summary>The run failed outside of its playbook's own words.</summary>
    public sealed record Failed(long Sequence, DateTimeOffset At, Failure Failure) : RunEvent(Sequence, At);
}
