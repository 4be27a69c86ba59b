using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Godwit.Egress;

namespace Godwit.Server;

/// <summary>
/// Stands inside a sandbox between a program that speaks HTTP to a port and a socket of the run's: of the gateway, or of the proxy. They
/// are all that the sandbox's network has.
/// </summary>
public static class Relay
{
    /// <summary>The variable that tells the command where the gateway is.</summary>
    public const string AddressVariable = "GODWIT_GATEWAY";

    // What tells programs of authorities beside the machine's: OpenSSL, curl, git, Node, Python's requests and pip, cargo, AWS, Deno.
    private static readonly string[] AuthorityVariables =
    [
        "SSL_CERT_FILE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CARGO_HTTP_CAINFO",
        "AWS_CA_BUNDLE", "DENO_CERT",
    ];

    private static readonly string[] ProxyVariables =
        ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];

    private static readonly string[] NoProxyVariables = ["NO_PROXY", "no_proxy"];

    /// <summary>Runs a command beside the relay to the gateway; returns its exit code.</summary>
    /// <param name="socket">The gateway's socket.</param>
    /// <param name="command">The command and its arguments.</param>
    public static Task<int> ToGatewayAsync(string socket, IReadOnlyList<string> command) =>
        RunAsync(socket, [], command, (environment, port) => environment[AddressVariable] = Address(port));

    /// <summary>Runs a command beside the relay to the proxy; returns its exit code.</summary>
    /// <param name="socket">The proxy's socket.</param>
    /// <param name="command">The command and its arguments.</param>
    public static Task<int> ToProxyAsync(string socket, IReadOnlyList<string> command)
    {
        var token = Environment.GetEnvironmentVariable(EgressDoor.TokenVariable) ?? "";
        var authorities = Environment.GetEnvironmentVariable(EgressDoor.AuthoritiesVariable) ?? "";
        return RunAsync(socket, Encoding.ASCII.GetBytes($"{token}\n"), command, (environment, port) =>
        {
            environment.Remove(EgressDoor.TokenVariable);
            environment.Remove(EgressDoor.AuthoritiesVariable);
            foreach (var name in ProxyVariables)
            {
                environment[name] = Address(port);
            }

            foreach (var name in NoProxyVariables)
            {
                environment[name] = "localhost,127.0.0.1,::1";
            }

            foreach (var name in AuthorityVariables)
            {
                environment[name] = authorities;
            }

            // Who signed a package is checked by NuGet with what it carries: lists of what was revoked are elsewhere.
            environment["NUGET_CERT_REVOCATION_MODE"] = "offline";
        });
    }

    private static string Address(int port) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");

    private static async Task<int> RunAsync(
        string socket, byte[] greeting, IReadOnlyList<string> command, Action<IDictionary<string, string?>, int> tell)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var accepting = AcceptAsync(listener, socket, greeting);
        var start = new ProcessStartInfo(command[0]);
        foreach (var argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        tell(start.Environment, ((IPEndPoint)listener.LocalEndpoint).Port);
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        listener.Stop();
        await accepting;
        return process.ExitCode;
    }

    private static async Task AcceptAsync(TcpListener listener, string socket, byte[] greeting)
    {
        try
        {
            while (true)
            {
                _ = PassAsync(await listener.AcceptTcpClientAsync(), socket, greeting);
            }
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
        {
        }
    }

    private static async Task PassAsync(TcpClient client, string path, byte[] greeting)
    {
        using (client)
        {
            try
            {
                client.NoDelay = true;
                using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
                await using var inside = client.GetStream();
                await using var outside = new NetworkStream(socket);
                await outside.WriteAsync(greeting);
                await Task.WhenAny(inside.CopyToAsync(outside), outside.CopyToAsync(inside));
            }
            catch (Exception broken) when (broken is SocketException or IOException)
            {
                // The program sees a closed connection, and asks again if it wants to.
            }
        }
    }
}
