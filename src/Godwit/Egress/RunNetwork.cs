using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Sandbox;

namespace Godwit.Egress;

/// <summary>The network of a run: the commands that may reach something are run through it, and it tells the journal what they asked for.</summary>
public sealed class RunNetwork : INetworkLog, IDisposable
{
    private const string SocketInside = "/run/godwit/network/socket";

    // Where Debian, Fedora and Alpine keep what OpenSSL, GnuTLS and most programs trust; some are told of it by a file of their own, such
    // as npm by its cafile, so what is to be trusted inside stands at the same place.
    private static readonly string? MachineAuthorities =
        ((string[])["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"]).FirstOrDefault(File.Exists);

    private static readonly string AuthoritiesInside = MachineAuthorities ?? "/run/godwit/network/ca.pem";

    private readonly IReadOnlyList<NetworkRule> _setup;
    private readonly IReadOnlyList<NetworkRule> _agents;
    private readonly IEgressHost? _host;
    private readonly string _folder;
    private readonly TaskCompletionSource<DurableRun> _run = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lazy<EgressProxy> _proxy;
    private readonly Lazy<Task<(EgressDoor Door, string Authorities)>> _door;

    /// <summary>Makes one.</summary>
    /// <param name="goal">What the goal allows; null where it says nothing.</param>
    /// <param name="owner">What the machine's owner says.</param>
    /// <param name="host">Serves the proxy; null where nothing may be reached.</param>
    /// <param name="folder">The run's folder.</param>
    /// <param name="time">The clock.</param>
    /// <param name="upstream">How hosts are reached; null for as this machine does.</param>
    public RunNetwork(
        GoalNetwork? goal, OwnerNetwork owner, IEgressHost? host, string folder, TimeProvider time, EgressUpstream? upstream = null)
    {
        var allowed = goal ?? GoalNetwork.Usual;
        _setup = host is null ? [] : allowed.For(NetworkUse.Setup, owner);
        _agents = host is null ? [] : allowed.For(NetworkUse.Agents, owner);
        _host = host;
        _folder = Path.Combine(folder, "network");
        _proxy = new Lazy<EgressProxy>(() => new EgressProxy(owner, Rules, this, time, upstream));
        _door = new Lazy<Task<(EgressDoor, string)>>(OpenAsync);
    }

    /// <summary>No network for anybody.</summary>
    public static RunNetwork None { get; } = new(null, new OwnerNetwork(), null, "", TimeProvider.System);

    /// <summary>What commands of somebody may reach; nothing where it is empty.</summary>
    public IReadOnlyList<NetworkRule> RulesOf(NetworkUse use) => use switch
    {
        NetworkUse.Setup => _setup,
        NetworkUse.Agents => _agents,
        _ => [],
    };

    private IEnumerable<NetworkRule> Rules => _setup.Union(_agents);

    /// <summary>Goes on where an earlier owner of the run has stopped, and journals from now on; nothing is reached before.</summary>
    public void TakeUp(DurableRun run) => _run.TrySetResult(run);

    /// <summary>Runs a command that may reach what the rules for it name; where they name nothing it has no network.</summary>
    /// <param name="sandbox">Where it runs.</param>
    /// <param name="command">The command.</param>
    /// <param name="use">Whose it is.</param>
    /// <param name="name">The name that it goes by in the journal: <c>setup</c>, or an agent's.</param>
    /// <param name="cancellation">Kills it.</param>
    /// <param name="session">Who takes part in it while it runs; null for nobody.</param>
    /// <exception cref="SandboxException">The sandbox could not be made; the message says what to do.</exception>
    public async Task<SandboxResult> RunAsync(
        SandboxRunner sandbox, SandboxCommand command, NetworkUse use, string name, CancellationToken cancellation,
        SandboxSession? session = null)
    {
        if (RulesOf(use).Count == 0)
        {
            return await sandbox.RunAsync(command, cancellation, session);
        }

        var (door, authorities) = await _door.Value;
        var client = new NetworkClient(name, RulesOf(use));
        _proxy.Value.Admit(client);
        try
        {
            var result = await sandbox.RunAsync(
                Through(door, authorities, client, command, sandbox.Kind == SandboxKind.None), cancellation, session);
            return result.ExitCode == 0 || client.Refusals.Count == 0
                ? result
                : result with { Error = $"{result.Error.TrimEnd()}\ngodwit refused {string.Join("\ngodwit refused ", client.Refusals)}\n" };
        }
        finally
        {
            await _proxy.Value.CloseAsync(client);
        }
    }

