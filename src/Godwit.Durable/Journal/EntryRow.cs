using System.Text;

namespace Godwit.Durable.Journal;

/// <summary>A row of the entries table, valid until the reader moves on.</summary>
internal readonly ref struct EntryRow(Statement row)
{
    public const string Columns = "seq, generation, at, process, kind, key, input, info, data, hash";

    public long Sequence => row.Long(0);

    public int Generation => (int)row.Long(1);

    public long AtMilliseconds => row.Long(2);

    public long Process => row.Long(3);

    public EntryKind Kind => (EntryKind)row.Long(4);

    public ReadOnlySpan<byte> KeyUtf8 => row.Span(5);

    public string Key => Encoding.UTF8.GetString(row.Span(5));

    public ReadOnlySpan<byte> Input => row.Span(6);

    public ReadOnlySpan<byte> Info => row.Span(7);

    public ReadOnlySpan<byte> Data => row.Span(8);

    public ReadOnlySpan<byte> Hash => row.Span(9);

    public DateTimeOffset At => DateTimeOffset.FromUnixTimeMilliseconds(AtMilliseconds);

    public Entry ToEntry() => new(Sequence, Generation, At, Process, Kind, Key, Input.ToArray(), Info.ToArray(), Data.ToArray());

    /// <summary>The entry, with its bytes in a place that many entries share.</summary>
    public Entry ToEntry(EntryBytes bytes) =>
        new(Sequence, Generation, At, Process, Kind, Key, bytes.Copy(Input), bytes.Copy(Info), bytes.Copy(Data));
}

/// <summary>
/// The bytes of entries that are kept and dropped together, in few arrays: a large process has tens of thousands of them.
/// </summary>
internal sealed class EntryBytes
{
    // Below the size from which .NET neither moves nor soon collects an array.
    private const int Largest = 64 << 10;

    private byte[] _chunk = [];
    private int _used;
    private int _next = 1 << 10;

    public ReadOnlyMemory<byte> Copy(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > Largest / 4)
        {
            return bytes.ToArray();
        }

        if (bytes.Length > _chunk.Length - _used)
        {
            _next = Math.Min(Math.Max(2 * _next, 2 * bytes.Length), Largest);
            _chunk = GC.AllocateUninitializedArray<byte>(_next);
            _used = 0;
        }

        var copy = _chunk.AsMemory(_used, bytes.Length);
        bytes.CopyTo(copy.Span);
        _used += bytes.Length;
        return copy;
    }
}

/// <summary>Sees each row of a scan.</summary>
internal delegate void EntryVisitor(EntryRow row);
