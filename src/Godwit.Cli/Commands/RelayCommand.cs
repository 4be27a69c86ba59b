using System.CommandLine;
using Godwit.Server;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit relay</c>: stands inside a sandbox for the gateway's port. Not for people.</summary>
internal static class RelayCommand
{
    public static Command Create()
    {
        var socket = new Argument<string>("socket") { Description = "The gateway's socket." };
        var line = new Argument<string[]>("command") { Description = "What to run beside it." };
        var command = new Command("relay", "Run a command with the gateway on a port of its own.") { socket, line };
        command.Hidden = true;
        command.SetAction((parsed, _) => Relay.RunAsync(parsed.GetValue(socket)!, parsed.GetValue(line)!));
        return command;
    }
}