    /// <summary>Reads an address for an agent, as its commands may.</summary>
    /// <param name="name">The agent.</param>
    /// <param name="url">A whole address.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="NetworkRefusedException">It isn't allowed.</exception>
    /// <exception cref="HttpRequestException">The host doesn't answer.</exception>
    public async Task<FetchedAnswer> FetchAsync(string name, Uri url, CancellationToken cancellation)
    {
        // Opened for its commands too, so that what the run has used before is known.
        _ = await _door.Value;
        var client = new NetworkClient(name, RulesOf(NetworkUse.Agents));
        _proxy.Value.Admit(client);
        try
        {
            return await _proxy.Value.FetchAsync(client, url, cancellation);
        }
        finally
        {
            await _proxy.Value.CloseAsync(client);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_proxy.IsValueCreated)
        {
            _proxy.Value.Dispose();
        }
    }

    async Task INetworkLog.RequestedAsync(NetworkRequest request) => await (await _run.Task).NoteAsync(NetworkRequest.Key, request);

    async Task INetworkLog.UsedAsync(NetworkUsage usage) => await (await _run.Task).NoteAsync(NetworkUsage.Key, usage);

    private async Task<(EgressDoor Door, string Authorities)> OpenAsync()
    {
        var run = await _run.Task;
        var used = UsedBefore(run.Journal.Reader);
        foreach (var rule in Rules)
        {
            var (down, up) = used.GetValueOrDefault(rule.ToString());
            _proxy.Value.CountBefore(rule, down, up);
        }

        Directory.CreateDirectory(_folder);
        var authorities = Path.Combine(_folder, "ca.pem");
        var machine = MachineAuthorities is null ? "" : await File.ReadAllTextAsync(MachineAuthorities);
        await File.WriteAllTextAsync(authorities, $"{_proxy.Value.AuthorityPem}{machine}");
        return (await _host!.OpenAsync(_proxy.Value, _folder), authorities);
    }

    /// <summary>
    /// What the run has used, by rule; of a command that was cut short, what its requests said of themselves before they went out.
    /// </summary>
    private static Dictionary<string, (long Down, long Up)> UsedBefore(JournalReader journal)
    {
        var used = new Dictionary<string, (long Down, long Up)>(StringComparer.Ordinal);
        var open = new Dictionary<string, List<NetworkRequest>>(StringComparer.Ordinal);
        foreach (var entry in journal.OfProcess(DurableRun.Host))
        {
            if (entry.Key == NetworkUsage.Key)
            {
                var usage = Canonical.Deserialize<NetworkUsage>(entry.Data.Span);
                open.Remove(usage.Command);
                foreach (var host in usage.Hosts)
                {
                    Add(host.Rule, host.Down, host.Up);
                }
            }
            else if (entry.Key == NetworkRequest.Key && Canonical.Deserialize<NetworkRequest>(entry.Data.Span) is { Rule: not null } request)
            {
                if (!open.TryGetValue(request.Command, out var requests))
                {
                    open[request.Command] = requests = [];
                }

                requests.Add(request);
            }
        }

        foreach (var request in open.Values.SelectMany(requests => requests))
        {
            Add(request.Rule, 0, request.Bytes);
        }

        return used;

        void Add(string? rule, long down, long up)
        {
            if (rule is not null)
            {
                var before = used.GetValueOrDefault(rule);
                used[rule] = (before.Down + down, before.Up + up);
            }
        }
    }

    /// <summary>The command behind the relay, trusting the run's authority.</summary>
    private static SandboxCommand Through(EgressDoor door, string authorities, NetworkClient client, SandboxCommand command, bool isBare)
    {
        var environment = new Dictionary<string, string>(command.Environment);
        foreach (var (name, value) in door.Relay.Environment)
        {
            environment.TryAdd(name, value);
        }

        environment[EgressDoor.TokenVariable] = client.Token;
        environment[EgressDoor.AuthoritiesVariable] = isBare ? authorities : AuthoritiesInside;
        var mounts = new Dictionary<string, string>(command.Mounts) { [door.Socket] = SocketInside, [authorities] = AuthoritiesInside };
        string[] line = [.. door.Relay.Line, "--proxy", isBare ? door.Socket : SocketInside, "/bin/sh", "-c", command.Shell];
        return command with
        {
            Shell = $"exec {ShellWords.Line(line)}",
            Read = [.. command.Read, .. door.Relay.Read],
            Mounts = mounts,
            Environment = environment,
        };
    }
}
