using System.CommandLine;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Playbooks.Build;
using Godwit.Playbooks.Build.Report;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit plan</c>: a build's plan, and a person's answer to it.</summary>
internal static class PlanCommand
{
    public static Command Create(RunKinds kinds)
    {
        var run = RunArgument.Create();
        var approve = new Option<bool>("--approve") { Description = "Carry out the plan that waits." };
        var edit = new Option<string?>("--edit")
        {
            Description = "Carry out the plan of this file instead: 'godwit plan RUN --json' with your changes. It is checked as the planner's is.",
        };
        var refuse = new Option<string?>("--refuse")
        {
            Description = "Refuse it, with what should be otherwise: the planner plans again. Without words the run ends.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var dot = new Option<bool>("--dot") { Description = "Print the plan as a graph for Graphviz." };
        var json = CommandGuard.JsonOption();
        var command = new Command("plan", "Show a build's plan, and approve, edit or refuse it.") { run, approve, edit, refuse, dot, json };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var store = RunStore.OfUser();
            var folder = store.Find(parsed.GetValue(run)!);
            BuildView view;
            using (var reader = JournalReader.OpenVerified(folder))
            {
                view = kinds.View(reader) as BuildView ?? throw new UsageException($"{folder.Id} isn't a build, and has no plan");
            }

            var isRefused = parsed.GetResult(refuse) is not null;
            var answers = (parsed.GetValue(approve) ? 1 : 0) + (parsed.GetValue(edit) is null ? 0 : 1) + (isRefused ? 1 : 0);
            if (answers > 1)
            {
                throw new UsageException("--approve, --edit and --refuse are three answers; give one");
            }

            if (answers == 0)
            {
                Show(view, parsed.GetValue(dot), parsed.GetValue(json));
                return ExitCode.Ok;
            }

            if (view.Proposed is not { Answer: { } signal } proposed)
            {
                throw new UsageException($"no plan waits for you in {folder.Id}");
            }

            var answer = isRefused
                ? new PlanAnswer(false, null, parsed.GetValue(refuse))
                : new PlanAnswer(true, parsed.GetValue(edit) is { } file ? Read(file, view) : null);
            var outcome = await new RunActions(kinds, store).DecideAsync(folder, signal, answer, cancellation);
            var decided = $"plan {proposed.Plan.Version} {(answer.IsApproved ? "is approved" : "is refused")}; {outcome.Message}";
            return SteerCommands.Tell(folder, outcome, decided, $"answered; 'godwit resume {folder.Id}' goes on");
        });
        return command;
    }

    /// <summary><c>godwit graph</c>: the plan as it stands.</summary>
    public static Command Graph(RunKinds kinds)
    {
        var run = RunArgument.Create();
        var dot = new Option<bool>("--dot") { Description = "Print it for Graphviz." };
        var svg = new Option<string?>("--svg") { Description = "Write it as a picture into a file." };
        var command = new Command("graph", "Show a build's tasks: what waits for what, and how each stands.") { run, dot, svg };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var folder = RunStore.OfUser().Find(parsed.GetValue(run)!);
            using var reader = JournalReader.OpenVerified(folder);
            var view = kinds.View(reader) as BuildView ?? throw new UsageException($"{folder.Id} isn't a build, and has no tasks");
            var plan = view.Plan ?? view.Proposed?.Plan ?? throw new UsageException($"{view.Run} has no plan yet");
            if (parsed.GetValue(svg) is { } file)
            {
                await File.WriteAllTextAsync(file, PlanGraph.Picture(plan, view.Tasks), cancellation);
                Console.WriteLine(file);
            }
            else if (parsed.GetValue(dot))
            {
                Console.Write(BuildText.Dot(plan));
            }
            else
            {
                foreach (var line in BuildText.Graph(plan, view.Tasks))
                {
                    Console.WriteLine(line);
                }
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static void Show(BuildView view, bool dot, bool json)
    {
        var plan = view.Proposed?.Plan ?? view.Plan ?? throw new UsageException($"{view.Run} has no plan yet");
        if (dot)
        {
            Console.Write(BuildText.Dot(plan));
        }
        else if (json)
        {
            CommandGuard.PrintJson(plan);
        }
        else
        {
            var standing = view.Proposed is null ? "carried out" : $"waits for you: godwit plan {view.Run} --approve | --edit FILE | --refuse WHY";
            Console.WriteLine(new RunLine("plan", $"version {plan.Version}, {standing}"));
            Console.WriteLine(new RunLine("", plan.Reason));
            foreach (var line in BuildText.Plan(plan))
            {
                Console.WriteLine(line);
            }
        }
    }

    private static BuildPlan Read(string file, BuildView view)
    {
        try
        {
            return PlanForm.Checked(File.ReadAllText(file), view);
        }
        catch (ArgumentException wrong)
        {
            throw new UsageException($"{file}: {wrong.Message}");
        }
    }
}
