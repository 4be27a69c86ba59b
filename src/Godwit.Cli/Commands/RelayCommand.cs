using System.CommandLine;
using Godwit.Server;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit relay</c>: stands inside a sandbox for the port of the gateway or the proxy. Not for people.</summary>
internal static class RelayCommand
{
    public static Command Create()
    {
        var proxy = new Option<bool>("--proxy") { Description = "It is the proxy's socket, and not the gateway's." };
        var socket = new Argument<string>("socket") { Description = "The socket." };
        var line = new Argument<string[]>("command") { Description = "What to run beside it." };
        var command = new Command("relay", "Run a command with the gateway or the proxy on a port of its own.") { proxy, socket, line };
        command.Hidden = true;
        command.SetAction((parsed, _) => parsed.GetValue(proxy)
            ? Relay.ToProxyAsync(parsed.GetValue(socket)!, parsed.GetValue(line)!)
            : Relay.ToGatewayAsync(parsed.GetValue(socket)!, parsed.GetValue(line)!));
        return command;
    }
}
