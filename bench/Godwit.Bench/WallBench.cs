using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Godwit.Egress;
using Godwit.Sandbox;
using Godwit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Godwit.Bench;

/// <summary>What the walls cost: a sandboxed command beside a bare one, and a request through the proxy beside a direct one.</summary>
internal static class WallBench
{
    private const int Commands = 60;
    private const int Requests = 600;
    private const int WarmUp = 50;
    private const string Host = "api.example.org";

    public static async Task RunAsync(string godwit)
    {
        using var scratch = new Scratch();
        await CommandsAsync(scratch, godwit);
        await RequestsAsync(scratch);
    }

    private static async Task CommandsAsync(Scratch scratch, string godwit)
    {
        using var sandbox = new SandboxRunner(SandboxKind.Bubblewrap, scratch.File("assets"), TimeProvider.System);
        var tree = Directory.CreateDirectory(scratch.File("tree")).FullName;
        Workspaces.FileSystem.OwnAll(tree, sandbox.OwnerOfFiles);
        var folder = Path.GetDirectoryName(Path.GetFullPath(godwit))!;
        var runtime = Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        var relay = new SandboxRelay(
            [Path.GetFullPath(godwit), "relay"], [folder, runtime.TrimEnd('/')], new Dictionary<string, string> { ["DOTNET_ROOT"] = runtime });
        var plain = new SandboxCommand { Shell = "true", Tree = tree };
        var behind = plain with
        {
            Shell = $"exec {ShellWords.Line([.. relay.Line, "--proxy", "/nowhere", "true"])}", Read = relay.Read, Environment = relay.Environment,
        };
        var (bare, sandboxed, relayed) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < Commands; round++)
        {
            bare.Add(await TimeAsync(async () =>
            {
                using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "true"]) { RedirectStandardOutput = true })!;
                await process.StandardOutput.ReadToEndAsync();
                await process.WaitForExitAsync();
            }));
            sandboxed.Add(await TimeAsync(() => sandbox.RunAsync(plain, CancellationToken.None)));
            relayed.Add(await TimeAsync(() => sandbox.RunAsync(behind, CancellationToken.None)));
        }

        var (b, s, r) = (Scratch.Median(bare.Skip(5)), Scratch.Median(sandboxed.Skip(5)), Scratch.Median(relayed.Skip(5)));
        Console.WriteLine(
            $"a bare command {b:0.0} ms, a sandboxed one {s:0.0} ms ({s - b:0.0} ms more, ratio {s / b:0.0}), behind the relay {r:0.0} ms " +
            $"({r - s:0.0} ms more)");
    }

    private static async Task RequestsAsync(Scratch scratch)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Certificate(key);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        await using var host = builder.Build();
        var answer = new byte[1024];
        host.Run(context => context.Response.Body.WriteAsync(answer).AsTask());
        await host.StartAsync();
        var port = new Uri(host.Urls.First()).Port;
        var trust = Trusting(certificate);
        var client = new NetworkClient("bench", [new NetworkRule { Host = Host, Port = port, Upload = 1 << 30 }]);
        using var proxy = new EgressProxy(
            new OwnerNetwork { Ranges = [IPNetwork.Parse("127.0.0.0/8")] }, client.Rules, new NoLog(), TimeProvider.System,
            new EgressUpstream { Resolve = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]), Trust = trust });
        var socket = scratch.File("proxy");
        await using var server = await EgressServer.StartAsync(proxy, socket);
        proxy.Admit(client);

        using var direct = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false, SslOptions = { CertificateChainPolicy = trust }, ConnectCallback = (_, cancellation) => TcpAsync(port, cancellation),
        });
        using var proxied = new HttpClient(new SocketsHttpHandler
        {
            Proxy = new WebProxy("http://127.0.0.1:1"),
            SslOptions = { CertificateChainPolicy = Trusting(X509Certificate2.CreateFromPem(proxy.AuthorityPem)) },
            ConnectCallback = (_, cancellation) => UnixAsync(socket, client.Token, cancellation),
        });
        var url = $"https://{Host}:{port}/";
        var (one, other) = (new List<double>(), new List<double>());
        for (var round = 0; round < Requests; round++)
        {
            one.Add(await TimeAsync(() => direct.GetByteArrayAsync(url)));
            other.Add(await TimeAsync(() => proxied.GetByteArrayAsync(url)));
        }

        var (d, p) = (Scratch.Median(one.Skip(WarmUp)), Scratch.Median(other.Skip(WarmUp)));
        Console.WriteLine($"a request of 1 KiB by TLS {d:0.00} ms, through the proxy {p:0.00} ms ({p - d:0.00} ms more, ratio {p / d:0.0})");
    }

    private static async Task<double> TimeAsync(Func<Task> work)
    {
        var start = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static async ValueTask<Stream> TcpAsync(int port, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port, cancellation);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static async ValueTask<Stream> UnixAsync(string path, string token, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
        var stream = new NetworkStream(socket, ownsSocket: true);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{token}\n"), cancellation);
        return stream;
    }

    private static X509ChainPolicy Trusting(X509Certificate2 root) => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { root }, RevocationMode = X509RevocationMode.NoCheck,
    };

    private static X509Certificate2 Certificate(ECDsa key)
    {
        var request = new CertificateRequest($"CN={Host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(Host);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var whole = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null);
    }

    private sealed class NoLog : INetworkLog
    {
        public Task RequestedAsync(NetworkRequest request) => Task.CompletedTask;

        public Task UsedAsync(NetworkUsage usage) => Task.CompletedTask;
    }
}
