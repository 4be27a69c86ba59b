namespace Godwit.Agents;

/// <summary>Something that happened to an agent, as a journal tells it.</summary>
public abstract record AgentEvent
{
    private AgentEvent()
    {
    }

    /// <summary>An agent began its work.</summary>
    /// <param name="Process">Its process.</param>
    /// <param name="Agent">Its name.</param>
    public sealed record Started(long Process, string Agent) : AgentEvent;

    /// <summary>A line of an agent's transcript.</summary>
    /// <param name="Agent">The agent.</param>
    /// <param name="What">
    /// task, hears (from a person), says, calls, gets, failed, asks or ends; claims and saw for what it claimed and verification saw.
    /// </param>
    /// <param name="Text">The words.</param>
    public sealed record Said(string Agent, string What, string Text) : AgentEvent;

    /// <summary>Money was set aside for a call, at its worst case.</summary>
    /// <param name="Call">The call.</param>
    /// <param name="Cost">The most that it can cost.</param>
    public sealed record Reserved((long Process, string Key) Call, CostLine Cost) : AgentEvent;

    /// <summary>A call was paid for, and what was set aside for it is free again.</summary>
    /// <param name="Call">The call.</param>
    /// <param name="Agent">The agent; empty where it isn't known.</param>
    /// <param name="Cost">What it cost; null for a call that wasn't billed.</param>
    /// <param name="IsAnswered">Whether a model answered it.</param>
    public sealed record Charged((long Process, string Key) Call, string Agent, CostLine? Cost, bool IsAnswered) : AgentEvent;

    /// <summary>An action waits for a person.</summary>
    public sealed record Asked(OpenApproval Approval) : AgentEvent;

    /// <summary>A person answered.</summary>
    /// <param name="Process">The process that waited.</param>
    /// <param name="Name">The signal that answered.</param>
    public sealed record Answered(long Process, string Name) : AgentEvent;

    /// <summary>A wait's time was over before anybody answered.</summary>
    public sealed record WaitExpired(long Process) : AgentEvent;

    /// <summary>A process of an agent ended, and with it all that it waited for.</summary>
    public sealed record Ended(long Process) : AgentEvent;
}
