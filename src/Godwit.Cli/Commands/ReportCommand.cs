using System.CommandLine;

namespace Godwit.Cli.Commands;

internal static class ReportCommand
{
    public static Command Create() => new("report", "");
}
