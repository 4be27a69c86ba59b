using System.Net;
using System.Net.Sockets;
using Godwit.Tests.Cli;
using Microsoft.AspNetCore.Http;

namespace Godwit.Tests.Egress;

/// <summary>
/// The network of a goal as users have it: the program itself, on a machine whose own way out is a proxy, which here leads every host to
/// one on loopback.
/// </summary>
public sealed class NetworkRunTests : EgressFixture
{
    private const string Setup =
        "git ls-remote https://api.example.org/repo > reached.txt && ! git ls-remote https://evil.example.net/x && test ! -e /run/secrets";

    [Theory]
    [InlineData("bubblewrap")]
    [InlineData("none")]
    public async Task Setup_ReachesWhatTheGoalNames_AndTheLogTellsOfAll(string sandbox)
    {
        // What 'git ls-remote' takes of a server that knows nothing of git (gitprotocol-http, dumb clients).
        Answer = context => context.Request.Path.Value!.EndsWith("/info/refs", StringComparison.Ordinal)
            ? context.Response.WriteAsync("1111111111111111111111111111111111111111\trefs/heads/main\n")
            : Missing(context);
        using var command = new Cli.Program();
        var root = Path.Combine(Folder.FullName, "hosts.pem");
        await File.WriteAllTextAsync(root, HostsRoot.ExportCertificatePem());
        using var way = new TcpListener(IPAddress.Loopback, 0);
        way.Start();
        var asked = new List<string>();
        var leading = LeadAsync(way, asked);
        command.Environment["HTTPS_PROXY"] = $"http://{way.LocalEndpoint}";
        command.Environment["SSL_CERT_FILE"] = root;
        var folder = GitFolder.Of(command.Folder("a-repository", ("godwit.yaml", $$"""
            goal: Land what passes
            playbook: build
            setup: "{{Setup}}"
            network: [{host: api.example.org, paths: [/repo], for: setup}]
            checks: [{name: reached, run: "grep -q refs/heads/main reached.txt && ! env | grep -i _proxy="}]
            acceptance: [{id: A1, says: it is there, run: "true", keep: true}]
            """)));
        folder.Branch("one", "one.txt", "1\n");
        command.WorkingFolder = folder.Path;
        var (exit, output, error) = await Task.Run(() => command.Run("land", "one", "--sandbox", sandbox));
        Assert.True(exit == 0, output + error);
        Assert.Contains("refused  setup: CONNECT evil.example.net:443, as the goal names no rule for evil.example.net", error, StringComparison.Ordinal);
        Assert.Matches(@"network  setup: \d requests? to api\.example\.org and 1 more, \d+ B in, [\d.]+ k?B out, 1 refused", error);

        var log = await Task.Run(() => command.Run("log", "last", "network"));
        Assert.Contains("GET      https://api.example.org/repo/info/refs?service=git-upload-pack", log.Output, StringComparison.Ordinal);
        Assert.Contains("CONNECT  evil.example.net:443  (refused: the goal names no rule", log.Output, StringComparison.Ordinal);

        // The machine's own way out was asked for the host that the goal names, and for no other.
        way.Stop();
        await leading;
        Assert.Equal(["api.example.org:443"], asked.Distinct());
    }

    [Fact]
    public async Task Providers_OfAGoal_AreTheOnlyOnesThatAreAsked()
    {
        using var command = new Cli.Program();
        Directory.CreateDirectory(command.Home);
        await File.WriteAllTextAsync(Path.Combine(command.Home, "models.yaml"), """
            providers: {far: {url: "https://models.example.org/v1"}}
            models: {big: {provider: far, input: 1, output: 1}}
            roles: {planner: [big], worker: [big], reviewer: [big]}
            """);
        var folder = GitFolder.Of(command.Folder("a-repository", ("godwit.yaml", """
            goal: Build something
            playbook: build
            providers: [local]
            acceptance: [{id: A1, says: it is there, run: "test -e there"}]
            """)));
        var (exit, _, error) = await Task.Run(() => command.Run("run", folder.Path));
        Assert.Equal(2, exit);
        Assert.Contains("no model of the providers that the goal allows (local) plays the role 'planner'", error, StringComparison.Ordinal);
    }

    private static Task Missing(HttpContext context)
    {
        context.Response.StatusCode = 404;
        return Task.CompletedTask;
    }

    /// <summary>Answers CONNECT as a proxy of an office does, and leads each to the host on loopback.</summary>
    private async Task LeadAsync(TcpListener way, List<string> asked)
    {
        var leading = new List<Task>();
        try
        {
            while (true)
            {
                leading.Add(LeadOneAsync(await way.AcceptTcpClientAsync(), asked));
            }
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(leading);
        }
    }

    private async Task LeadOneAsync(TcpClient client, List<string> asked)
    {
        using (client)
        {
            using var host = new TcpClient();
            await host.ConnectAsync(IPAddress.Loopback, TlsPort);
            await using var inside = client.GetStream();
            await using var outside = host.GetStream();
            var head = await HeadAsync(inside);
            lock (asked)
            {
                asked.Add(head.Split(' ')[1]);
            }

            await WriteAsync(inside, "HTTP/1.1 200 Connection established\r\n\r\n");
            await Task.WhenAny(inside.CopyToAsync(outside), outside.CopyToAsync(inside));
        }
    }
}
