using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Godwit.Egress;

/// <summary>
/// Decides on every request that leaves a run's sandboxes, journals it and counts its bytes. It stands outside; what serves HTTP asks it.
/// </summary>
public sealed class EgressProxy : IDisposable
{
    private const int MostFetched = 4 << 20;
    private const int MostConnections = 64;
    private static readonly TimeSpan Fetching = TimeSpan.FromSeconds(100);
    private static readonly TimeSpan ConnectionsLive = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Connecting = TimeSpan.FromSeconds(20);

    private readonly OwnerNetwork _owner;
    private readonly INetworkLog _log;
    private readonly AddressGuard _guard;
    private readonly EgressAuthority _authority;
    private readonly ConcurrentDictionary<string, NetworkClient> _clients = new(StringComparer.Ordinal);
    private readonly ConditionalWeakTable<NetworkRule, ByteBudget> _budgets = [];
    private readonly SocketsHttpHandler _handler;

    /// <summary>Makes one.</summary>
    /// <param name="owner">What the machine's owner says.</param>
    /// <param name="rules">Every rule that a client may have.</param>
    /// <param name="log">Is told of every request before it goes out.</param>
    /// <param name="time">The clock.</param>
    /// <param name="upstream">How hosts are reached; null for as this machine does.</param>
    public EgressProxy(
        OwnerNetwork owner, IEnumerable<NetworkRule> rules, INetworkLog log, TimeProvider time, EgressUpstream? upstream = null)
    {
        _owner = owner;
        _log = log;
        upstream ??= new EgressUpstream();
        _guard = new AddressGuard(owner, upstream.Resolve);
        _authority = new EgressAuthority(rules.Where(rule => !rule.IsOpaque).Select(rule => rule.Domain), time.GetUtcNow());
        _handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            PooledConnectionLifetime = ConnectionsLive,
            ConnectTimeout = Connecting,
            ConnectCallback = ConnectAsync,
            MaxConnectionsPerServer = MostConnections,
            ActivityHeadersPropagator = null,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = Trust(upstream.Trust) },
        };
        Upstream = new HttpMessageInvoker(_handler);
    }

    /// <summary>Sends what was let through.</summary>
    public HttpMessageInvoker Upstream { get; }

    /// <summary>The run's certificate authority, as PEM, for sandboxes to trust.</summary>
    public string AuthorityPem => _authority.Pem;

    /// <summary>Lets somebody's commands ask, until they are dismissed.</summary>
    public void Admit(NetworkClient client) => _clients[client.Token] = client;

    /// <summary>Takes it back.</summary>
    public void Dismiss(NetworkClient client) => _clients.TryRemove(client.Token, out _);

    /// <summary>Who shows a token; null for nobody.</summary>
    public NetworkClient? ClientOf(string token) => _clients.GetValueOrDefault(token);

    /// <summary>What a host's side of TLS is given inside.</summary>
    public SslStreamCertificateContext CertificateOf(string host) => _authority.For(host);

    /// <summary>Counts what a run has used of a rule before it was taken up.</summary>
    internal void CountBefore(NetworkRule rule, long down, long up) => BudgetOf(rule).Add(down, up);

    /// <summary>Lets a client have a tunnel to a host that it may ask for something, before it is known what.</summary>
    /// <returns>Whether TLS stays closed in it.</returns>
    /// <exception cref="NetworkRefusedException">It may not.</exception>
    public async Task<bool> AllowTunnelAsync(NetworkClient client, string host, int port)
    {
        var rules = client.Rules.Where(rule => rule.Covers(host, port, null)).ToList();
        if (rules.Count == 0)
        {
            throw await RefusedAsync(client, new NetworkCall("CONNECT", host, port, "", true), 0, NoRule(host));
        }

        return rules.Exists(rule => rule.IsOpaque);
    }

    /// <summary>Lets a request through, which is journaled before it goes out.</summary>
    /// <param name="client">Who asks.</param>
    /// <param name="call">What for.</param>
    /// <param name="bytes">What address and headers take, and the body as far as its length was said.</param>
    /// <param name="ofBody">How much of that is the body, which is counted as it goes.</param>
    /// <exception cref="NetworkRefusedException">It isn't allowed.</exception>
    public async Task<NetworkPass> PassAsync(NetworkClient client, NetworkCall call, long bytes, long ofBody = 0)
    {
        var (rule, reason) = _clients.ContainsKey(client.Token) ? Decide(client, call) : (null, "its command has ended");
        if (rule is null)
        {
            throw await RefusedAsync(client, call, bytes, reason!);
        }

        var budget = BudgetOf(rule);
        if (!budget.HasRoom(bytes, rule))
        {
            throw await RefusedAsync(
                client, call, bytes, $"the run has sent {budget.Up} bytes to hosts of '{rule}', and may send {rule.Upload}");
        }

        (string Header, string Value)? credential;
        try
        {
            credential = CredentialOf(rule, call);
        }
        catch (Exception missing) when (missing is FormatException or IOException or UnauthorizedAccessException)
        {
            throw await RefusedAsync(client, call, bytes, missing.Message);
        }

        client.CountRequest(call.Host, rule);
        await _log.RequestedAsync(new NetworkRequest(client.Name, client.Command, call.Method, call.Url, bytes, rule.ToString(), null));
        var pass = new NetworkPass(client, call.Host, rule, budget, credential);
        pass.CountUp(bytes - ofBody);
        return pass;
    }

    /// <summary>Reads an address for a client, from this process itself.</summary>
    /// <exception cref="NetworkRefusedException">It isn't allowed.</exception>
    /// <exception cref="HttpRequestException">The host doesn't answer.</exception>
    internal async Task<FetchedAnswer> FetchAsync(NetworkClient client, Uri url, CancellationToken cancellation)
    {
        var call = new NetworkCall("GET", url.IdnHost.ToLowerInvariant(), url.Port, url.PathAndQuery, url.Scheme == "https");
        var pass = await PassAsync(client, call, url.AbsoluteUri.Length);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(Fetching);
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        if (pass.Credential is var (header, value))
        {
            request.Headers.TryAddWithoutValidation(header, value);
        }

        try
        {
            using var answer = await Upstream.SendAsync(request, late.Token);
            await using var stream = await answer.Content.ReadAsStreamAsync(late.Token);
            using var taken = new MemoryStream();
            var part = new byte[16 << 10];
            int read;
            while (taken.Length < MostFetched && (read = await stream.ReadAsync(part, late.Token)) > 0)
            {
                pass.CountDown(read);
                taken.Write(part, 0, read);
            }

            return new FetchedAnswer(
                (int)answer.StatusCode, answer.Content.Headers.ContentType?.ToString() ?? "", answer.Headers.Location?.ToString(),
                Encoding.UTF8.GetString(taken.GetBuffer(), 0, (int)taken.Length));
        }
        catch (Exception broken) when (broken is IOException || (broken is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new HttpRequestException($"its answer broke off, or took longer than {Fetching.TotalSeconds:0} s", broken);
        }
        catch (HttpRequestException failed) when (failed.InnerException is NetworkRefusedException refused)
        {
            throw await RefusedAsync(client, call, 0, refused.Message);
        }
    }

    /// <summary>Journals that a request isn't let through.</summary>
    /// <returns>What to throw.</returns>
    public async Task<NetworkRefusedException> RefusedAsync(NetworkClient client, NetworkCall call, long bytes, string reason)
    {
        if (client.CountRefused(call, reason))
        {
            await _log.RequestedAsync(new NetworkRequest(client.Name, client.Command, call.Method, call.Url, bytes, null, reason));
        }

        return new NetworkRefusedException($"{call.Method} {call.Url} is not allowed: {reason}");
    }

    /// <summary>Journals what a client has used, when its command has ended.</summary>
    public async Task CloseAsync(NetworkClient client)
    {
        Dismiss(client);
        if (client.Usage is { Hosts.Count: > 0 } usage)
        {
            await _log.UsedAsync(usage);
        }
    }

    /// <summary>Connects to a host whose TLS isn't opened.</summary>
    /// <exception cref="NetworkRefusedException">It leads where nothing may be reached.</exception>
    public async Task<Stream> ConnectAsync(string host, int port, CancellationToken cancellation) =>
        new NetworkStream(await _guard.ConnectAsync(host, port, cancellation), ownsSocket: true);

    /// <inheritdoc/>
    public void Dispose()
    {
        Upstream.Dispose();
        _handler.Dispose();
        _authority.Dispose();
    }

    /// <summary>
    /// A certificate could name an address from which the rest of its chain is to be had, and this process would ask there unseen.
    /// </summary>
    private static X509ChainPolicy Trust(X509ChainPolicy? given)
    {
        var policy = given?.Clone() ?? new X509ChainPolicy();
        policy.DisableCertificateDownloads = true;
        policy.RevocationMode = X509RevocationMode.NoCheck;
        return policy;
    }

    private static string NoRule(string host) => $"the goal names no rule for {host} under 'network'";

    private static (NetworkRule? Rule, string? Reason) Decide(NetworkClient client, NetworkCall call)
    {
        var rules = client.Rules.Where(rule => rule.Covers(call.Host, call.Port, call.IsTls) && rule.IsOpaque == (call.Method == "CONNECT"))
            .ToList();
        if (rules.Count == 0)
        {
            return (null, NoRule(call.Host));
        }

        if (call.Method == "CONNECT")
        {
            return (rules[0], null);
        }

        if (RawPath.IsOdd(call.Path) || RawPath.HasDots(call.Path))
        {
            return (null, "its path has parts that lead elsewhere");
        }

        var path = call.Path.Split('?')[0];
        var below = rules.Where(rule => rule.Paths.Any(prefix => path.StartsWith(prefix, StringComparison.Ordinal))).ToList();
        if (below.Count == 0)
        {
            return (null, $"the rules for {call.Host} allow {string.Join(", ", rules.SelectMany(rule => rule.Paths).Distinct())}");
        }

        if (GitService.IsPush(call))
        {
            return below.Find(rule => rule.MayPush) is { } pushes ? (pushes, null) : (null, $"pushing to {call.Host} needs 'push: true'");
        }

        var isFetch = GitService.IsFetch(call);
        return below.Find(rule => rule.Methods.Contains(isFetch && rule.ServesGit ? "GET" : call.Method)) is { } rule
            ? (rule, null)
            : (null, $"the rules for {call.Host} allow {string.Join(", ", below.SelectMany(rule => rule.Methods).Distinct())}");
    }

    private (string, string)? CredentialOf(NetworkRule rule, NetworkCall call)
    {
        if (rule.Credential is not { } name)
        {
            return null;
        }

        if (!_owner.Credentials.TryGetValue(name, out var credential))
        {
            throw new FormatException($"there is no credential '{name}' in {_owner.File}");
        }

        return credential.Host != call.Host
            ? throw new FormatException($"credential '{name}' is for {credential.Host} alone")
            : !call.IsTls ? throw new FormatException($"credential '{name}' is given by TLS only")
            : (credential.Header, credential.Value());
    }

    private ByteBudget BudgetOf(NetworkRule rule) => _budgets.GetValue(rule, _ => new ByteBudget());

    /// <summary>Connects where a request goes; a proxy of the machine's own stands for all hosts behind it.</summary>
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var first = context.InitialRequestMessage;

        // No request that is let through asks for a tunnel: the handler does, of the machine's proxy.
        var isProxy = first.Method == HttpMethod.Connect
            || (HttpClient.DefaultProxy.GetProxy(first.RequestUri!) is { } proxy && proxy.Host == host && proxy.Port == port);
        return new NetworkStream(await _guard.ConnectAsync(host, port, cancellation, isTrusted: isProxy), ownsSocket: true);
    }
}
