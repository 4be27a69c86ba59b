using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Godwit.Egress;
using Godwit.Sandbox;

namespace Godwit.Cli.Attacks;

/// <summary>
/// What a command tries through the proxy, which lets it reach one host. Its names lead to services of this machine that count who comes:
/// an attack has failed when none was reached.
/// </summary>
internal static class ProxyAttacks
{
    private const string Named = "what the goal doesn't name can't be reached";
    private const string Inside = "no name leads into a private network or to this machine";
    private const string Allowed = "allowed.example.org";

    /// <summary>All of them.</summary>
    public static IEnumerable<Attack> All =>
    [
        Asks("proxy/other-host", Named, "evil.example.net:443", "evil.example.net", Get("evil.example.net")),
        Asks("proxy/address", Named, "127.0.0.1:$PORT", "", Get("127.0.0.1")),
        Asks("proxy/address-6", Named, "[::1]:$PORT", "", Get("[::1]")),
        Asks("proxy/localhost", Named, "localhost:$PORT", "", Get("localhost")),
        Asks("proxy/address-as-number", Named, "2130706433:$PORT", "", Get("2130706433")),
        Asks("proxy/other-port", Named, $"{Allowed}:22", "", "SSH-2.0-x\\r\\n"),
        Asks("proxy/service-port", Named, $"{Allowed}:$PORT", "", Get(Allowed)),
        Asks("proxy/name-in-front", Named, $"{Allowed}.evil.example.net:443", Allowed, Get(Allowed)),
        Asks("proxy/wildcard-split", Named, "127.0.0.1:$PORT/.wild.example.org:443", "", Get("")),
        Asks("proxy/wildcard-query", Named, "127.0.0.1:$PORT?.wild.example.org:80", "", "GET / HTTP/1.0\\r\\n\\r\\n"),
        Asks("proxy/user-in-front", Named, $"{Allowed}@127.0.0.1:$PORT", "", Get(Allowed)),
        Asks("proxy/line-in-tunnel", Named, $"{Allowed}:443 HTTP/1.1\\r\\nHost: x\\r\\n\\r\\nCONNECT 127.0.0.1:$PORT", "", Get(Allowed)),
        Asks(
            "proxy/whole-address", Named, "", "",
            "GET http://127.0.0.1:$PORT/ HTTP/1.1\\r\\nHost: 127.0.0.1:$PORT\\r\\nConnection: close\\r\\n\\r\\n"),
        Asks("proxy/two-hosts", Named, "", "", $"GET http://127.0.0.1:$PORT/ HTTP/1.1\\r\\nHost: {Allowed}\\r\\nConnection: close\\r\\n\\r\\n"),
        Asks(
            "proxy/upgrade-by-connection", Named, $"{Allowed}:443", Allowed,
            "GET /open/ HTTP/1.1\\r\\nHost: " + Allowed + "\\r\\nConnection: Upgrade\\r\\n\\r\\n"),
        Asks("proxy/no-host", Named, "", "", "GET / HTTP/1.1\\r\\nHost: 127.0.0.1:$PORT\\r\\nConnection: close\\r\\n\\r\\n"),
        Asks("proxy/file", Named, "", "", "GET file:///etc/shadow HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n"),
        Asks("proxy/fronting-handshake", Named, $"{Allowed}:443", "evil.example.net", Get("evil.example.net")),
        Asks("proxy/fronting-request", Named, $"{Allowed}:443", Allowed, Get("evil.example.net")),
        Asks(
            "proxy/second-request", Named, $"{Allowed}:443", Allowed,
            "HEAD / HTTP/1.1\\r\\nHost: allowed.example.org\\r\\n\\r\\n" + Get("evil.example.net")),
        Asks(
            "proxy/method", Named, $"{Allowed}:443", Allowed,
            "POST / HTTP/1.1\\r\\nHost: allowed.example.org\\r\\nContent-Length: 1\\r\\nConnection: close\\r\\n\\r\\nx"),
        Asks("proxy/path-upwards", Named, $"{Allowed}:443", Allowed, Get(Allowed, "/open/../closed")),
        Asks("proxy/path-in-percent", Named, $"{Allowed}:443", Allowed, Get(Allowed, "/open/%2e%2e/closed")),
        Asks("proxy/git-push", Named, $"{Allowed}:443", Allowed, Get(Allowed, "/open/x/info/refs?service=git-receive-pack")),
        Asks(
            "proxy/upgrade", Named, $"{Allowed}:443", Allowed,
            "GET /open/ HTTP/1.1\\r\\nHost: allowed.example.org\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n\\r\\n"),
        Asks(
            "proxy/two-lengths", Named, $"{Allowed}:443", Allowed,
            "GET /open/ HTTP/1.1\\r\\nHost: allowed.example.org\\r\\nContent-Length: 4\\r\\nContent-Length: 50\\r\\n\\r\\n" + Get("evil.example.net")),
        Asks(
            "proxy/endless-head", Named, $"{Allowed}:443", Allowed,
            $"GET /open/ HTTP/1.1\\r\\nHost: {Allowed}\\r\\nX: {new string('x', 100_000)}\\r\\n\\r\\n"),
        Asks("proxy/large-upload", Named, $"{Allowed}:443", Allowed, Get(Allowed, $"/open/{new string('x', 6000)}")),
        .. (((string Name, string Address)[])
        [
            ("this-machine", "127.0.0.1"), ("metadata", "169.254.169.254"), ("private-network", "10.0.0.1"), ("private-network-6", "fd00::1"),
            ("mapped", "::ffff:10.0.0.1"), ("translated", "64:ff9b::7f00:1"), ("all-addresses", "0.0.0.0"), ("local-link", "fe80::1"),
        ]).Select(way => Asks($"proxy/name-leads-to-{way.Name}", Inside, $"{Allowed}:443", Allowed, Get(Allowed, "/open/"), way.Address)),
        Asks("proxy/rebinding", Inside, $"{Allowed}:443", Allowed, Get(Allowed, "/open/"), "203.0.113.7,127.0.0.1"),
        new Attack("proxy/no-token", Named, async (ground, cancellation) =>
        {
            await using var network = await ProxyNetwork.StartAsync(ground, "127.0.0.1");
            var request = $"{new string('0', 32)}\\r\\nCONNECT {Allowed}:443 HTTP/1.1\\r\\n\\r\\n";
            var result = await network.RunAsync(ground, "", "", request, cancellation, withToken: false);
            return network.Judge(ground, result);
        }),
    ];

