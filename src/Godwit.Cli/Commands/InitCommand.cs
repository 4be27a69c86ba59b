using System.CommandLine;

namespace Godwit.Cli.Commands;

internal static class InitCommand
{
    public static Command Create() => new("init", "");
}
