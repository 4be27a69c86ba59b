using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Godwit.Durable.Journal;

/// <summary>
/// The hash chain: each entry's hash is SHA-256 over the previous hash and the entry's own fields, each with its length
/// in front, so that no two different entries have the same bytes.
/// </summary>
internal sealed class ChainHash
{
    public const int Size = SHA256.HashSizeInBytes;

    private readonly ArrayBufferWriter<byte> _buffer = new(4096);
    private readonly byte[] _head = new byte[Size];

    public ReadOnlySpan<byte> Head => _head;

    public void Restart(ReadOnlySpan<byte> head) => head.CopyTo(_head);

    public ReadOnlySpan<byte> Advance(
        long sequence, int generation, long at, long process, EntryKind kind, ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> input, ReadOnlySpan<byte> info, ReadOnlySpan<byte> data)
    {
        _buffer.ResetWrittenCount();
        _buffer.Write(_head);
        WriteNumber(sequence);
        WriteNumber(generation);
        WriteNumber(at);
        WriteNumber(process);
        WriteNumber((int)kind);
        WriteField(key);
        WriteField(input);
        WriteField(info);
        WriteField(data);
        SHA256.HashData(_buffer.WrittenSpan, _head);
        return _head;
    }

    /// <summary>The hash before the first entry: a run's chain can't be passed off as another's.</summary>
    public static byte[] Genesis(string run) => SHA256.HashData(Encoding.UTF8.GetBytes("godwit journal 1\n" + run));

    private void WriteNumber(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_buffer.GetSpan(8), value);
        _buffer.Advance(8);
    }

    private void WriteField(ReadOnlySpan<byte> value)
    {
        WriteNumber(value.Length);
        _buffer.Write(value);
    }
}
