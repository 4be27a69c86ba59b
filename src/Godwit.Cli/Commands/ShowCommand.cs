using System.CommandLine;
using System.Globalization;
using Godwit.Agents;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit show</c>: one run, or a part of it.</summary>
internal static class ShowCommand
{
    private const int MostAgents = 20;

    public static Command Create(RunKinds kinds)
    {
        var run = RunArgument.Create();
        var part = new Argument<string?>("part") { Description = "Only this part, such as trial-1.", Arity = ArgumentArity.ZeroOrOne };
        var trial = new Option<int?>("--trial") { Description = "Show this trial with its log." };
        var costs = new Option<bool>("--costs") { Description = "Show what models cost, by agent and model." };
        var json = CommandGuard.JsonOption();
        var command = new Command("show", "Show a run, or one of its parts.") { run, part, trial, costs, json };
        command.SetGuardedAction((parsed, _) =>
        {
            using var reader = JournalReader.OpenVerified(RunStore.OfUser().Find(parsed.GetValue(run)!));
            var view = kinds.View(reader);
            var name = parsed.GetValue(trial) is { } number ? $"trial-{number}" : parsed.GetValue(part);
            if (parsed.GetValue(costs))
            {
                CostPrinter.Print(view, reader, parsed.GetValue(json));
            }
            else if (name is not null)
            {
                Show(view.Part(name, reader), parsed.GetValue(json));
            }
            else if (parsed.GetValue(json))
            {
                CommandGuard.PrintJson(view.ToJson(view.Status));
            }
            else
            {
                Show(view);
            }

            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static void Show(RunPart part, bool json)
    {
        if (json)
        {
            CommandGuard.PrintJson(part.Json);
        }
        else
        {
            Console.WriteLine(part.Text);
        }
    }

    private static void Show(RunView view)
    {
        var resumed = view.Generations > 1 ? $", taken up {view.Generations - 1} times" : "";
        RunLine[] head =
        [
            new("run", $"{view.Run}: {Snake.Of(view.Status)}"),
            new("goal", view.Title),
            new("started", $"{view.Started.ToLocalTime():yyyy-MM-dd HH:mm:ss}{resumed}"),
            new("folder", view.Folder.Path),
        ];
        foreach (var line in head.Concat(view.Summary))
        {
            Console.WriteLine(line);
        }

        if (view.Failure is { } failure)
        {
            Console.WriteLine(new RunLine("failed", failure));
        }

        foreach (var parked in view.Parked)
        {
            var answer = parked.Key.Length == 0
                ? "--retry"
                : $"--process {parked.Process} --key {parked.Key} --retry | --done JSON | --fail WHY";
            Console.WriteLine(new RunLine("parked", parked.Reason));
            Console.WriteLine(new RunLine("", $"godwit resolve {view.Run} {answer}"));
        }

        foreach (var agent in view.HasEnded ? [] : view.Agents.AtWork.Take(MostAgents))
        {
            var paused = Steering.IsPaused(view.Orders, agent.Name) ? ", paused" : "";
            var spent = string.Create(CultureInfo.InvariantCulture, $"{agent.Calls} calls, ${agent.Dollars:0.00}");
            Console.WriteLine(new RunLine("at work", $"{agent.Name}: {spent}{paused}"));
        }

        if (view.Agents.Approvals is { Count: > 0 } open)
        {
            Console.WriteLine(new RunLine("asks", $"{open.Count} actions of agents wait for you: godwit approvals {view.Run}"));
        }
    }
}
