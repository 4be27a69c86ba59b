using System.CommandLine;
using Godwit.Agents;
using Godwit.Journal;
using Godwit.Playbooks;

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
        var command = new Command("log", "Show what agents said, did and saw.") { run, agent, full, json };
        command.SetGuardedAction((parsed, _) =>
        {
            using var reader = JournalReader.Open(RunStore.OfUser().Find(parsed.GetValue(run)!));
            var wanted = parsed.GetValue(agent);
            var lines = AgentLog.Read(reader).ToList();
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
}
