using System.CommandLine;

namespace Godwit.Cli.Commands;

internal static class JournalCommand
{
    public static Command Create() => new("journal", "");
}
