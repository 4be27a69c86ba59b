using System.Net.Sockets;
using System.Text;
using Godwit.Playbooks;
using Godwit.Runs;
using Godwit.Server.Centre;

namespace Godwit.Cli.Attacks;

/// <summary>What a page of another site, or another program of this machine, tries on the command centre.</summary>
internal static class CentreAttacks
{
    private const string EmptyBody = "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    private const string Promise = "the command centre answers nobody but paired devices";

    /// <summary>All of them.</summary>
    public static IEnumerable<Attack> All =>
    [
        Asks("centre/no-credentials", "GET /api/runs HTTP/1.1\r\nHost: $HOST\r\n", "401"),
        Asks("centre/hostile-host", "GET /api/runs HTTP/1.1\r\nHost: evil.example.net\r\n", "421"),
        Asks("centre/rebound-host", "GET /api/runs HTTP/1.1\r\nHost: evil.example.net:$PORT\r\n", "421"),
        Asks("centre/other-site", "GET /api/runs HTTP/1.1\r\nHost: $HOST\r\nSec-Fetch-Site: cross-site\r\n", "421"),
        Asks(
            "centre/hostile-origin", "POST /api/pair HTTP/1.1\r\nHost: $HOST\r\nOrigin: https://evil.example.net\r\n" + EmptyBody, "421", "403"),
        Asks("centre/guessed-token", "GET /api/runs HTTP/1.1\r\nHost: $HOST\r\nAuthorization: Bearer 00000000000000000000000000000000\r\n", "401"),
        Asks("centre/local-address", "POST /local/link HTTP/1.1\r\nHost: localhost\r\n" + EmptyBody, "421", "404"),
        Asks("centre/program-without-token", "POST /mcp HTTP/1.1\r\nHost: $HOST\r\n" + EmptyBody, "401"),
        Asks("centre/files-above", "GET /../../../../etc/passwd HTTP/1.1\r\nHost: $HOST\r\n", "404", "400"),
        Asks(
            "centre/large-body", "POST /api/pair HTTP/1.1\r\nHost: $HOST\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n",
            "413", "401", "403", "400"),
        new Attack("centre/frames", Promise, async (ground, cancellation) =>
        {
            var answer = await AskAsync("GET /api/runs HTTP/1.1\r\nHost: $HOST\r\n", cancellation);
            return answer.Contains("frame-ancestors 'none'", StringComparison.Ordinal)
                ? AttackOutcome.Stopped("frame-ancestors 'none'") : AttackOutcome.Through("another page may show it in a frame");
        }),
    ];

    private static Attack Asks(string name, string request, params string[] refusals) => new(name, Promise, async (ground, cancellation) =>
    {
        var answer = await AskAsync(request, cancellation);
        var status = answer.Split(' ') is [_, var code, ..] ? code : "nothing";
        return refusals.Contains(status) ? AttackOutcome.Stopped(answer.Split('\r')[0]) : AttackOutcome.Through($"it was answered: {answer.Split('\r')[0]}");
    });

    private static async Task<string> AskAsync(string request, CancellationToken cancellation)
    {
        var home = Directory.CreateTempSubdirectory("godwit-attack-");
        try
        {
            await using var centre = await CentreServer.StartAsync(new CentreOptions(new RunKinds(), new RunStore(home.FullName), "/nonexistent", ""));
            var address = new Uri(centre.Address);
            using var client = new TcpClient();
            await client.ConnectAsync(address.Host, address.Port, cancellation);
            await using var stream = client.GetStream();
            var filled = request.Replace("$HOST", address.Authority, StringComparison.Ordinal)
                .Replace("$PORT", address.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
            var hasBody = filled.Contains("\r\n\r\n", StringComparison.Ordinal);
            var whole = hasBody
                ? filled.Replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n", StringComparison.Ordinal)
                : $"{filled}Connection: close\r\n\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(whole), cancellation);
            return await new StreamReader(stream).ReadToEndAsync(cancellation);
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }
}
