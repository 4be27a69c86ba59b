using System.CommandLine;
using Godwit.Agents;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Playbooks.Optimise;
using Godwit.Runs;
using Godwit.Verification;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit log</c>: what agents said, did and saw, and all that the goal's commands printed.</summary>
internal static class LogCommand
{
    private const int Shown = 1200;

    public static Command Create()
    {
        var run = RunArgument.Create();
        var agent = new Argument<string?>("agent") { Description = "Only this agent, such as trial-1.", Arity = ArgumentArity.ZeroOrOne };
        var trial = new Option<int?>("--trial") { Description = "Only the commands of this trial; 0 for the base." };
        var full = new Option<bool>("--full") { Description = "Cut nothing of what agents said." };
        var json = CommandGuard.JsonOption();
        var command = new Command(
            "log",
            "Show what agents said and did, and the whole output of the commands that built, checked and measured the base and " +
            "every trial.")
        {
            run, agent, trial, full, json,
        };
        command.SetGuardedAction((parsed, _) =>
        {
            using var reader = JournalReader.OpenVerified(RunStore.OfUser().Find(parsed.GetValue(run)!));
            var wanted = parsed.GetValue(agent);
            if (parsed.GetValue(trial) is { } number)
            {
                return Task.FromResult(
                    ShowCommands(reader, [.. CommandLog.Read(reader).Where(command => command.Trial == number)], parsed.GetValue(json)));
            }

            var lines = WithFindings(AgentLog.Read(reader), OptimiseView.Open(reader)).ToList();
            if (lines.Count == 0 && wanted is null)
            {
                return Task.FromResult(ShowCommands(reader, [.. CommandLog.Read(reader)], parsed.GetValue(json)));
            }

            if (wanted is not null && lines.TrueForAll(line => line.Agent != wanted))
            {
                throw new UsageException(
                    $"run {reader.Run} has no agent '{wanted}'; it has " +
                    $"{string.Join(", ", lines.Select(line => line.Agent).Distinct().DefaultIfEmpty("none"))}");
            }

            lines = [.. lines.Where(line => wanted is null || line.Agent == wanted)];
            if (parsed.GetValue(json))
            {
                CommandGuard.PrintJson(lines);
                return Task.FromResult(ExitCode.Ok);
            }

            foreach (var line in lines)
            {
                var text = parsed.GetValue(full) || line.Text.Length <= Shown
                    ? line.Text
                    : line.Text[..Shown] + $"\n... {line.Text.Length - Shown} more characters (--full)";
                Console.WriteLine(
                    $"{line.At:HH:mm:ss} {line.Agent,-10} {line.What,-6} {text.TrimEnd().ReplaceLineEndings("\n" + new string(' ', 27))}");
            }

            if (wanted is null)
            {
                ShowCommands(reader, [.. CommandLog.Read(reader)], json: false);
            }

            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static ExitCode ShowCommands(JournalReader reader, List<LoggedCommand> commands, bool json)
    {
        if (json)
        {
            CommandGuard.PrintJson(
                commands.Select(
                    one => new
                    {
                        one.Trial,
                        one.At,
                        one.Command.Phase,
                        one.Command.Command,
                        one.Command.ExitCode,
                        one.Command.Seconds,
                        Output = Output(reader, one.Command),
                    }));
            return ExitCode.Ok;
        }

        foreach (var (trial, command, at) in commands)
        {
            var who = trial switch { 0 => "base", CommandLog.Finalist => "finalist", _ => $"trial {trial}" };
            Console.WriteLine(
                $"{at:HH:mm:ss} {who,-10} {command.Phase,-8} {command.Command}  (exit code {command.ExitCode}, {command.Seconds:0.00} s)");
            if (Output(reader, command) is { Length: > 0 } output)
            {
                Console.WriteLine($"    {output.ReplaceLineEndings("\n    ")}");
            }
        }

        return ExitCode.Ok;
    }

    private static string Output(JournalReader reader, CommandRecord command) =>
        command.Log is { } log ? System.Text.Encoding.UTF8.GetString(reader.Blob(log)).TrimEnd() : "";

    /// <summary>Beside what an agent says at its end: what verification saw.</summary>
    private static IEnumerable<LogLine> WithFindings(IEnumerable<LogLine> lines, OptimiseView view)
    {
        foreach (var line in lines)
        {
            yield return line;
            if (line.What == "ends"
                && view.Trials.FirstOrDefault(trial => trial.Trial.Claim?.Agent == line.Agent) is { Trial: var trial, Mean: var mean })
            {
                foreach (var check in trial.Claim!.Checks)
                {
                    yield return line with { What = "claims", Text = $"'{check.Command}' {(check.Passed ? "passed" : "failed")}" };
                }

                yield return line with
                {
                    What = "saw",
                    Text = trial.Outcome == TrialOutcome.Ok
                        ? $"trial {trial.Number}: the check passes{(trial.Scores.Count == 0 ? "" : $", {view.Scale.Text(view.Scale.Value(mean))} as screened")}"
                        : $"trial {trial.Number}: {trial.Reason}",
                };
            }
        }
    }
}
