using Godwit.Agents;
using Godwit.Models;
using Godwit.Server;

namespace Godwit.Cli;

/// <summary>Serves a run's gateway on a socket, and says how this program stands in for a port inside of sandboxes.</summary>
internal sealed class GatewayHost : IGatewayHost, IAsyncDisposable
{
    private const int LongestSocket = 107; // sun_path of sockaddr_un, without its last zero
    private GatewayServer? _server;
    private DirectoryInfo? _elsewhere;

    public async Task<GatewayDoor> OpenAsync(ModelGateway gateway, string folder)
    {
        var socket = Path.Combine(folder, "gateway");
        if (System.Text.Encoding.UTF8.GetByteCount(socket) > LongestSocket)
        {
            _elsewhere = Directory.CreateTempSubdirectory("godwit-gateway-");
            socket = Path.Combine(_elsewhere.FullName, "gateway");
        }

        // One that was killed leaves its own.
        File.Delete(socket);
        _server = await GatewayServer.StartAsync(gateway, socket);
        var program = Path.Combine(AppContext.BaseDirectory, "Godwit.Cli");
        var runtime = Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root
            ? root
            : Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        return new GatewayDoor(
            gateway, socket, [program, "relay"], [AppContext.BaseDirectory.TrimEnd('/'), runtime.TrimEnd('/')],
            new Dictionary<string, string> { ["DOTNET_ROOT"] = runtime });
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _elsewhere?.Delete(recursive: true);
    }
}
