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
    private readonly ConcurrentDictionary<(string Host, string? Rule), Counts> _counts = new();
    private readonly ConcurrentQueue<string> _refusals = new();
    private int _refused;

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>What it may reach.</summary>
    public IReadOnlyList<NetworkRule> Rules => rules;

    /// <summary>What it shows to be known by; made for this one command.</summary>
    public string Token { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>What it is known by in the journal, which its token isn't.</summary>
    public string Command { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));

    /// <summary>The first requests that were refused, with their reasons.</summary>
    public IReadOnlyList<string> Refusals => [.. _refusals];

    /// <summary>What it has asked for until now.</summary>
    public NetworkUsage Usage => new(name, Command,
    [
        .. from pair in _counts
           orderby pair.Key.Host, pair.Key.Rule
           let counts = pair.Value
           select new HostUsage(
               pair.Key.Host, pair.Key.Rule, counts.Requests, counts.Refused, Interlocked.Read(ref counts.Down), Interlocked.Read(ref counts.Up)),
    ]);

    internal void CountRequest(string host, NetworkRule rule) => Interlocked.Increment(ref Of(host, rule).Requests);

    internal void CountUp(string host, NetworkRule rule, long bytes) => Interlocked.Add(ref Of(host, rule).Up, bytes);

    internal void CountDown(string host, NetworkRule rule, long bytes) => Interlocked.Add(ref Of(host, rule).Down, bytes);

    /// <summary>Counts a refusal.</summary>
    /// <returns>Whether it is to be journaled: of a command that is refused without end the first are.</returns>
    internal bool CountRefused(NetworkCall call, string reason)
    {
        var host = _counts.Count < MostHosts || _counts.ContainsKey((call.Host, null)) ? call.Host : OtherHosts;
        Interlocked.Increment(ref Of(host, null).Refused);
        if (_refusals.Count < RefusalsKept)
        {
            _refusals.Enqueue($"{call.Method} {call.Url}: {reason}");
        }

        return Interlocked.Increment(ref _refused) <= RefusalsJournaled;
    }

    private Counts Of(string host, NetworkRule? rule) => _counts.GetOrAdd((host, rule?.ToString()), _ => new Counts());

    private sealed class Counts
    {
        public int Requests;
        public int Refused;
        public long Down;
        public long Up;
    }
}
