using System.CommandLine;

namespace Godwit.Cli.Commands;

internal static class DoctorCommand
{
    public static Command Create() => new("doctor", "");
}
