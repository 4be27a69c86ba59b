using System.CommandLine;
using Godwit.Goals;
using Godwit.Models;
using Godwit.Playbooks;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit run</c>: works on a goal until it is reached and proven, or the budget is spent.</summary>
internal static class RunCommand
{
    public static Command Create(RunKinds kinds)
    {
        var target = new Argument<string>("goal")
        {
            Description = "A folder with a godwit.yaml, or a goal file.",
            DefaultValueFactory = _ => ".",
        };
        var time = new Option<string?>("--time") { Description = "Active time from the end of the base's build, such as 90s or 10m." };
        var trials = new Option<int?>("--trials") { Description = "The most candidates." };
        var seed = new Option<ulong?>("--seed") { Description = "Seeds every random stream." };
        var sandbox = new Option<string>("--sandbox")
        {
            Description = "How commands are kept apart: bubblewrap, or none, which the evidence then says.",
            DefaultValueFactory = _ => "bubblewrap",
        };
        sandbox.AcceptOnlyFromAmong("bubblewrap", "none");
        var plan = new Option<bool>("--plan") { Description = "Say what would be done, and do nothing." };
        var yes = new Option<bool>("--yes") { Description = "Ask nothing." };
        var models = new ModelOptions();
        var json = CommandGuard.JsonOption();
        var command = new Command("run", "Work on a goal to its end: make a number better or build something, and prove it.")
        {
            target, time, trials, seed, sandbox, plan, yes, json,
        };
        models.AddTo(command);
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            if (await GoalFile.LoadAsync(kinds, parsed.GetValue(target)!, cancellation) is not { } loaded)
            {
                return ExitCode.Usage;
            }

            var (kind, source, path) = (loaded.Kind, loaded.Source, loaded.Path);
            var budget = new BudgetOptions(TimeOption.Seconds("--time", parsed.GetValue(time)), parsed.GetValue(trials), null);
            var goal = kind.WithBudget(loaded.Goal, budget);
            goal = goal with { Seed = parsed.GetValue(seed) ?? goal.Seed };
            var kept = SandboxRunner.KindOf(parsed.GetValue(sandbox)!);
            var findings = await kind.CheckAsync(goal, source, kept, cancellation);
            if (GoalFile.Tell(findings))
            {
                return ExitCode.Usage;
            }

            if (parsed.GetValue(plan))
            {
                PrintPlan(kind.Plan(goal), goal, source, path);
                return ExitCode.Ok;
            }

            var answering = models.Read(parsed, Path.GetDirectoryName(path)!);
            RequireModels(kind.HasAgents(goal), answering);
            TelemetryExport.IsWanted();
            await using var doors = new SandboxDoors();
            var start = new RunStart(RunStore.OfUser(), source, goal, kept)
            {
                Models = answering,
                Gateways = doors,
                Networks = doors,
                IsAttended = RunSession.IsAttended,
            };
            await using var host = await kind.StartAsync(start, cancellation);
            return await new RunSession(kinds).HostAsync(host, parsed.GetValue(json), cancellation);
        });
        return command;
    }

    private static void PrintPlan(IEnumerable<RunLine> plan, Goal goal, SourceRepository source, string path)
    {
        var @base = source.IsGit ? $"the last commit of {source.Root}" : $"an import of {source.Root}, which is no git repository";
        RunLine[] head = [new("goal", goal.Title), new("file", path), new("base", @base)];
        foreach (var line in head.Concat(plan))
        {
            Console.WriteLine(line);
        }
    }

    private static void RequireModels(bool hasAgents, ModelSource models)
    {
        if (!hasAgents && models != new ModelSource())
        {
            throw new UsageException("--cassette, --record and --mailbox are for goals with agents, and this one has none");
        }
    }
}
