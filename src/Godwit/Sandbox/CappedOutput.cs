using System.Buffers;
using System.Text;

namespace Godwit.Sandbox;

/// <summary>
/// Keeps the first and the last part of what a command prints, and reads on so that it never blocks. It can be read meanwhile.
/// </summary>
/// <param name="limit">Bytes that are kept.</param>
public sealed class CappedOutput(int limit)
{
    /// <summary>Ends the line that stands where something was left out.</summary>
    public const string LeftOut = " bytes left out ...]";

    private readonly Lock _gate = new();
    private readonly ArrayBufferWriter<byte> _head = new();
    private readonly Queue<byte[]> _tail = new();
    private int _tailLength;
    private long _dropped;

    internal async Task ReadAsync(Stream stream)
    {
        var buffer = new byte[16384];
        int read;
        while ((read = await stream.ReadAsync(buffer)) > 0)
        {
            Add(buffer.AsSpan(0, read));
        }
    }

    internal void Add(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            Add_NeedsLock(bytes);
        }
    }

    /// <summary>What there is so far.</summary>
    public override string ToString()
    {
        lock (_gate)
        {
            return ToString_NeedsLock();
        }
    }

    private string ToString_NeedsLock()
    {
        var text = new StringBuilder(Encoding.UTF8.GetString(_head.WrittenSpan));
        if (_dropped > 0)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"\n[... {_dropped}{LeftOut}\n");
        }

        return text.Append(Encoding.UTF8.GetString([.. _tail.SelectMany(part => part)])).ToString();
    }

    private void Add_NeedsLock(ReadOnlySpan<byte> bytes)
    {
        var room = Math.Min(limit / 2 - _head.WrittenCount, bytes.Length);
        if (room > 0)
        {
            _head.Write(bytes[..room]);
            bytes = bytes[room..];
        }

        if (bytes.IsEmpty)
        {
            return;
        }

        _tail.Enqueue(bytes.ToArray());
        _tailLength += bytes.Length;
        while (_tailLength - _tail.Peek().Length >= limit / 2)
        {
            var part = _tail.Dequeue();
            _tailLength -= part.Length;
            _dropped += part.Length;
        }
    }
}
