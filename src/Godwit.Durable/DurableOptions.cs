namespace Godwit.Durable;

/// <summary>How a run is hosted.</summary>
public sealed record DurableOptions
{
    /// <summary>The clock. Default: the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>A process that waits for nothing but signals, timers and children leaves memory after this. Default 2 s.</summary>
    public TimeSpan UnloadAfter { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often the chain's head is signed. Default 10 s.</summary>
    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Starts in a row that may end without an entry before the run parks. Default 5.</summary>
    public int IdleGenerations { get; init; } = 5;

    /// <summary>
    /// For tests of playbooks: after every entry the process is dropped and runs again from its top out of the journal;
    /// a key that is then not asked again, or with another input, breaks the rules and says so.
    /// </summary>
    public bool ReplayAfterEveryEntry { get; init; }

    /// <summary>For tests: called with the name of each point at which a process may be killed.</summary>
    public Action<string>? Failpoint { get; init; }
}
