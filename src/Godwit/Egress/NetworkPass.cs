namespace Godwit.Egress;

/// <summary>A request that was let through, while it is answered.</summary>
public sealed class NetworkPass
{
    private readonly NetworkClient _client;
    private readonly string _host;
    private readonly ByteBudget _budget;

    internal NetworkPass(NetworkClient client, string host, NetworkRule rule, ByteBudget budget, (string, string)? credential)
    {
        _client = client;
        _host = host;
        Rule = rule;
        _budget = budget;
        Credential = credential;
    }

    /// <summary>The rule that lets it through.</summary>
    public NetworkRule Rule { get; }

    /// <summary>A header that is added outside; null for none.</summary>
    public (string Name, string Value)? Credential { get; }

    /// <summary>Counts bytes that go out.</summary>
    /// <exception cref="NetworkRefusedException">They are more than the rule allows.</exception>
    public void CountUp(long bytes)
    {
        _client.CountUp(_host, Rule, bytes);
        if (_budget.Add(0, bytes).Up > Rule.Upload)
        {
            throw new NetworkRefusedException($"the run may send {Rule.Upload} bytes to hosts of '{Rule}', and this would be more");
        }
    }

    /// <summary>Counts bytes that come in.</summary>
    /// <exception cref="NetworkRefusedException">They are more than the rule allows.</exception>
    public void CountDown(long bytes)
    {
        _client.CountDown(_host, Rule, bytes);
        if (_budget.Add(bytes, 0).Down > Rule.Download)
        {
            throw new NetworkRefusedException($"the run may take {Rule.Download} bytes from hosts of '{Rule}', and this would be more");
        }
    }
}

/// <summary>What a run has used of a rule.</summary>
internal sealed class ByteBudget
{
    private long _down;
    private long _up;

    public long Up => Interlocked.Read(ref _up);

    public bool HasRoom(long up, NetworkRule rule) => Up + up <= rule.Upload && Interlocked.Read(ref _down) <= rule.Download;

    public (long Down, long Up) Add(long down, long up) => (Interlocked.Add(ref _down, down), Interlocked.Add(ref _up, up));
}
