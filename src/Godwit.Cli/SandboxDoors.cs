using Godwit.Agents;
using Godwit.Egress;
using Godwit.Models;
using Godwit.Sandbox;
using Godwit.Server;

namespace Godwit.Cli;

/// <summary>Serves what a run's sandboxes may talk to on sockets, and says how this program stands in for ports inside of them.</summary>
internal sealed class SandboxDoors : IGatewayHost, IEgressHost, IAsyncDisposable
{
    private const int LongestSocket = 107; // sun_path of sockaddr_un, without its last zero
    private readonly List<IAsyncDisposable> _servers = [];
    private readonly List<DirectoryInfo> _elsewhere = [];

    /// <summary>This program, as it stands between a port inside of a sandbox and a socket outside.</summary>
    internal static SandboxRelay Relay
    {
        get
        {
            var program = Path.Combine(AppContext.BaseDirectory, "Godwit.Cli");
            var runtime = Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root
                ? root
                : Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
            return new SandboxRelay(
                [program, "relay"], [AppContext.BaseDirectory.TrimEnd('/'), runtime.TrimEnd('/')],
                new Dictionary<string, string> { ["DOTNET_ROOT"] = runtime });
        }
    }

    public async Task<GatewayDoor> OpenAsync(ModelGateway gateway, string folder)
    {
        var socket = SocketIn(folder, "gateway");
        _servers.Add(await GatewayServer.StartAsync(gateway, socket));
        return new GatewayDoor(gateway, socket, Relay);
    }

    public async Task<EgressDoor> OpenAsync(EgressProxy proxy, string folder)
    {
        var socket = SocketIn(folder, "proxy");
        _servers.Add(await EgressServer.StartAsync(proxy, socket));
        return new EgressDoor(socket, Relay);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        foreach (var folder in _elsewhere)
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>A place for a socket that is short enough; one that was killed leaves its own there.</summary>
    private string SocketIn(string folder, string name)
    {
        var socket = Path.Combine(folder, name);
        if (System.Text.Encoding.UTF8.GetByteCount(socket) > LongestSocket)
        {
            _elsewhere.Add(Directory.CreateTempSubdirectory("godwit-"));
            socket = Path.Combine(_elsewhere[^1].FullName, name);
        }

        File.Delete(socket);
        return socket;
    }
}
