using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>What the runtime stores beside a payload; absent members take no room.</summary>
internal sealed record EntryInfo
{
    public int Attempts { get; init; }

    public IReadOnlyList<string>? Blobs { get; init; }

    public string? Budget { get; init; }

    public Charge? Charge { get; init; }

    public long Child { get; init; }

    public DateTimeOffset? Due { get; init; }

    public string? Effect { get; init; }

    public string? Idempotency { get; init; }

    public string? Name { get; init; }

    public long Parent { get; init; }

    public string? ParentKey { get; init; }

    public string? Playbook { get; init; }

    public string? Reason { get; init; }

    public ulong Seed { get; init; }

    public string? Sender { get; init; }

    public long Signal { get; init; }

    public long Supersedes { get; init; }

    public string? Tree { get; init; }

    public string? Workspace { get; init; }

    public static EntryInfo Of(Entry entry) => Of(entry.Info.Span);

    public static EntryInfo Of(ReadOnlySpan<byte> info) => info.IsEmpty ? Empty : Canonical.Deserialize<EntryInfo>(info);

    public static EntryInfo Empty { get; } = new();

    public byte[]? ToBytes() => this == Empty ? null : Canonical.Serialize(this);
}
