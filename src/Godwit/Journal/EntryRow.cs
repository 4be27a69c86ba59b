using System.Text;

namespace Godwit.Journal;

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
}

/// <summary>Sees each row of a scan.</summary>
internal delegate void EntryVisitor(EntryRow row);
