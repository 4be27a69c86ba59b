namespace Godwit.Durable.Journal;

/// <summary>A fact to be appended; the journal adds sequence, generation, time and hash.</summary>
/// <param name="Process">The process that it belongs to; 0 for the run itself.</param>
/// <param name="Kind">What it states.</param>
/// <param name="Key">The key within the process; empty where there is none.</param>
/// <param name="Input">SHA-256 of the input that it answers, or null.</param>
/// <param name="Info">What the runtime itself needs to know of it, as JSON, or null.</param>
/// <param name="Data">The payload, as JSON, or null.</param>
public sealed record Draft(long Process, EntryKind Kind, string Key = "", byte[]? Input = null, byte[]? Info = null, byte[]? Data = null)
{
    /// <summary>As it stands in the journal, once its unit is durable.</summary>
    internal Entry ToEntry(Receipt receipt, int generation, int index = 0) =>
        new(receipt.First + index, generation, receipt.At, Process, Kind, Key, Input, Info, Data);
}

/// <summary>An entry as it stands in the journal.</summary>
/// <param name="Sequence">Its place, from 1, without gaps.</param>
/// <param name="Generation">The owner that wrote it, counted from 1.</param>
/// <param name="At">When it was written, by the owner's clock, in whole milliseconds.</param>
/// <param name="Process">The process that it belongs to; 0 for the run itself.</param>
/// <param name="Kind">What it states.</param>
/// <param name="Key">The key within the process.</param>
/// <param name="Input">SHA-256 of the input that it answers; empty where there is none.</param>
/// <param name="Info">What the runtime needs to know of it, as JSON; empty where there is nothing.</param>
/// <param name="Data">The payload, as JSON; empty where there is none.</param>
public sealed record Entry(
    long Sequence, int Generation, DateTimeOffset At, long Process, EntryKind Kind, string Key,
    ReadOnlyMemory<byte> Input, ReadOnlyMemory<byte> Info, ReadOnlyMemory<byte> Data)
{
    /// <summary>What a note, or a step that has ended, is about: the word that its process gave it; null for none.</summary>
    public string? Topic => Kind switch
    {
        EntryKind.Noted => EntryInfo.Of<EntryInfo.Note>(this).Topic,
        EntryKind.StepCompleted or EntryKind.StepFailed => EntryInfo.Of<EntryInfo.Step>(this).Topic,
        _ => null,
    };
}

/// <summary>Several drafts that become durable together or not at all.</summary>
/// <param name="Drafts">What is stated.</param>
/// <param name="Blobs">Contents of at most <see cref="BlobRef.InlineLimit"/> bytes that the drafts refer to.</param>
/// <param name="Unique">A name that may be taken once in a run; the unit is refused as a conflict when it is taken.</param>
public sealed record AppendUnit(IReadOnlyList<Draft> Drafts, IReadOnlyList<Blob>? Blobs = null, string? Unique = null)
{
    /// <summary>States nothing; it is durable when everything is that was appended before it.</summary>
    internal static AppendUnit Nothing { get; } = new([]);
}

/// <summary>What became of a unit.</summary>
/// <param name="First">The sequence of its first entry.</param>
/// <param name="At">When it was written.</param>
public readonly record struct Receipt(long First, DateTimeOffset At)
{
    /// <summary>Stands behind every sequence that a journal can hold, with room behind it for the entries of a unit.</summary>
    private const long BehindAll = 1L << 62;

    /// <summary>Of a unit that isn't written yet.</summary>
    internal static Receipt None { get; } = new(BehindAll, default);
}
