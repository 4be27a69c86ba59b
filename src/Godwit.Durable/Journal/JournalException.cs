namespace Godwit.Durable.Journal;

/// <summary>A journal can't be used as asked. The message is one line that says what, where and how to mend it.</summary>
public abstract class JournalException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The folder holds no journal.</summary>
public sealed class JournalMissingException(string message) : JournalException(message);

/// <summary>The journal was written by a version that this one doesn't understand.</summary>
public sealed class JournalVersionException(string message, Exception? inner = null) : JournalException(message, inner);

/// <summary>Another process owns the run.</summary>
public sealed class RunOwnedException(string message) : JournalException(message)
{
    /// <summary>The id of the run whose owner can be watched or stopped; null while it is only starting or ending.</summary>
    public string? Run { get; init; }
}

/// <summary>Another owner has started a newer generation: nothing more may be written.</summary>
public sealed class FenceLostException(string message) : JournalException(message);

/// <summary>The disk refused a write. What was acknowledged is safe; the run must be opened again.</summary>
public sealed class JournalStoppedException(string message, Exception? inner = null) : JournalException(message, inner)
{
    /// <summary>The id of the run to resume once the cause is mended; null where there is nothing to resume.</summary>
    public string? Run { get; init; }
}

/// <summary>An entry or a blob isn't what was written.</summary>
public sealed class JournalCorruptException(string message, long sequence = 0) : JournalException(message)
{
    /// <summary>The first bad entry, or 0 where none can be named.</summary>
    public long Sequence { get; } = sequence;
}

/// <summary>The unit's unique name was taken already. Only this unit failed.</summary>
public sealed class AppendConflictException(string unique) : JournalException($"'{unique}' was recorded before")
{
    /// <summary>The name that was taken.</summary>
    public string Unique { get; } = unique;
}
