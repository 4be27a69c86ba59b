using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>How a step is tried.</summary>
public sealed record StepOptions
{
    /// <summary>Part of the step's input: a change of the code that makes old results wrong changes it. Default 0.</summary>
    public int Version { get; init; }

    /// <summary>
    /// The most attempts, at least 1. Default 1. An exception that is no <see cref="StepFaultException"/> is not tried again.
    /// </summary>
    public int MaxAttempts { get; init; } = 1;

    /// <summary>The pause before the second attempt; doubled before each further one. Default 1 s.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The time one attempt may take; null, the default, for no limit.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>
    /// What the step waits for before anything of it is begun, reserved or journaled, such as a person who has paused the work; null, the
    /// default, for nothing. It may keep the step back and change nothing that it comes to.
    /// </summary>
    public Func<CancellationToken, Task>? Hold { get; init; }

    /// <summary>
    /// What the step is about, in a word for those who read the journal (<see cref="Entry.Topic"/> of its end); null, the default, for
    /// nothing. It isn't part of the step's input.
    /// </summary>
    public string? Topic { get; init; }

    internal static StepOptions Default { get; } = new();
}
