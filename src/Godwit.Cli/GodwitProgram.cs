using System.CommandLine;
using System.CommandLine.Help;
using System.Globalization;
using Godwit.Cli.Commands;
using Godwit.Playbooks;

namespace Godwit.Cli;

/// <summary>The <c>godwit</c> command, for Godwit's own kinds of runs and for others.</summary>
public static class GodwitProgram
{
    /// <summary>Runs a command line.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="others">Kinds of runs beside Godwit's own, each with a name of its own.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, params IEnumerable<RunKind> others)
    {
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        if (args is ["--version"])
        {
            Console.WriteLine($"godwit {typeof(ExitCode).Assembly.GetName().Version?.ToString(3)}");
            return (int)ExitCode.Ok;
        }

        var root = Commands(new RunKinds(others));
        var parsed = root.Parse(args is [] ? ["--help"] : args);
        if (args.TakeWhile(argument => argument != "--").Any(argument => argument is "--help" or "-h" or "-?"))
        {
            // Help is wanted whatever else is missing.
            return new Help().Invoke(parsed);
        }

        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                Console.Error.WriteLine($"godwit: {Plain.Of(error.Message)}");
            }

            var command = parsed.CommandResult.Command == root ? "godwit" : $"godwit {parsed.CommandResult.Command.Name}";
            Console.Error.WriteLine($"'{command} --help' shows what there is.");
            return (int)ExitCode.Usage;
        }

        return await parsed.InvokeAsync(
            new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(20) });
    }

    private static Command Commands(RunKinds kinds) =>
        new("godwit", "Runs agents and searches on jobs that take all night, and hands over only what has been proven.")
        {
            new HelpOption { Action = new Help(), Recursive = true },
            RunCommand.Create(kinds),
            ResumeCommand.Create(kinds),
            ListCommand.Create(kinds),
            ShowCommand.Create(kinds),
            LogCommand.Create(kinds),
            AttachCommand.Create(kinds),
            StopCommand.Create(),
            SteerCommands.Say(kinds),
            SteerCommands.Pause(kinds),
            SteerCommands.Cancel(kinds),
            ResolveCommand.Create(kinds),
            BuildCommand.Create(kinds),
            PlanCommand.Create(kinds),
            PlanCommand.Graph(kinds),
            ApprovalCommands.List(kinds),
            ApprovalCommands.Approve(kinds),
            ApprovalCommands.Deny(kinds),
            ReportCommand.Create(kinds),
            VerifyCommand.Create(),
            ApplyCommand.Create(kinds),
            CompareCommand.Create(),
            ReviewCommand.Create(kinds),
            LandCommand.Create(kinds),
            ConfirmCommand.Create(),
            InitCommand.Create(kinds),
            ValidateCommand.Create(kinds),
            SchemaCommand.Create(kinds),
            ModelsCommand.Create(),
            ServeCommand.Create(kinds),
            ServeCommand.Link(),
            ServeCommand.Mcp(kinds),
            StoreCommands.Archive(),
            StoreCommands.Delete(),
            GatewayCommand.Create(),
            DoctorCommand.Create(),
            GuardianCommand.Create(),
            JournalCommand.Create(),
            RelayCommand.Create(),
            AttackCommand.Create(),
        };
}
