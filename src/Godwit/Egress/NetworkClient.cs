using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Godwit.Egress;

/// <summary>Whose command asks the proxy, while it runs.</summary>
/// <param name="name">Its name: <c>setup</c>, or an agent.</param>
/// <param name="rules">What it may reach.</param>
public sealed class NetworkClient(string name, IReadOnlyList<NetworkRule> rules)
{
    private const int RefusalsKept = 5;
    private const int RefusalsJournaled = 500;
    private const int MostHosts = 500;
    private const string OtherHosts = "others";
    private readonly ConcurrentDictionary<string, Counts> _hosts = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _refusals = new();
    private int _refused;

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>What it may reach.</summary>
    public IReadOnlyList<NetworkRule> Rules => rules;

    /// <summary>What it shows to be known by; made for this one command.</summary>
    public string Token { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>The first requests that were refused, with their reasons.</summary>
    public IReadOnlyList<string> Refusals => [.. _refusals];

    /// <summary>What it has asked for until now.</summary>
    public NetworkUsage Usage => new(
        name,
        [
            .. _hosts.OrderBy(host => host.Key, StringComparer.Ordinal).Select(host => new HostUsage(
                host.Key, host.Value.Requests, host.Value.Refused, Interlocked.Read(ref host.Value.Down), Interlocked.Read(ref host.Value.Up))),
        ]);

    internal void CountRequest(string host) => Interlocked.Increment(ref Of(host).Requests);

    internal void CountUp(string host, long bytes) => Interlocked.Add(ref Of(host).Up, bytes);

    internal void CountDown(string host, long bytes) => Interlocked.Add(ref Of(host).Down, bytes);

    /// <summary>Counts a refusal.</summary>
    /// <returns>Whether it is to be journaled: of a command that is refused without end the first are.</returns>
    internal bool CountRefused(NetworkCall call, string reason)
    {
        Interlocked.Increment(ref Of(_hosts.Count < MostHosts || _hosts.ContainsKey(call.Host) ? call.Host : OtherHosts).Refused);
        if (_refusals.Count < RefusalsKept)
        {
            _refusals.Enqueue($"{call.Method} {call.Url}: {reason}");
        }

        return Interlocked.Increment(ref _refused) <= RefusalsJournaled;
    }

    private Counts Of(string host) => _hosts.GetOrAdd(host, _ => new Counts());

    private sealed class Counts
    {
        public int Requests;
        public int Refused;
        public long Down;
        public long Up;
    }
}
