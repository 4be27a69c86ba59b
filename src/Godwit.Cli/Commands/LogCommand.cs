using System.CommandLine;
using System.Text;
using Godwit.Agents;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit log</c>: what agents said, did and saw, and all that the goal's commands printed.</summary>
internal static class LogCommand
{
    private const int Shown = 1200;
    private const string Base = "base";
    private const string Network = "network";

    public static Command Create(RunKinds kinds)
    {
        var run = RunArgument.Create();
        var part = new Argument<string?>("part")
        {
            Description = "Only this agent, or this part's commands, such as trial-1; or 'network', for every request.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var trial = new Option<int?>("--trial") { Description = "Only the commands of this trial; 0 for the base." };
        var full = new Option<bool>("--full") { Description = "Cut nothing of what agents said." };
        var json = CommandGuard.JsonOption();
        var command = new Command(
            "log",
            "Show what agents said and did, and the whole output of the commands that built, checked and measured the base and " +
            "every trial.")
        {
            run, part, trial, full, json,
        };
        command.SetGuardedAction((parsed, _) =>
        {
            using var reader = JournalReader.OpenVerified(RunStore.OfUser().Find(parsed.GetValue(run)!));
            List<RunEvent> events = [.. kinds.View(reader).Details(reader).Where(IsShown)];
            if (parsed.GetValue(trial) is { } number)
            {
                var wanted = number == 0 ? Base : $"trial-{number}";
                events = [.. events.OfType<RunEvent.CommandRan>().Where(ran => ran.Of == wanted)];
            }
            else if (parsed.GetValue(part) is { } name)
            {
                events = PartOf(events, name, reader.Run);
            }
            else
            {
                // What went well is asked for by name.
                events.RemoveAll(happened => happened is RunEvent.NetworkAsked { Request.Refused: null });
            }

            if (parsed.GetValue(json))
            {
                CommandGuard.PrintJson(events.Select(happened => ToJson(reader, happened)));
            }
            else
            {
                Print(reader, events, parsed.GetValue(full));
            }

            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static bool IsShown(RunEvent happened) => happened is RunEvent.CommandRan or RunEvent.NetworkAsked or RunEvent.OfAgent { Event: AgentEvent.Said };

    private static string Of(RunEvent happened) => happened switch
    {
        RunEvent.OfAgent { Event: AgentEvent.Said said } => said.Agent,
        RunEvent.CommandRan ran => ran.Of,
        RunEvent.NetworkAsked => Network,
        _ => "",
    };

    /// <summary>What one agent said, and where there is no such agent the commands of the part of that name.</summary>
    private static List<RunEvent> PartOf(List<RunEvent> events, string name, string run)
    {
        List<RunEvent> found = [.. events.Where(happened => Of(happened) == name)];
        if (found.Count == 0)
        {
            var there = string.Join(", ", events.Select(Of).Distinct().DefaultIfEmpty("none"));
            throw new UsageException($"run {run} has no agent or part '{name}'; it has {there}");
        }

        return found.Exists(happened => happened is RunEvent.OfAgent)
            ? [.. found.Where(happened => happened is RunEvent.OfAgent)]
            : found;
    }

    private static object ToJson(JournalReader reader, RunEvent happened) => happened switch
    {
        RunEvent.OfAgent { Event: AgentEvent.Said said } => new { said.Agent, said.What, said.Text, happened.At },
        RunEvent.CommandRan ran => new
        {
            ran.Of,
            ran.At,
            ran.Command.Phase,
            ran.Command.Command,
            ran.Command.ExitCode,
            ran.Command.Seconds,
            Output = Output(reader, ran),
        },
        RunEvent.NetworkAsked { Request: var asked } => new { asked.Client, happened.At, asked.Method, asked.Url, asked.Bytes, asked.Refused },
        _ => throw new InvalidOperationException("only what is shown is printed"),
    };

    private static void Print(JournalReader reader, List<RunEvent> events, bool full)
    {
        foreach (var happened in events.OfType<RunEvent.OfAgent>())
        {
            var said = (AgentEvent.Said)happened.Event;
            var text = full || said.Text.Length <= Shown
                ? said.Text
                : said.Text[..Shown] + $"\n... {said.Text.Length - Shown} more characters (--full)";
            var lines = text.TrimEnd().ReplaceLineEndings("\n" + new string(' ', 27));
            Console.WriteLine($"{happened.At:HH:mm:ss} {said.Agent,-10} {said.What,-6} {lines}");
        }

        foreach (var ran in events.OfType<RunEvent.CommandRan>())
        {
            var end = $"(exit code {ran.Command.ExitCode}, {ran.Command.Seconds:0.00} s)";
            Console.WriteLine($"{ran.At:HH:mm:ss} {ran.Of,-10} {ran.Command.Phase,-8} {ran.Command.Command}  {end}");
            if (Output(reader, ran) is { Length: > 0 } output)
            {
                Console.WriteLine($"    {output.ReplaceLineEndings("\n    ")}");
            }
        }

        foreach (var (at, asked) in events.OfType<RunEvent.NetworkAsked>().Select(happened => (happened.At, happened.Request)))
        {
            var refused = asked.Refused is null ? "" : $"  (refused: {asked.Refused})";
            Console.WriteLine($"{at:HH:mm:ss} {asked.Client,-10} {asked.Method,-8} {asked.Url}{refused}");
        }
    }

    private static string Output(JournalReader reader, RunEvent.CommandRan ran) =>
        ran.Command.Log is { } log ? Encoding.UTF8.GetString(reader.Blob(log)).TrimEnd() : "";
}
