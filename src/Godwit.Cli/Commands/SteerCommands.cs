using System.CommandLine;
using Godwit.Agents;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit say</c>, <c>pause</c> and <c>cancel</c>: what a person wants of agents that are at work.</summary>
internal static class SteerCommands
{
    public static Command Say(RunKinds kinds)
    {
        var run = new Argument<string>("run") { Description = "A run's id or the beginning of one, its folder, or 'last'." };
        var words = new Argument<string[]>("words")
        {
            Description = "What to say; with an agent's or a task's name before it, to that one alone. Who starts later hears it too.",
            Arity = new ArgumentArity(1, 2),
        };
        var command = new Command("say", "Tell agents something; they read it before their next reply.") { run, words };
        command.SetGuardedAction((parsed, cancellation) => parsed.GetValue(words) switch
        {
            [var agent, var text] => OrderAsync(kinds, parsed.GetValue(run)!, new SteeringOrder(SteeringAct.Say, agent, text), cancellation),
            [var text] => OrderAsync(kinds, parsed.GetValue(run)!, new SteeringOrder(SteeringAct.Say, null, text), cancellation),
            _ => throw new UsageException("say what? 'godwit say RUN [AGENT] \"the words\"'"),
        });
        return command;
    }

    public static Command Pause(RunKinds kinds)
    {
        var (run, agent) = (RunArgument.Create(), AgentArgument("all of them"));
        var command = new Command("pause", "Keep agents from asking a model until 'godwit resume'; what has been asked is answered.") { run, agent };
        command.SetGuardedAction((parsed, cancellation) =>
            OrderAsync(kinds, parsed.GetValue(run)!, new SteeringOrder(SteeringAct.Pause, parsed.GetValue(agent)), cancellation));
        return command;
    }

    public static Command Cancel(RunKinds kinds)
    {
        var run = new Argument<string>("run") { Description = "A run's id or the beginning of one, its folder, or 'last'." };
        var agent = new Argument<string>("agent") { Description = "The agent, or a task, as 'godwit show RUN' names them." };
        var because = new Option<string>("--because") { Description = "Why; whoever plans on is told.", DefaultValueFactory = _ => "" };
        var command = new Command("cancel", "End an agent before it asks a model again; its task counts as not done.") { run, agent, because };
        command.SetGuardedAction((parsed, cancellation) => OrderAsync(
            kinds, parsed.GetValue(run)!, new SteeringOrder(SteeringAct.Cancel, parsed.GetValue(agent), parsed.GetValue(because)!), cancellation));
        return command;
    }

    /// <summary>An agent that may be left out.</summary>
    public static Argument<string?> AgentArgument(string otherwise) => new("agent")
    {
        Description = $"The agent, or a task, as 'godwit show RUN' names them; by default {otherwise}.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    /// <summary>Gives an order to the owner of a run, or journals it for the next one.</summary>
    public static async Task<ExitCode> OrderAsync(RunKinds kinds, string run, SteeringOrder order, CancellationToken cancellation)
    {
        var store = RunStore.OfUser();
        var folder = store.Find(run);
        var outcome = await new RunActions(kinds, store).OrderAsync(folder, order, cancellation);
        return Tell(folder, outcome, outcome.Message, $"kept; 'godwit resume {folder.Id}' goes on with it");
    }

    /// <summary>Says what became of an action.</summary>
    public static ExitCode Tell(RunFolder folder, ActionOutcome outcome, string withOwner, string without)
    {
        if (!outcome.Taken)
        {
            Console.Error.WriteLine($"godwit: {folder.Id}: {outcome.Message}");
            return ExitCode.Failed;
        }

        Console.WriteLine($"{folder.Id}: {(outcome.HasOwner ? withOwner : without)}");
        return ExitCode.Ok;
    }
}
