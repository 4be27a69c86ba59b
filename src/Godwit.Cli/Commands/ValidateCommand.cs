using System.CommandLine;
using Godwit.Playbooks;
using Godwit.Sandbox;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit validate</c>: reads a goal file and says everything that is wrong with it.</summary>
internal static class ValidateCommand
{
    public static Command Create(RunKinds kinds)
    {
        var target = new Argument<string>("goal")
        {
            Description = "A folder with a godwit.yaml, or a goal file.",
            DefaultValueFactory = _ => ".",
        };
        var json = CommandGuard.JsonOption();
        var command = new Command("validate", "Check a goal file; every mistake is told at once, with line and column.") { target, json };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            if (await GoalFile.LoadAsync(kinds, parsed.GetValue(target)!, cancellation) is not { } loaded)
            {
                return ExitCode.Usage;
            }

            var findings = await loaded.Kind.CheckAsync(loaded.Goal, loaded.Source, SandboxKind.Bubblewrap, cancellation);
            var refused = GoalFile.Tell(findings);
            if (parsed.GetValue(json))
            {
                CommandGuard.PrintJson(findings);
            }
            else if (!refused)
            {
                var about = loaded.Kind.InWords(loaded.Goal) is { } words ? $"; {words}" : "";
                Console.WriteLine($"{Path.GetRelativePath(Environment.CurrentDirectory, loaded.Path)} is fine{about}");
            }

            return refused ? ExitCode.Usage : ExitCode.Ok;
        });
        return command;
    }
}
