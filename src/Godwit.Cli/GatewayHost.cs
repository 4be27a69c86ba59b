using Godwit.Agents;
using Godwit.Models;
using Godwit.Server;

namespace Godwit.Cli;

/// <summary>Serves a run's gateway on a socket, and says how this program stands in for a port inside of sandboxes.</summary>
internal sealed class GatewayHost : IGatewayHost, IAsyncDisposable
{
    private GatewayServer? _server;
    private DirectoryInfo? _folder;

    public async Task<GatewayDoor> OpenAsync(ModelGateway gateway)
    {
        // A socket's path may have no more than 107 bytes, and a run's folder can be deep.
        _folder = Directory.CreateTempSubdirectory("godwit-gateway-");
        var socket = Path.Combine(_folder.FullName, "socket");
        _server = await GatewayServer.StartAsync(gateway, socket);
        var program = Path.Combine(AppContext.BaseDirectory, "Godwit.Cli");
        var runtime = Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root
            ? root
            : Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        return new GatewayDoor(gateway, socket, [program, "relay"], [AppContext.BaseDirectory.TrimEnd('/'), runtime.TrimEnd('/')], new Dictionary<string, string> { ["DOTNET_ROOT"] = runtime });
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _folder?.Delete(recursive: true);
    }
}
