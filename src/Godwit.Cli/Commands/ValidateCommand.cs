using System.CommandLine;
using Godwit.Sandbox;
using Godwit.Verification;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit validate</c>: reads a goal file and says everything that is wrong with it.</summary>
internal static class ValidateCommand
{
    public static Command Create()
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
            if (await GoalFile.LoadAsync(parsed.GetValue(target)!, cancellation) is not var (goal, source, path))
            {
                return ExitCode.Usage;
            }

            var findings = await GoalCheck.FindAsync(goal, source, SandboxKind.Bubblewrap, cancellation);
            foreach (var finding in findings)
            {
                Console.Error.WriteLine($"{(finding.IsError ? "godwit" : "note")}: {finding.Message}");
            }

            if (parsed.GetValue(json))
            {
                CommandGuard.PrintJson(findings);
            }

            if (findings.Any(finding => finding.IsError) || parsed.GetValue(json))
            {
                return findings.Any(finding => finding.IsError) ? ExitCode.Usage : ExitCode.Ok;
            }

            Console.WriteLine(
                $"{Path.GetRelativePath(Environment.CurrentDirectory, path)} is fine; measured by {goal.Harness.Kind.InWords()}");
            return ExitCode.Ok;
        });
        return command;
    }
}
