using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Godwit.Egress;

/// <summary>How a proxy reaches hosts, where that isn't as this machine does.</summary>
public sealed record EgressUpstream
{
    /// <summary>Looks a name up. Default the machine's resolver.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;

    /// <summary>What hosts' certificates must chain to; null for what the machine trusts.</summary>
    public X509ChainPolicy? Trust { get; init; }
}
