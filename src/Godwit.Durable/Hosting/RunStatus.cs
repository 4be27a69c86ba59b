namespace Godwit.Durable.Hosting;

/// <summary>How a run stands in its application.</summary>
public enum RunStatus
{
    /// <summary>Its processes run, or wait for signals, timers and children.</summary>
    Running,

    /// <summary>Nothing in it can go on before a person answers; see <see cref="RunHandle{TOut}.ResolveAsync"/>.</summary>
    Parked,

    /// <summary>Its root process returned.</summary>
    Completed,

    /// <summary>Its root process failed.</summary>
    Failed,

    /// <summary>It was cancelled.</summary>
    Cancelled,

    /// <summary>The application ended before it did; it is resumed at the next start.</summary>
    Stopped,

    /// <summary>Its journal can't be read or written; the log says why.</summary>
    Broken,
}

/// <summary>A run ended without a result.</summary>
/// <param name="run">The run's id.</param>
/// <param name="status">How it ended.</param>
/// <param name="message">Why.</param>
public sealed class RunEndedException(string run, RunStatus status, string message) : Exception(message)
{
    /// <summary>The run's id.</summary>
    public string Run { get; } = run;

    /// <summary>How it ended.</summary>
    public RunStatus Status { get; } = status;
}
