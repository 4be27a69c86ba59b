using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Godwit.Server;

/// <summary>
/// Stands inside a sandbox between a program that speaks HTTP to a port and the gateway's socket: the one thing that the
/// sandbox's network has.
/// </summary>
public static class Relay
{
    /// <summary>The variable that tells the command where the gateway is.</summary>
    public const string AddressVariable = "GODWIT_GATEWAY";

    /// <summary>Runs a command beside the relay; returns its exit code.</summary>
    /// <param name="socket">The gateway's socket.</param>
    /// <param name="command">The command and its arguments.</param>
    public static async Task<int> RunAsync(string socket, IReadOnlyList<string> command)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var accepting = AcceptAsync(listener, socket);
        var start = new ProcessStartInfo(command[0]);
        foreach (var argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment[AddressVariable] = string.Create(
            CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        listener.Stop();
        await accepting;
        return process.ExitCode;
    }

    private static async Task AcceptAsync(TcpListener listener, string socket)
    {
        try
        {
            while (true)
            {
                _ = PassAsync(await listener.AcceptTcpClientAsync(), socket);
            }
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
        {
        }
    }

    private static async Task PassAsync(TcpClient client, string path)
    {
        using (client)
        {
            try
            {
                client.NoDelay = true;
                using var gateway = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await gateway.ConnectAsync(new UnixDomainSocketEndPoint(path));
                await using var inside = client.GetStream();
                await using var outside = new NetworkStream(gateway);
                await Task.WhenAny(inside.CopyToAsync(outside), outside.CopyToAsync(inside));
            }
            catch (Exception broken) when (broken is SocketException or IOException)
            {
                // The program sees a closed connection, and asks again if it wants to.
            }
        }
    }
}
