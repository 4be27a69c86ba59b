using System.CommandLine;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Guardian;
using Godwit.Playbooks;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary>
/// <c>godwit approvals</c>, <c>approve</c> and <c>deny</c>: actions of agents that the gatekeeper wants a person to decide on.
/// </summary>
internal static class ApprovalCommands
{
    public static Command List(RunKinds kinds)
    {
        var run = RunArgument.Create();
        var json = CommandGuard.JsonOption();
        var command = new Command("approvals", "Show the agents' actions that wait for your answer.") { run, json };
        command.SetGuardedAction((parsed, _) =>
        {
            using var reader = JournalReader.OpenVerified(RunStore.OfUser().Find(parsed.GetValue(run)!));
            var open = kinds.View(reader).Agents.Approvals;
            if (parsed.GetValue(json))
            {
                CommandGuard.PrintJson(open);
                return Task.FromResult(ExitCode.Ok);
            }

            for (var number = 1; number <= open.Count; number++)
            {
                var asked = open[number - 1].Asked;
                Console.WriteLine(
                    $"{number}  {open[number - 1].At.ToLocalTime():HH:mm:ss}  {asked.Agent} wants {asked.Tool} " +
                    $"{asked.Arguments}  (rule '{asked.Rule}')");
            }

            Console.WriteLine(
                open.Count == 0
                    ? "nothing waits for you"
                    : $"godwit approve {reader.Run} NUMBER | godwit deny {reader.Run} NUMBER --because WHY");
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    public static Command Approve(RunKinds kinds) => Answer(kinds, "approve", "Let an agent do what it waits for.", granted: true);

    public static Command Deny(RunKinds kinds) => Answer(kinds, "deny", "Refuse what an agent waits for.", granted: false);

    private static Command Answer(RunKinds kinds, string name, string description, bool granted)
    {
        var run = RunArgument.Create();
        var number = new Argument<int?>("number")
        {
            Description = "Its number in 'godwit approvals'; not needed while only one waits.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var because = new Option<string?>("--because") { Description = "What the agent is told." };
        var always = new Option<string?>("--always")
        {
            Description = "Also let through what it does here from the next start of a run on, by a rule of this name.",
        };
        var command = new Command(name, description) { run, number, because };
        if (granted)
        {
            command.Add(always);
        }

        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var store = RunStore.OfUser();
            var folder = store.Find(parsed.GetValue(run)!);
            OpenApproval open;
            using (var reader = JournalReader.OpenVerified(folder))
            {
                open = Pick(kinds.View(reader).Agents.Approvals, parsed.GetValue(number), reader.Run);
            }

            var rule = granted ? parsed.GetValue(always) : null;
            var item = rule is null ? null : RuleFor(store, rule, open.Asked);
            var answer = new Approval(granted, parsed.GetValue(because));
            var outcome = await new RunActions(kinds, store).AnswerAsync(folder, open, answer, cancellation);
            if (item is not null && outcome.Taken)
            {
                Keep(store, rule!, item);
            }

            return SteerCommands.Tell(
                folder, outcome, $"{open.Asked.Agent} {outcome.Message}", $"answered; 'godwit resume {folder.Id}' goes on");
        });
        return command;
    }

    /// <summary>A rule for what was asked, with the action as its example; tried before the answer is given.</summary>
    private static string RuleFor(RunStore store, string rule, ApprovalAsked asked)
    {
        try
        {
            if (asked.Rule == Approvals.Question)
            {
                throw new FormatException("it is a question of the agent's, and no rule asked it; leave --always out");
            }

            var item = Gatekeeper.Load(store.RuleFiles).RuleFor(rule, asked.Rule, GuardianReplay.ActionOf(asked.Tool, asked.Arguments));
            With(store, item);
            return item;
        }
        catch (FormatException wrong)
        {
            throw new UsageException(wrong.Message);
        }
    }

    private static void Keep(RunStore store, string rule, string item)
    {
        using var alone = new FileStream(store.ApprovedRules + ".lock", FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        File.WriteAllText(store.ApprovedRules + ".new", With(store, item));
        File.Move(store.ApprovedRules + ".new", store.ApprovedRules, overwrite: true);
        Console.WriteLine($"wrote rule '{rule}' to {store.ApprovedRules}; from the next start on it lets through, of any action:");
        Console.WriteLine(item.TrimEnd());
    }

    /// <summary>The file with a rule more.</summary>
    /// <exception cref="FormatException">It couldn't be read afterwards.</exception>
    private static string With(RunStore store, string item)
    {
        var before = File.Exists(store.ApprovedRules) ? File.ReadAllText(store.ApprovedRules) : "";
        var whole = (before.Contains("rules:", StringComparison.Ordinal) ? before : "# Written by 'godwit approve --always'.\nrules:\n") + item;
        var others = store.RuleFiles.Where(file => file != store.ApprovedRules).Select(file => (file, File.ReadAllText(file)));
        Gatekeeper.Read([.. others, (store.ApprovedRules, whole)]);
        return whole;
    }

    private static OpenApproval Pick(IReadOnlyList<OpenApproval> open, int? number, string run) => (open.Count, number) switch
    {
        (0, _) => throw new UsageException($"nothing waits for you in {run}"),
        (1, null) => open[0],
        (_, null) => throw new UsageException($"{open.Count} actions wait in {run}; name one by its number in 'godwit approvals {run}'"),
        var (count, chosen) when chosen >= 1 && chosen <= count => open[chosen.Value - 1],
        _ => throw new UsageException($"there is no number {number}; 'godwit approvals {run}' shows those that there are"),
    };
}
