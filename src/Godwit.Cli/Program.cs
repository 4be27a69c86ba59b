using System.CommandLine;
using System.CommandLine.Help;
using System.Globalization;
using Godwit.Cli;
using Godwit.Cli.Commands;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var root = new Command("godwit", "Runs agents and searches on jobs that take all night, and hands over only what has been proven.")
{
    new HelpOption { Action = new Help(), Recursive = true },
    RunCommand.Create(),
    ResumeCommand.Create(),
    ListCommand.Create(),
    ShowCommand.Create(),
    LogCommand.Create(),
    AttachCommand.Create(),
    StopCommand.Create(),
    ResolveCommand.Create(),
    ApprovalCommands.List(),
    ApprovalCommands.Approve(),
    ApprovalCommands.Deny(),
    ReportCommand.Create(),
    VerifyCommand.Create(),
    ApplyCommand.Create(),
    CompareCommand.Create(),
    ConfirmCommand.Create(),
    InitCommand.Create(),
    ValidateCommand.Create(),
    SchemaCommand.Create(),
    ModelsCommand.Create(),
    GatewayCommand.Create(),
    DoctorCommand.Create(),
    JournalCommand.Create(),
    RelayCommand.Create(),
};
if (args is ["--version"])
{
    Console.WriteLine($"godwit {typeof(ExitCode).Assembly.GetName().Version?.ToString(3)}");
    return (int)ExitCode.Ok;
}

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

    Console.Error.WriteLine(
        $"'{string.Join(' ', ["godwit", .. parsed.CommandResult.Command == root ? [] : new[] { parsed.CommandResult.Command.Name }])} " +
        $"--help' shows what there is.");
    return (int)ExitCode.Usage;
}

return await parsed.InvokeAsync(
    new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(20) });
