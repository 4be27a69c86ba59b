using System.CommandLine;
using System.Globalization;
using Godwit.Cli.Attacks;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit attack</c>: what the attack suite runs inside of a sandbox. Not for people.</summary>
internal static class AttackCommand
{
    public static Command Create()
    {
        var words = new Argument<string[]>("words") { Description = "What to try." };
        var command = new Command("attack", "Try something from inside of a sandbox.") { words };
        command.Hidden = true;
        command.SetAction(async (parsed, cancellation) => parsed.GetValue(words) switch
        {
            ["call", var name] => KernelAttacks.Try(name),
            ["memory", var bytes] => InsideAttacks.Memory(long.Parse(bytes, CultureInfo.InvariantCulture)),
            ["connect", var kind, var place] => InsideAttacks.Connect(kind, place),
            ["again", var kind, var place] => await InsideAttacks.ConnectAgainAsync(kind, place, cancellation),
            ["listen", var port] => await InsideAttacks.ListenAsync(int.Parse(port, CultureInfo.InvariantCulture), cancellation),
            ["ask", var host, var name, var request] => await InsideAttacks.AskAsync(host, name, request, cancellation),
            _ => (int)ExitCode.Usage,
        });
        return command;
    }
}
