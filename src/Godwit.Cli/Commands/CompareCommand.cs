using System.CommandLine;

namespace Godwit.Cli.Commands;

internal static class CompareCommand
{
    public static Command Create() => new("compare", "");
}
