using System.CommandLine;
using Godwit.Durable;
using Godwit.Playbooks;
using Godwit.Playbooks.Optimise;
using Godwit.Runs;
using Godwit.Sandbox;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit run</c>: works on a goal until it is reached and proven, or the budget is spent.</summary>
internal static class RunCommand
{
    public static Command Create()
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
        var cassette = new Option<string?>("--cassette")
        {
            Description = "Play recorded model replies: a file, or the goal's own cassette.jsonl.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var record = new Option<string?>("--record") { Description = "Record model replies in a file." };
        var mailbox = new Option<string?>("--mailbox") { Description = "A folder in which a person or a program answers for the models." };
        var json = CommandGuard.JsonOption();
        var command = new Command("run", "Work on a goal: find what makes its number better, and prove it.")
        {
            target, time, trials, seed, cassette, record, mailbox, sandbox, plan, yes, json,
        };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            if (await GoalFile.LoadAsync(parsed.GetValue(target)!, cancellation) is not var (goal, source, path))
            {
                return ExitCode.Usage;
            }

            goal = Override(goal, parsed.GetValue(time), parsed.GetValue(trials), parsed.GetValue(seed));
            var kind = parsed.GetValue(sandbox) == "none" ? SandboxKind.None : SandboxKind.Bubblewrap;
            var problems = await GoalCheck.FindAsync(goal, source, kind, cancellation);
            foreach (var problem in problems)
            {
                Console.Error.WriteLine($"{(problem.IsError ? "godwit" : "note")}: {problem.Message}");
            }

            if (problems.Any(problem => problem.IsError))
            {
                return ExitCode.Usage;
            }

            if (parsed.GetValue(plan))
            {
                PlanPrinter.Print(goal, source, path);
                return ExitCode.Ok;
            }

            var models = new ModelSource
            {
                Cassette = parsed.GetResult(cassette) is null
                    ? null
                    : Path.GetFullPath(parsed.GetValue(cassette) ?? Path.Combine(Path.GetDirectoryName(path)!, "cassette.jsonl")),
                Record = parsed.GetValue(record) is { } recorded ? Path.GetFullPath(recorded) : null,
                Mailbox = parsed.GetValue(mailbox) is { } folder ? Path.GetFullPath(folder) : null,
            };
            RequireModels(goal, models);
            await using var gateways = new GatewayHost();
            await using var host = await OptimiseHost.StartAsync(
                RunStore.OfUser(), source, goal, kind, models, new DurableOptions(), gateways, cancellation);
            return await RunSession.HostAsync(host, parsed.GetValue(json), cancellation);
        });
        return command;
    }

    private static void RequireModels(Goal goal, ModelSource models)
    {
        if (goal.Agents.Count == 0 && models != new ModelSource())
        {
            throw new UsageException("--cassette, --record and --mailbox are for goals with agents, and this one has none");
        }

        if (models.Cassette is not null && (models.Record is not null || models.Mailbox is not null))
        {
            throw new UsageException("--cassette plays what was recorded; leave --record and --mailbox out");
        }
    }

    private static Goal Override(Goal goal, string? time, int? trials, ulong? seed)
    {
        goal = goal with { Seconds = TimeOption.Seconds("--time", time) ?? goal.Seconds };
        if (trials is { } count)
        {
            goal = count > 0 ? goal with { Trials = count } : throw new UsageException($"--trials is {count}, and must be at least 1");
        }

        return seed is { } value ? goal with { Seed = value } : goal;
    }
}
