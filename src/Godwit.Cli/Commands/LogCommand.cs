using System.CommandLine;
using Godwit.Agents;
using Godwit.Journal;
using Godwit.Playbooks;
using Godwit.Playbooks.Optimise;
using Godwit.Verification;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit log</c>: what agents said, did and saw.</summary>
internal static class LogCommand
{
    private const int Shown = 1200;

    public static Command Create()
    {
        var run = RunArgument.Create();
        var agent = new Argument<string?>("agent") { Description = "Only this agent, such as trial-1.", Arity = ArgumentArity.ZeroOrOne };
        var full = new Option<bool>("--full") { Description = "Cut nothing." };
        var json = CommandGuard.JsonOption();
        var command = new Command("log", "Show what agents said and did, with their claims beside what verification saw.") { run, agent, full, json };
        command.SetGuardedAction((parsed, _) =>
        {
            using var reader = JournalReader.OpenVerified(RunStore.OfUser().Find(parsed.GetValue(run)!));
            var wanted = parsed.GetValue(agent);
            var lines = WithFindings(AgentLog.Read(reader), OptimiseView.Open(reader)).ToList();
            if (wanted is not null && lines.TrueForAll(line => line.Agent != wanted))
            {
                throw new UsageException($"run {reader.Run} has no agent '{wanted}'; it has {string.Join(", ", lines.Select(line => line.Agent).Distinct().DefaultIfEmpty("none"))}");
            }

            lines = [.. lines.Where(line => wanted is null || line.Agent == wanted)];
            if (parsed.GetValue(json))
            {
                CommandGuard.PrintJson(lines);
                return Task.FromResult(ExitCode.Ok);
            }

            foreach (var line in lines)
            {
                var text = parsed.GetValue(full) || line.Text.Length <= Shown ? line.Text : line.Text[..Shown] + $"\n... {line.Text.Length - Shown} more characters (--full)";
                Console.WriteLine($"{line.At:HH:mm:ss} {line.Agent,-10} {line.What,-6} {text.TrimEnd().ReplaceLineEndings("\n" + new string(' ', 27))}");
            }

            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    /// <summary>Beside what an agent says at its end: what verification saw.</summary>
    private static IEnumerable<LogLine> WithFindings(IEnumerable<LogLine> lines, OptimiseView view)
    {
        foreach (var line in lines)
        {
            yield return line;
            if (line.What == "ends" && view.Trials.FirstOrDefault(trial => trial.Trial.Claim?.Agent == line.Agent) is { Trial: var trial, Mean: var mean })
            {
                foreach (var check in trial.Claim!.Checks)
                {
                    yield return line with { What = "claims", Text = $"'{check.Command}' {(check.Passed ? "passed" : "failed")}" };
                }

                yield return line with { What = "saw", Text = trial.Outcome == TrialOutcome.Ok ? $"trial {trial.Number}: the check passes{(trial.Scores.Count == 0 ? "" : $", {LiveView.Factor(Math.Exp(mean))} as screened")}" : $"trial {trial.Number}: {trial.Reason}" };
            }
        }
    }
}
