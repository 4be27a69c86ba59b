using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>Why a host has nothing more to do for a run.</summary>
public enum RunState
{
    /// <summary>The root process returned.</summary>
    Completed,

    /// <summary>The root process failed.</summary>
    Failed,

    /// <summary>The root process was cancelled.</summary>
    Cancelled,

    /// <summary>Nothing can go on before a person answers.</summary>
    Parked,

    /// <summary>It was asked to stop; a resume goes on.</summary>
    Stopped,
}

/// <summary>How hosting a run ended.</summary>
/// <param name="State">Why.</param>
/// <param name="Data">The result's or the failure's JSON, where there is one.</param>
/// <param name="ParkedFor">What a person has to answer; empty unless parked.</param>
public sealed record RunEnd(RunState State, ReadOnlyMemory<byte> Data, IReadOnlyList<string> ParkedFor)
{
    /// <summary>How a run ends whose root process has ended.</summary>
    /// <param name="kind">How the process ended.</param>
    /// <param name="data">The end's payload.</param>
    internal static RunEnd Of(EntryKind kind, ReadOnlyMemory<byte> data) => new(
        kind switch
        {
            EntryKind.ProcessCompleted => RunState.Completed,
            EntryKind.ProcessFailed => RunState.Failed,
            _ => RunState.Cancelled,
        },
        data, []);

    /// <summary>The root process's result.</summary>
    /// <exception cref="InvalidOperationException">It didn't return.</exception>
    public T Result<T>() => State == RunState.Completed
        ? Canonical.Deserialize<T>(Data.Span)
        : throw new InvalidOperationException($"the run is {State}");

    /// <summary>Why the root process failed; null unless it did.</summary>
    public Failure? Failure => State == RunState.Failed ? Canonical.Deserialize<Failure>(Data.Span) : null;
}

/// <summary>What a person says of something that is parked.</summary>
public abstract record Resolution
{
    private Resolution()
    {
    }

    /// <summary>Try it again, with what the playbook asks now.</summary>
    public sealed record Retry : Resolution;

    /// <summary>It happened; this is its result, as JSON.</summary>
    public sealed record Done(string Json) : Resolution;

    /// <summary>It didn't and won't happen.</summary>
    public sealed record Fail(string Message) : Resolution;
}