    private static string Get(string host, string path = "/") => $"GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: close\\r\\n\\r\\n";

    private static Attack Asks(string name, string promise, string tunnel, string handshake, string request, string leadsTo = "127.0.0.1") =>
        new(name, promise, async (ground, cancellation) =>
        {
            await using var network = await ProxyNetwork.StartAsync(ground, leadsTo);
            var port = ground.Tcp.Port.ToString(CultureInfo.InvariantCulture);
            var result = await network.RunAsync(
                ground, tunnel.Replace("$PORT", port, StringComparison.Ordinal), handshake, request.Replace("$PORT", port, StringComparison.Ordinal),
                cancellation);
            return network.Judge(ground, result);
        });

    /// <summary>A proxy with one rule, whose names lead where the attack wants them.</summary>
    private sealed class ProxyNetwork : INetworkLog, IAsyncDisposable
    {
        private readonly ConcurrentQueue<NetworkRequest> _requests = [];
        private readonly SandboxDoors _doors = new();
        private EgressProxy _proxy = null!;
        private EgressDoor _door = null!;
        private NetworkClient _client = null!;
        private int _before;

        public static async Task<ProxyNetwork> StartAsync(AttackGround ground, string leadsTo)
        {
            var network = new ProxyNetwork { _before = ground.Hits };
            var addresses = leadsTo.Split(',').Select(IPAddress.Parse).ToArray();
            network._client = new NetworkClient(
                "attacker",
                [new NetworkRule { Host = Allowed, Paths = ["/open/"], Upload = 5000 }, new NetworkRule { Host = "*.wild.example.org" }]);
            network._proxy = new EgressProxy(
                new OwnerNetwork(), network._client.Rules, network, TimeProvider.System,
                new EgressUpstream { Resolve = (_, _) => Task.FromResult(addresses) });
            network._proxy.Admit(network._client);
            network._door = await network._doors.OpenAsync(network._proxy, ground.NewFolder());
            return network;
        }

        public Task<SandboxResult> RunAsync(
            AttackGround ground, string tunnel, string handshake, string request, CancellationToken cancellation, bool withToken = true)
        {
            var relay = _door.Relay;
            string[] line = [.. relay.Line, "--proxy", "/run/godwit/network/socket", relay.Line[0], "attack", "ask", tunnel, handshake, request];
            return ground.RunAsync($"exec {ShellWords.Line(line)}", cancellation, command => command with
            {
                Read = relay.Read,
                Mounts = new Dictionary<string, string> { [_door.Socket] = "/run/godwit/network/socket" },
                Environment = new Dictionary<string, string>(relay.Environment)
                {
                    [EgressDoor.TokenVariable] = withToken ? _client.Token : "guessed",
                },
            });
        }

        /// <summary>No service was reached, and nothing went out.</summary>
        public AttackOutcome Judge(AttackGround ground, SandboxResult result)
        {
            if (ground.Hits != _before)
            {
                return AttackOutcome.Through("a service of this machine was reached");
            }

            // What is let through fails at the addresses, all of which are refused: the proxy says so a second time.
            var last = _requests.LastOrDefault();
            var said = SandboxAttacks.Outcome(ground, result);
            return last is { Refused: null }
                ? AttackOutcome.Through($"{last.Method} {last.Url} went out")
                : said with { By = last?.Refused ?? said.By };
        }

        public async ValueTask DisposeAsync()
        {
            await _doors.DisposeAsync();
            _proxy.Dispose();
        }

        Task INetworkLog.RequestedAsync(NetworkRequest request)
        {
            _requests.Enqueue(request);
            return Task.CompletedTask;
        }

        Task INetworkLog.UsedAsync(NetworkUsage usage) => Task.CompletedTask;
    }
}
