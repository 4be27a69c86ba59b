using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;
using Godwit.Egress;
using Microsoft.AspNetCore.Connections;

namespace Godwit.Server;

/// <summary>Whose connection a request came by, and where that leads.</summary>
/// <param name="Client">Who asks.</param>
/// <param name="Host">The host that it leads to; null where each request names its own.</param>
/// <param name="Port">The host's port.</param>
/// <param name="IsTls">Whether TLS was opened on it.</param>
internal sealed record EgressOrigin(NetworkClient Client, string? Host, int Port, bool IsTls);

/// <summary>
/// A connection from a sandbox, up to where HTTP begins: the relay says whose it is, and the program may ask for a tunnel to a host. TLS
/// in a tunnel is opened with a certificate of the run's own.
/// </summary>
/// <param name="proxy">Decides.</param>
/// <param name="connection">The connection.</param>
internal sealed class EgressConnection(EgressProxy proxy, ConnectionContext connection)
{
    private const int LongestHead = 16 << 10;
    private const int LongestHello = 64 << 10;
    private const byte TlsHandshake = 0x16;
    private static readonly TimeSpan Greeting = TimeSpan.FromSeconds(30);
    private static readonly byte[] Connect = "CONNECT "u8.ToArray();
    private static readonly byte[] EndOfHead = "\r\n\r\n"u8.ToArray();

    /// <summary>Serves it to its end.</summary>
    /// <param name="next">Serves HTTP.</param>
    public async Task ServeAsync(ConnectionDelegate next)
    {
        try
        {
            using var late = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
            late.CancelAfter(Greeting);
            var token = await TakeAsync("\n"u8.ToArray(), 256, late.Token);
            if (token is null || proxy.ClientOf(token.Trim()) is not { } client)
            {
                return;
            }

            if (!await BeginsWithAsync(Connect, late.Token))
            {
                connection.Features.Set(new EgressOrigin(client, null, 0, false));
                await next(connection);
                return;
            }

            await TunnelAsync(next, client, late.Token);
        }
        catch (Exception broken) when (broken is IOException or OperationCanceledException or AuthenticationException
            or ConnectionAbortedException or ConnectionResetException)
        {
            // The program sees a closed connection; what was decided is journaled.
        }
    }

    private async Task TunnelAsync(ConnectionDelegate next, NetworkClient client, CancellationToken late)
    {
        var head = await TakeAsync(EndOfHead, LongestHead, late);
        if (head is null || PlaceOf(head) is not var (host, port))
        {
            await SayAsync("400 Bad Request", "a tunnel is asked for by CONNECT HOST:PORT");
            return;
        }

        bool isOpaque;
        try
        {
            isOpaque = await proxy.AllowTunnelAsync(client, host, port);
        }
        catch (NetworkRefusedException refused)
        {
            await SayAsync("403 Forbidden", refused.Message);
            return;
        }

        await WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n");
        var first = await FirstAsync(late);
        if (isOpaque)
        {
            await PassThroughAsync(client, host, port, late);
        }
        else if (first == TlsHandshake)
        {
            await OpenAsync(next, client, host, port, late);
        }
        else
        {
            connection.Features.Set(new EgressOrigin(client, host, port, false));
            await next(connection);
        }
    }

