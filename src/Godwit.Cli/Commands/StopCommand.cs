using System.CommandLine;

namespace Godwit.Cli.Commands;

internal static class StopCommand
{
    public static Command Create() => new("stop", "");
}
