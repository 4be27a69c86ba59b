using System.CommandLine;
using Godwit.Agents;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Playbooks.Build;
using Godwit.Playbooks.Draft;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit build</c>: from a sentence to what accepts it, and when a person has read that, to a branch.</summary>
internal static class BuildCommand
{
    public static Command Create(RunKinds kinds)
    {
        var sentence = new Argument<string?>("sentence") { Description = "What is wanted, in your words.", Arity = ArgumentArity.ZeroOrOne };
        var draft = new Option<string?>("--draft") { Description = "Build by what a draft's run has written, which you have read." };
        var yes = new Option<bool>("--yes") { Description = "Build by the draft and the plan as they are made, without asking." };
        var time = new Option<string?>("--time") { Description = "Active time for the draft, and again for the build, such as 2h." };
        var dollars = new Option<decimal?>("--dollars") { Description = "The most US dollars for models, draft and build together." };
        var sandbox = new Option<string>("--sandbox") { Description = "bubblewrap, or none.", DefaultValueFactory = _ => "bubblewrap" };
        sandbox.AcceptOnlyFromAmong("bubblewrap", "none");
        var models = new ModelOptions();
        var json = CommandGuard.JsonOption();
        var command = new Command(
            "build", "Build what a sentence asks for: another agent than the builders writes what accepts it, you read that, and agents build.")
        {
            sentence, draft, yes, time, dollars, sandbox, json,
        };
        models.AddTo(command);
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var source = await SourceRepository.FindAsync(".", cancellation);
            if (!source.IsGit)
            {
                throw new UsageException(
                    $"{source.Root} is no git repository with a commit; 'git init && git commit --allow-empty -m \"Begin\"' makes one");
            }

            if (parsed.GetValue(sentence) is { } empty && string.IsNullOrWhiteSpace(empty))
            {
                throw new UsageException("the sentence is empty; say what is wanted, such as 'godwit build \"A notes service with search\"'");
            }

            if (parsed.GetValue(dollars) is < 0)
            {
                throw new UsageException($"--dollars is {parsed.GetValue(dollars)}, and must be 0 or more");
            }

            var budget = new BudgetOptions(TimeOption.Seconds("--time", parsed.GetValue(time)), null, parsed.GetValue(dollars));
            await using var doors = new SandboxDoors();
            var start = new RunStart(
                RunStore.OfUser(), source, new BuildGoal { Planner = Planner, Worker = new AgentSpec() }, SandboxRunner.KindOf(parsed.GetValue(sandbox)!))
            {
                Models = models.Read(parsed),
                Gateways = doors,
                Networks = doors,
                IsAttended = RunSession.IsAttended,
            };
            TelemetryExport.IsWanted();
            var isJson = parsed.GetValue(json);
            switch (parsed.GetValue(sentence), parsed.GetValue(draft))
            {
                case ({ } words, null):
                    var (exit, made) = await DraftAsync(kinds, start, words, budget, parsed.GetValue(yes), isJson && !parsed.GetValue(yes), cancellation);
                    if (exit != ExitCode.Ok || made is null || !IsWanted(parsed.GetValue(yes)))
                    {
                        return exit;
                    }

                    var goesOn = start with { Models = start.Models with { AddsToRecord = true } };
                    return await BuildAsync(kinds, goesOn, made, budget, parsed.GetValue(yes), isJson, cancellation);
                case (null, { } run):
                    using (var reader = JournalReader.OpenVerified(start.Store.Find(run)))
                    {
                        var view = kinds.View(reader) as DraftView ?? throw new UsageException($"{reader.Run} is no draft");
                        return await BuildAsync(kinds, start, view, budget, parsed.GetValue(yes), isJson, cancellation);
                    }

                default:
                    throw new UsageException(
                        "say what is wanted, such as 'godwit build \"A notes service with search\"', or name a --draft that you have read");
            }
        });
        return command;
    }

    /// <summary>Builds by a draft that was resumed, as it was to be from the first.</summary>
    public static async Task<ExitCode> GoOnAsync(RunKinds kinds, RunStore store, DraftView draft, bool json, CancellationToken cancellation)
    {
        var ground = draft.Input.Ground;
        var sandbox = ground.Sandbox == "none" ? SandboxKind.None : SandboxKind.Bubblewrap;
        var source = new SourceRepository(ground.Source, ground.Goal.Folder, IsGit: true);
        var start = new RunStart(store, source, new BuildGoal { Planner = Planner, Worker = new AgentSpec() }, sandbox)
        {
            Models = ground.Models with { AddsToRecord = ground.Models.Record is not null },
            IsAttended = RunSession.IsAttended,
        };
        return await BuildAsync(kinds, start, draft, new BudgetOptions(null, null, null), yes: true, json, cancellation);
    }

    private static AgentSpec Planner => new() { Role = BuildGoal.PlannerRole };

    private static async Task<(ExitCode Exit, DraftView? Draft)> DraftAsync(
        RunKinds kinds, RunStart start, string sentence, BudgetOptions budget, bool yes, bool json, CancellationToken cancellation)
    {
        var file = Path.Combine(start.Source.Folder, GoalFile.Name);
        var goal = new BuildGoal
        {
            Title = sentence,
            Name = "draft",
            Folder = start.Source.Folder,

            // What accepted earlier work stays as it is.
            Tests = [DraftPrompt.AcceptOf(start.Source.Folder)],
            Planner = Planner,
            Worker = new AgentSpec(),
            Reviewer = new AgentSpec { Role = BuildGoal.ReviewerRole },
            Dollars = budget.Dollars,
            Seconds = budget.Seconds ?? 0,
        };
        var before = await start.Source.TextAsync("HEAD", file, cancellation);
        if (before is not null && kinds.Read(GoalFile.TextOf(before, start.Source, Path.Combine(start.Source.Root, file)), out _) is not { Goal: BuildGoal })
        {
            throw new UsageException(
                $"{file} of the last commit is no goal file of playbook 'build', and a draft would take its place; build in another folder");
        }

        await using var host = await DraftKind.StartAsync(start with { Goal = goal }, before, yes, cancellation);
        var exit = await new RunSession(kinds).HostAsync(host, json, cancellation);
        return (exit, (DraftView)kinds.View(host.Run.Journal.Reader));
    }

    /// <summary>Whether the draft is to be built by: a person at the terminal is asked.</summary>
    private static bool IsWanted(bool yes)
    {
        if (yes || !RunSession.IsAttended)
        {
            return yes;
        }

        Console.Error.Write("Build it? [y/N] ");
        return Console.ReadLine()?.Trim().ToLowerInvariant() is "y" or "yes";
    }

    private static async Task<ExitCode> BuildAsync(
        RunKinds kinds, RunStart start, DraftView draft, BudgetOptions budget, bool yes, bool json, CancellationToken cancellation)
    {
        if (draft.Ended is not { Commit: { } commit, Branch: { } branch })
        {
            throw new UsageException($"{draft.Run} has drafted nothing: {draft.Reason ?? $"it hasn't ended; 'godwit resume {draft.Run}' goes on"}");
        }

        // The branch, so that what a person has changed of it holds.
        var (root, folder) = (draft.Input.Ground.Source, draft.Input.Ground.Goal.Folder);
        var source = new SourceRepository(root, folder, IsGit: true);
        var from = await source.BranchAsync(branch, cancellation) ?? commit;
        var path = Path.Combine(root, folder, GoalFile.Name);
        var content = await source.TextAsync(from, Path.Combine(source.Folder, GoalFile.Name), cancellation)
            ?? throw new UsageException($"{branch} has no {GoalFile.Name}");
        if (kinds.Read(GoalFile.TextOf(content, source, path), out var problems) is not (BuildKind kind, BuildGoal goal))
        {
            GoalFile.Tell(problems, path);
            return ExitCode.Usage;
        }

        var spent = draft.Agents.Costs.Sum(cost => cost.Charge.Dollars);
        var most = budget.Dollars ?? draft.Input.Ground.Goal.Dollars;
        goal = goal with
        {
            PlansAlone = yes || goal.PlansAlone,
            Dollars = most is null ? goal.Dollars : Math.Max(0, most.Value - spent),
            Seconds = budget.Seconds ?? (goal.Seconds > 0 ? goal.Seconds : draft.Input.Ground.Goal.Seconds),
        };
        // What it notes is about the last commit, and this begins at the draft.
        if (GoalFile.Tell([.. (await kind.CheckAsync(goal, source, start.Sandbox, cancellation)).Where(finding => finding.IsError)]))
        {
            return ExitCode.Usage;
        }

        var began = start with { Source = source, Goal = goal, From = from };
        await using var host = await kind.StartAsync(began, cancellation);
        return await new RunSession(kinds).HostAsync(host, json, cancellation);
    }
}
