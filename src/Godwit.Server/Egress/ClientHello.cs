using System.Buffers.Binary;
using System.Text;

namespace Godwit.Server;

/// <summary>Finds the server's name in the first message of a TLS handshake (RFC 8446, 4.1.2; RFC 6066, 3).</summary>
internal static class ClientHello
{
    private const int RecordHead = 5;
    private const byte Handshake = 22;
    private const byte Hello = 1;
    private const ushort ServerName = 0;
    private const byte HostName = 0;

    /// <summary>Whether the whole message is there, or it can't be one.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> bytes) =>
        bytes.Length > 0 && (bytes[0] != Handshake || (bytes.Length >= RecordHead && bytes.Length >= RecordHead + LengthOf(bytes)));

    /// <summary>The name; null where there is none, or the bytes are no such message.</summary>
    public static string? NameIn(ReadOnlySpan<byte> bytes)
    {
        try
        {
            if (bytes[0] != Handshake || bytes[RecordHead] != Hello)
            {
                return null;
            }

            // Kind, length, version and random.
            var rest = bytes.Slice(RecordHead, LengthOf(bytes))[(4 + 2 + 32)..];
            rest = rest[(1 + rest[0])..];
            rest = rest[(2 + BinaryPrimitives.ReadUInt16BigEndian(rest))..];
            rest = rest[(1 + rest[0])..];
            var extensions = rest.Slice(2, BinaryPrimitives.ReadUInt16BigEndian(rest));
            while (extensions.Length > 0)
            {
                var (kind, length) = (BinaryPrimitives.ReadUInt16BigEndian(extensions), BinaryPrimitives.ReadUInt16BigEndian(extensions[2..]));
                var content = extensions.Slice(4, length);
                if (kind == ServerName)
                {
                    // A list of one: its length, the kind of the name, and the name with its length. Who lists more has something to hide.
                    var name = BinaryPrimitives.ReadUInt16BigEndian(content[3..]);
                    return content[2] == HostName && content.Length == name + 5 ? Encoding.ASCII.GetString(content.Slice(5, name)) : null;
                }

                extensions = extensions[(4 + length)..];
            }

            return null;
        }
        catch (Exception cut) when (cut is ArgumentOutOfRangeException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private static int LengthOf(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]);
}
