using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Godwit.Cli.Attacks;

/// <summary>What attacks do inside of a sandbox beside asking the kernel; each prints <c>through</c>, or what stopped it.</summary>
internal static class InsideAttacks
{
    private const int Part = 16 << 20;
    private const int Page = 4096;

    /// <summary>Takes memory, and writes to it.</summary>
    public static int Memory(long bytes)
    {
        for (var total = 0L; total < bytes; total += Part)
        {
            var place = Marshal.AllocHGlobal(Part);
            for (var page = 0; page < Part; page += Page)
            {
                Marshal.WriteByte(place, page, 1);
            }
        }

        Console.WriteLine($"through: {bytes} bytes were taken");
        return 0;
    }

    /// <summary>Connects to a place, and sends a word.</summary>
    /// <param name="kind">tcp, udp, unix or abstract.</param>
    /// <param name="place">An address with its port, a path, or a name.</param>
    public static int Connect(string kind, string place)
    {
        try
        {
            using var socket = kind switch
            {
                "abstract" => Unix($"\0{place}"),
                "unix" => Unix(place),
                "udp" => Inet(SocketType.Dgram, ProtocolType.Udp, place),
                _ => Inet(SocketType.Stream, ProtocolType.Tcp, place),
            };
            socket.Send("attack"u8);
            Console.WriteLine("through: connected");
        }
        catch (SocketException refused)
        {
            Console.WriteLine($"stopped: {refused.Message}");
        }

        return 0;
    }

    /// <summary>Tries to connect for two seconds.</summary>
    public static async Task<int> ConnectAgainAsync(string kind, string place, CancellationToken cancellation)
    {
        for (var tries = 0; tries < 10; tries++)
        {
            Connect(kind, place);
            await Task.Delay(TimeSpan.FromMilliseconds(200), cancellation);
        }

        return 0;
    }

    /// <summary>Waits for somebody to connect.</summary>
    public static async Task<int> ListenAsync(int port, CancellationToken cancellation)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        using var came = await listener.AcceptSocketAsync(cancellation);
        return 0;
    }

    /// <summary>Asks the proxy by its port, as a program would that knows more than it should; prints what it is answered.</summary>
    /// <param name="tunnel">The place that a tunnel is asked for, with its port; empty for none.</param>
    /// <param name="name">The name in the handshake of TLS; empty for none.</param>
    /// <param name="request">What is sent then, with <c>\r\n</c> written out.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<int> AskAsync(string tunnel, string name, string request, CancellationToken cancellation)
    {
        var proxy = new Uri(Environment.GetEnvironmentVariable("HTTPS_PROXY")!);
        using var client = new TcpClient();
        await client.ConnectAsync(proxy.Host, proxy.Port, cancellation);
        await using var plain = client.GetStream();
        try
        {
            if (tunnel.Length > 0)
            {
                await plain.WriteAsync(Encoding.ASCII.GetBytes($"CONNECT {tunnel} HTTP/1.1\r\nHost: {tunnel}\r\n\r\n"), cancellation);
                var answer = await HeadAsync(plain, cancellation);
                if (!answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
                {
                    Console.WriteLine($"stopped: {answer.Split('\r')[0]} {await new StreamReader(plain).ReadToEndAsync(cancellation)}".Trim());
                    return 0;
                }
            }

            if (name.Length == 0)
            {
                await TalkAsync(plain, request, cancellation);
                return 0;
            }

            await using var tls = new SslStream(plain);

            // The run's own authority is among what the sandbox trusts; of a name that it can't vouch for an attacker wouldn't mind.
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = name,
                    CertificateChainPolicy = new X509ChainPolicy { VerificationFlags = X509VerificationFlags.AllFlags },
                }, cancellation);
            await TalkAsync(tls, request, cancellation);
        }
        catch (Exception broken) when (broken is IOException or System.Security.Authentication.AuthenticationException)
        {
            Console.WriteLine($"stopped: {broken.Message}");
        }

        return 0;
    }

    private static async Task TalkAsync(Stream stream, string request, CancellationToken cancellation)
    {
        await stream.WriteAsync(Encoding.UTF8.GetBytes(request.Replace("\\r\\n", "\r\n", StringComparison.Ordinal)), cancellation);
        var answer = await new StreamReader(stream).ReadToEndAsync(cancellation);
        Console.WriteLine($"answered: {answer.ReplaceLineEndings(" ")}");
    }

    private static async Task<string> HeadAsync(Stream stream, CancellationToken cancellation)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one, cancellation) == 1)
        {
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    private static Socket Unix(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return socket;
    }

    private static Socket Inet(SocketType type, ProtocolType protocol, string place)
    {
        var end = IPEndPoint.Parse(place);
        var socket = new Socket(end.AddressFamily, type, protocol);
        socket.Connect(end);
        return socket;
    }
}