    /// <summary>Opens TLS; the handshake must be for the host that the tunnel leads to.</summary>
    private async Task OpenAsync(ConnectionDelegate next, NetworkClient client, string host, int port, CancellationToken late)
    {
        var outside = connection.Transport;
        await using var tls = new SslStream(new PipeStream(outside), leaveInnerStreamOpen: true);
        await tls.AuthenticateAsServerAsync(
            async (_, hello, _, _) =>
            {
                if (hello.ServerName.Length > 0 && !hello.ServerName.Equals(host, StringComparison.OrdinalIgnoreCase))
                {
                    var refused = await proxy.RefusedAsync(
                        client, new NetworkCall("CONNECT", host, port, "", true), 0, $"its handshake is for {hello.ServerName}");
                    throw new AuthenticationException(refused.Message);
                }

                return new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = proxy.CertificateOf(host),
                    ApplicationProtocols = [SslApplicationProtocol.Http11],
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                };
            },
            null, late);
        connection.Transport = new Duplex(PipeReader.Create(tls, new StreamPipeReaderOptions(leaveOpen: true)),
            PipeWriter.Create(tls, new StreamPipeWriterOptions(leaveOpen: true)));
        connection.Features.Set(new EgressOrigin(client, host, port, true));
        try
        {
            await next(connection);
        }
        finally
        {
            await connection.Transport.Input.CompleteAsync();
            await connection.Transport.Output.CompleteAsync();
            connection.Transport = outside;
        }
    }

    /// <summary>Carries bytes both ways for a rule whose TLS isn't opened.</summary>
    private async Task PassThroughAsync(NetworkClient client, string host, int port, CancellationToken late)
    {
        var call = new NetworkCall("CONNECT", host, port, "", true);
        var isTold = false;
        try
        {
            var named = await HelloNameAsync(late);
            if (named != host)
            {
                throw await proxy.RefusedAsync(
                    client, call, 0, named is null ? "what it sends first isn't a TLS handshake with a name" : $"its handshake is for {named}");
            }

            var pass = await proxy.PassAsync(client, call, 0);
            isTold = true;
            await using var outside = await proxy.ConnectAsync(host, port, late);
            await using var inside = new PipeStream(connection.Transport);
            await using var up = new MeteredStream(inside, pass.CountUp);
            await using var down = new MeteredStream(outside, pass.CountDown);
            await await Task.WhenAny(up.CopyToAsync(outside, connection.ConnectionClosed), down.CopyToAsync(inside, connection.ConnectionClosed));
        }
        catch (NetworkRefusedException refused)
        {
            if (isTold)
            {
                await proxy.RefusedAsync(client, call, 0, refused.Message);
            }

            connection.Abort();
        }
    }

    /// <summary>The name in a TLS handshake, which is left unread; null for none.</summary>
    private async Task<string?> HelloNameAsync(CancellationToken late)
    {
        while (true)
        {
            var read = await connection.Transport.Input.ReadAsync(late);
            var bytes = read.Buffer.ToArray();
            var isWhole = ClientHello.IsWhole(bytes) || read.IsCompleted || bytes.Length > LongestHello;
            connection.Transport.Input.AdvanceTo(read.Buffer.Start, isWhole ? read.Buffer.Start : read.Buffer.End);
            if (isWhole)
            {
                return ClientHello.NameIn(bytes)?.ToLowerInvariant();
            }
        }
    }

    private static (string Host, int Port)? PlaceOf(string head)
    {
        var line = head.Split("\r\n")[0].Split(' ');
        var colon = line.Length == 3 ? line[1].LastIndexOf(':') : -1;
        return colon > 0
            && int.TryParse(line[1].AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port is > 0 and <= 65_535
            && NetworkReader.IsName(line[1][..colon].ToLowerInvariant())
            ? (line[1][..colon].ToLowerInvariant(), port)
            : null;
    }

    /// <summary>Takes what is sent up to an end and with it; null where that doesn't come within a length.</summary>
    private async Task<string?> TakeAsync(byte[] end, int longest, CancellationToken late)
    {
        while (true)
        {
            var read = await connection.Transport.Input.ReadAsync(late);
            var bytes = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, longest)).ToArray();
            var at = bytes.AsSpan().IndexOf(end);
            if (at >= 0)
            {
                connection.Transport.Input.AdvanceTo(read.Buffer.GetPosition(at + end.Length));
                return Encoding.ASCII.GetString(bytes, 0, at);
            }

            connection.Transport.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted || bytes.Length == longest)
            {
                return null;
            }
        }
    }

    private async Task<bool> BeginsWithAsync(byte[] start, CancellationToken late)
    {
        while (true)
        {
            var read = await connection.Transport.Input.ReadAsync(late);
            var bytes = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, start.Length)).ToArray();
            var isKnown = bytes.Length == start.Length || read.IsCompleted || !start.AsSpan().StartsWith(bytes);
            connection.Transport.Input.AdvanceTo(read.Buffer.Start, isKnown ? read.Buffer.Start : read.Buffer.End);
            if (isKnown)
            {
                return bytes.AsSpan().SequenceEqual(start);
            }
        }
    }

    /// <summary>The first byte of what comes next, which is left unread; 0 where nothing does.</summary>
    private async Task<byte> FirstAsync(CancellationToken late)
    {
        var read = await connection.Transport.Input.ReadAsync(late);
        var first = read.Buffer.IsEmpty ? (byte)0 : read.Buffer.FirstSpan[0];
        connection.Transport.Input.AdvanceTo(read.Buffer.Start);
        return first;
    }

    private Task SayAsync(string status, string message) => WriteAsync(
        $"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n" +
        $"Content-Length: {Encoding.UTF8.GetByteCount(message) + 9}\r\n\r\ngodwit: {message}\n");

    private async Task WriteAsync(string text)
    {
        await connection.Transport.Output.WriteAsync(Encoding.UTF8.GetBytes(text));
        await connection.Transport.Output.FlushAsync();
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
