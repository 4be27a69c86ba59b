using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Godwit.Egress;
using Godwit.Goals;
using Godwit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Godwit.Tests.Egress;

/// <summary>A proxy on a socket, and hosts on loopback that names lead to; both speak real TLS.</summary>
public abstract class EgressFixture : IAsyncLifetime, INetworkLog
{
    private static readonly X509Certificate2 Root = MakeRoot();
    private WebApplication? _host;
    private EgressServer? _server;

    /// <summary>What a host answers; by default its own view of the request.</summary>
    internal RequestDelegate Answer { get; set; } = context => context.Response.WriteAsync(
        $"{context.Request.Method} {context.Request.Host.Host} {context.Request.Path}{context.Request.QueryString} " +
        $"[{context.Request.Headers.Authorization}]");

    internal ConcurrentQueue<NetworkRequest> Requests { get; } = [];

    internal ConcurrentQueue<NetworkUsage> Usages { get; } = [];

    /// <summary>Where names lead; all others to loopback.</summary>
    internal ConcurrentDictionary<string, string> Addresses { get; } = [];

    internal DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory("godwit-egress-");

    internal EgressProxy Proxy { get; private set; } = null!;

    internal int TlsPort { get; private set; }

    internal int PlainPort { get; private set; }

    internal static OwnerNetwork Owner { get; } = new()
    {
        Ranges = [IPNetwork.Parse("127.0.0.0/8")],
        Credentials = new Dictionary<string, HostCredential>
        {
            ["secret"] = new("api.example.org", "Authorization", "Bearer", "GODWIT_TEST_CREDENTIAL", null),
            ["absent"] = new("api.example.org", "Authorization", "Bearer", "GODWIT_TEST_NO_SUCH", null),
        },
    };

    internal EgressUpstream Upstream => new()
    {
        Resolve = (host, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(Addresses.GetValueOrDefault(host, "127.0.0.1"))]),
        Trust = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { Root }, RevocationMode = X509RevocationMode.NoCheck,
        },
    };

    private string Socket => Path.Combine(Folder.FullName, "proxy");

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https => https.ServerCertificateSelector = (_, name) => Leaf(name)));
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        builder.WebHost.UseKestrelHttpsConfiguration();
        _host = builder.Build();
        _host.Run(context => Answer(context));
        await _host.StartAsync();
        var ports = _host.Urls.Select(url => new Uri(url)).ToList();
        TlsPort = ports.Single(url => url.Scheme == "https").Port;
        PlainPort = ports.Single(url => url.Scheme == "http").Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        Proxy?.Dispose();
        await _host!.DisposeAsync();
        Folder.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    Task INetworkLog.RequestedAsync(NetworkRequest request)
    {
        Requests.Enqueue(request);
        return Task.CompletedTask;
    }

    Task INetworkLog.UsedAsync(NetworkUsage usage)
    {
        Usages.Enqueue(usage);
        return Task.CompletedTask;
    }

    /// <summary>Rules as a goal has them; <c>TLS</c> and <c>PLAIN</c> stand for the hosts' ports.</summary>
    internal IReadOnlyList<NetworkRule> Rules(string yaml)
    {
        var problems = new List<GoalProblem>();
        var filled = yaml.Replace("TLS", $"{TlsPort}", StringComparison.Ordinal).Replace("PLAIN", $"{PlainPort}", StringComparison.Ordinal);
        var network = NetworkReader.Read(YamlMap.Parse($"network: {filled}", problems)!)!;
        Assert.Empty(problems);
        return network.Rules;
    }

    /// <summary>Starts the proxy, and lets a client ask it.</summary>
    internal async Task<NetworkClient> AdmitAsync(string yaml)
    {
        var client = new NetworkClient("agent-1", Rules(yaml));
        Proxy = new EgressProxy(Owner, client.Rules, this, TimeProvider.System, Upstream);
        _server = await EgressServer.StartAsync(Proxy, Socket);
        Proxy.Admit(client);
        return client;
    }

    /// <summary>Asks by TLS as a program in a sandbox does; what it is answered, from the first line on.</summary>
    internal async Task<string> AskAsync(
        NetworkClient client, string method, string path, string host = "api.example.org", string? headers = null, string body = "",
        string? named = null, string? handshake = null)
    {
        await using var tunnel = await ConnectAsync(client.Token);
        await WriteAsync(tunnel, $"CONNECT {host}:{TlsPort} HTTP/1.1\r\nHost: {host}:{TlsPort}\r\n\r\n");
        var established = await HeadAsync(tunnel);
        if (!established.StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
        {
            return established + await ReadAsync(tunnel);
        }

        await using var tls = await HandshakeAsync(tunnel, handshake ?? host);
        await WriteAsync(
            tls,
            $"{method} {path} HTTP/1.1\r\nHost: {named ?? $"{host}:{TlsPort}"}\r\nConnection: close\r\n{headers}" +
            (body.Length > 0 ? $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}" : "\r\n"));
        return await ReadAsync(tls);
    }

    /// <summary>Asks without TLS, as programs ask a proxy.</summary>
    internal async Task<string> AskPlainAsync(NetworkClient client, string target)
    {
        await using var plain = await ConnectAsync(client.Token);
        var host = target.StartsWith('/') ? "api.example.org" : target.Split('/')[2].Split('@')[^1];
        await WriteAsync(plain, $"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        return await ReadAsync(plain);
    }

    /// <summary>Opens TLS with what the run's own authority vouches for, and nothing else.</summary>
    internal async Task<SslStream> HandshakeAsync(Stream tunnel, string host, X509Certificate2? root = null)
    {
        var tls = new SslStream(tunnel);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = host,
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { root ?? X509Certificate2.CreateFromPem(Proxy.AuthorityPem) },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            });
        return tls;
    }

    internal async Task<NetworkStream> ConnectAsync(string token)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket));
        var stream = new NetworkStream(socket, ownsSocket: true);
        await WriteAsync(stream, $"{token}\n");
        return stream;
    }

    internal static async Task WriteAsync(Stream stream, string text) => await stream.WriteAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>All that comes until the other side closes, or breaks off.</summary>
    internal static async Task<string> ReadAsync(Stream stream)
    {
        using var all = new MemoryStream();
        try
        {
            await stream.CopyToAsync(all);
        }
        catch (IOException)
        {
            all.Write("(broken off)"u8);
        }

        return Encoding.UTF8.GetString(all.ToArray());
    }

    internal static async Task<string> HeadAsync(Stream stream)
    {
        var text = new StringBuilder();
        var one = new byte[1];
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one) == 1)
        {
            text.Append((char)one[0]);
        }

        return text.ToString();
    }

    /// <summary>The authority of the hosts' own certificates.</summary>
    internal static X509Certificate2 HostsRoot => Root;

    private static X509Certificate2 MakeRoot()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Hosts of the tests", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
    }

    private static X509Certificate2 Leaf(string? name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=host", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name ?? "nameless.example.org");
        request.CertificateExtensions.Add(names.Build());
        using var bare = request.Create(Root, Root.NotBefore, Root.NotAfter, RandomNumberGenerator.GetBytes(8));
        using var whole = bare.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null);
    }
}
