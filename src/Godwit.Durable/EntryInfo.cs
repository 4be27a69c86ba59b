using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>What the runtime stores beside a payload, by the kind of entry; absent members take no room.</summary>
internal abstract record EntryInfo
{
    private EntryInfo()
    {
    }

    /// <summary>Reads it.</summary>
    /// <typeparam name="T">That of the entry's kind.</typeparam>
    public static T Of<T>(Entry entry)
        where T : EntryInfo, new() => Of<T>(entry.Info.Span);

    /// <inheritdoc cref="Of{T}(Entry)"/>
    public static T Of<T>(ReadOnlySpan<byte> info)
        where T : EntryInfo, new() => info.IsEmpty ? new T() : Canonical.Deserialize<T>(info);

    /// <summary>As it is stored; null where it says nothing.</summary>
    public abstract byte[]? ToBytes();

    private static byte[]? Bytes<T>(T info)
        where T : EntryInfo, new() => info == new T() ? null : Canonical.Serialize(info);

    /// <summary>Of <see cref="EntryKind.ProcessStarted"/>.</summary>
    internal sealed record Started : EntryInfo
    {
        public string? Playbook { get; init; }

        public long Parent { get; init; }

        public string? ParentKey { get; init; }

        public ulong Seed { get; init; }

        public override byte[]? ToBytes() => Bytes(this);
    }

    /// <summary>Why something was cancelled, parked or resolved.</summary>
    internal sealed record Why : EntryInfo
    {
        public string? Reason { get; init; }

        public override byte[]? ToBytes() => Bytes(this);
    }

    /// <summary>Of <see cref="EntryKind.ChildStarted"/>, and of <see cref="EntryKind.ChildEnded"/> with how it ended.</summary>
    internal sealed record OfChild : EntryInfo
    {
        public long Child { get; init; }

        public string? Name { get; init; }

        public override byte[]? ToBytes() => Bytes(this);
    }

    /// <summary>Of <see cref="EntryKind.SignalReceived"/>: what makes the signal the same one.</summary>
    internal sealed record Received : EntryInfo
    {
        public string? Sender { get; init; }

        public override byte[]? ToBytes() => Bytes(this);
    }

    /// <summary>Of <see cref="EntryKind.SignalConsumed"/>: the entry that received it.</summary>
    internal sealed record Consumed : EntryInfo
    {
        public long Signal { get; init; }

        public override byte[]? ToBytes() => Bytes(this);
    }

    /// <summary>Of <see cref="EntryKind.TimerSet"/>, with the signal whose wait it ends.</summary>
    internal sealed record Timer : EntryInfo
    {
        public DateTimeOffset? Due { get; init; }

        public string? Name { get; init; }

        public override byte[]? ToBytes() => Bytes(this);
    }

    /// <summary>Of <see cref="EntryKind.Noted"/>.</summary>
    internal sealed record Note : EntryInfo
    {
        public string? Topic { get; init; }

        public override byte[]? ToBytes() => Bytes(this);
    }

    /// <summary>Of a step that was tried, booked, or has ended.</summary>
    internal sealed record Step : EntryInfo
    {
        public int Attempts { get; init; }

        public IReadOnlyList<string>? Blobs { get; init; }

        public string? Budget { get; init; }

        public Charge? Charge { get; init; }

        public string? Effect { get; init; }

        public string? Idempotency { get; init; }

        public long Supersedes { get; init; }

        public string? Topic { get; init; }

        public string? Tree { get; init; }

        public string? Workspace { get; init; }

        public override byte[]? ToBytes() => Bytes(this);
    }
}
