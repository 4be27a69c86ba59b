using System.CommandLine;

namespace Godwit.Cli.Commands;

internal static class ResolveCommand
{
    public static Command Create() => new("resolve", "");
}
