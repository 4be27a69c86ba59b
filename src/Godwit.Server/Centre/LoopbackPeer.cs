using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;

namespace Godwit.Server.Centre;

/// <summary>Whose a connection over loopback is, as the kernel says.</summary>
internal static partial class LoopbackPeer
{
    private const int LocalColumn = 1;
    private const int RemoteColumn = 2;
    private const int UserColumn = 7;

    /// <summary>The user of this process.</summary>
    public static uint Self => GetUserId();

    /// <summary>The user whose process is at the other end; null where the kernel doesn't say, as on other systems than Linux.</summary>
    /// <param name="peer">The other end.</param>
    /// <param name="own">This end.</param>
    public static uint? UserOf(IPEndPoint peer, IPEndPoint own)
    {
        foreach (var table in (string[])["/proc/net/tcp", "/proc/net/tcp6"])
        {
            if (!File.Exists(table))
            {
                continue;
            }

            foreach (var line in File.ReadLines(table).Skip(1))
            {
                var columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (PortOf(columns[LocalColumn]) == peer.Port && PortOf(columns[RemoteColumn]) == own.Port && IsLoopback(columns[LocalColumn]))
                {
                    return uint.Parse(columns[UserColumn], CultureInfo.InvariantCulture);
                }
            }
        }

        return null;
    }

    private static int PortOf(string place) =>
        int.Parse(place.AsSpan(place.IndexOf(':', StringComparison.Ordinal) + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>127.0.0.1, alone or mapped into IPv6, or ::1, in the kernel's order of bytes.</summary>
    private static bool IsLoopback(string place) =>
        place.StartsWith("0100007F", StringComparison.Ordinal)
        || place.StartsWith("0000000000000000FFFF00000100007F", StringComparison.Ordinal)
        || place.StartsWith("00000000000000000000000001000000", StringComparison.Ordinal);

    [LibraryImport("libc", EntryPoint = "getuid")]
    private static partial uint GetUserId();
}
