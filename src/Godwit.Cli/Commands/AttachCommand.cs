using System.CommandLine;

namespace Godwit.Cli.Commands;

internal static class AttachCommand
{
    public static Command Create() => new("attach", "");
}
