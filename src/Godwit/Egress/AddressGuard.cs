using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Godwit.Egress;

/// <summary>Looks up hosts, and refuses those that lead into a private network, to a cloud's metadata or to this machine.</summary>
/// <param name="owner">Who excepts ranges.</param>
/// <param name="resolve">Looks a name up.</param>
internal sealed class AddressGuard(OwnerNetwork owner, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
{
    // The IANA registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890), without the ranges that are set aside for examples:
    // nothing on the Internet answers there, and some networks put their package registries into them.
    private static readonly IPNetwork[] Special =
    [
        .. ((string[])
        [
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
            "::/128", "::1/128", "100::/64", "2001::/23", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
            "64:ff9b:1::/48", "::ffff:0:0:0/96",
        ]).Select(IPNetwork.Parse),
    ];

    // IPv6 addresses that carry one of IPv4, and where in them: translation (RFC 6052, RFC 8215) and 6to4 (RFC 3056).
    private static readonly (IPNetwork Range, int At)[] Carriers =
    [
        (IPNetwork.Parse("64:ff9b::/96"), 12), (IPNetwork.Parse("2002::/16"), 2),
        (IPNetwork.Parse("::/96"), 12),
    ];

    /// <summary>Connects to a host, at addresses that were checked and at no other.</summary>
    /// <param name="host">Its name.</param>
    /// <param name="port">Its port.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="isTrusted">Whether it may be anywhere: the machine's own way out.</param>
    /// <exception cref="NetworkRefusedException">It leads where nothing may be reached, or nowhere.</exception>
    public async Task<Socket> ConnectAsync(string host, int port, CancellationToken cancellation, bool isTrusted = false)
    {
        var addresses = await ResolveAsync(host, isTrusted, cancellation);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancellation);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<IPAddress[]> ResolveAsync(string host, bool isTrusted, CancellationToken cancellation)
    {
        IPAddress[] addresses;
        try
        {
            addresses = isTrusted ? await Dns.GetHostAddressesAsync(host, cancellation) : await resolve(host, cancellation);
        }
        catch (SocketException unknown)
        {
            throw new NetworkRefusedException($"{host} can't be looked up ({unknown.Message})");
        }

        foreach (var address in addresses)
        {
            if (!isTrusted && !IsAllowed(address))
            {
                throw new NetworkRefusedException(
                    $"{host} leads to {address}, which is private, special or this machine's own; if that is right, the machine's owner " +
                    $"adds it to 'ranges' in {owner.File}");
            }
        }

        return addresses.Length > 0 ? addresses : throw new NetworkRefusedException($"{host} has no address");
    }

    internal bool IsAllowed(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (owner.Ranges.Any(range => range.Contains(plain)))
        {
            return true;
        }

        return !Special.Any(range => range.Contains(plain)) && !IsOfThisMachine(plain) && Carried(plain).All(IsAllowed);
    }

    private static IEnumerable<IPAddress> Carried(IPAddress address) =>
        from carrier in Carriers
        where carrier.Range.Contains(address)
        select new IPAddress(address.GetAddressBytes().AsSpan(carrier.At, 4));

    private static bool IsOfThisMachine(IPAddress address) => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(card => card.GetIPProperties().UnicastAddresses)
        .Any(own => own.Address.GetAddressBytes().AsSpan().SequenceEqual(address.GetAddressBytes()));
}

/// <summary>The proxy doesn't let a request through. The message is one line that says why.</summary>
/// <param name="message">What and why.</param>
public sealed class NetworkRefusedException(string message) : Exception(message);
