using System.Globalization;
using System.Net;
using Godwit.Sandbox;

namespace Godwit.Server.Centre;

/// <summary>Whose a connection over loopback is, as the kernel says.</summary>
internal static class LoopbackPeer
{
    private const int LocalColumn = 1;
    private const int RemoteColumn = 2;
    private const int UserColumn = 7;

    /// <summary>
    /// Whether a process of this user is at the other end. Where the kernel keeps a table of connections, one that isn't in it is nobody's;
    /// where it keeps none, as on other systems than Linux, loopback is taken at its word.
    /// </summary>
    /// <param name="peer">The other end.</param>
    /// <param name="own">This end.</param>
    public static bool IsOfThisUser(IPEndPoint peer, IPEndPoint own)
    {
        if (!File.Exists("/proc/net/tcp"))
        {
            return IPAddress.IsLoopback(peer.Address);
        }

        var user = UserIn("/proc/net/tcp", Place(peer), Place(own)) ?? UserIn("/proc/net/tcp6", Mapped(peer), Mapped(own));
        return user == SandboxRunner.EffectiveUser;
    }

    private static uint? UserIn(string table, string local, string remote)
    {
        foreach (var line in File.Exists(table) ? File.ReadLines(table).Skip(1) : [])
        {
            var columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (columns[LocalColumn] == local && columns[RemoteColumn] == remote)
            {
                return uint.Parse(columns[UserColumn], CultureInfo.InvariantCulture);
            }
        }

        return null;
    }

    /// <summary>An end as the table of IPv4 has it: the address's bytes as a number of this machine, and the port.</summary>
    private static string Place(IPEndPoint end) =>
        string.Create(CultureInfo.InvariantCulture, $"{BitConverter.ToUInt32(end.Address.MapToIPv4().GetAddressBytes()):X8}:{end.Port:X4}");

    /// <summary>The same in the table of IPv6, of a program that reaches IPv4 by it.</summary>
    private static string Mapped(IPEndPoint end) => $"0000000000000000FFFF0000{Place(end)}";
}
