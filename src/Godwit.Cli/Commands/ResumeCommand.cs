using System.CommandLine;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Playbooks.Draft;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit resume</c>: goes on with a run that was stopped or killed, or that has come to the end of its budget.</summary>
internal static class ResumeCommand
{
    public static Command Create(RunKinds kinds)
    {
        var run = RunArgument.Create();
        var agent = SteerCommands.AgentArgument("all that were paused");
        var time = new Option<string?>("--time") { Description = "A larger active time in all, such as 20m." };
        var trials = new Option<int?>("--trials") { Description = "More candidates in all." };
        var dollars = new Option<decimal?>("--dollars") { Description = "More US dollars for models in all." };
        var json = CommandGuard.JsonOption();
        var command = new Command(
            "resume",
            "Go on with a run, or with agents that were paused; nothing that has finished is done again. Raise a budget to continue a run " +
            "that ended without a result.")
        {
            run, agent, time, trials, dollars, json,
        };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var store = RunStore.OfUser();
            var raise = new BudgetOptions(
                TimeOption.Seconds("--time", parsed.GetValue(time)), parsed.GetValue(trials), parsed.GetValue(dollars));
            var folder = store.Find(parsed.GetValue(run)!);
            var order = new SteeringOrder(SteeringAct.GoOn, parsed.GetValue(agent));
            bool isPaused;
            using (var reader = JournalReader.Open(folder))
            {
                isPaused = Steering.IsPaused(reader, order.Agent);
            }

            if (RunLock.IsHeld(folder) && isPaused)
            {
                return await SteerCommands.OrderAsync(kinds, folder.Id, order, cancellation);
            }

            if (order.Agent is not null && !isPaused)
            {
                throw new UsageException($"no agent of {folder.Id} is paused; leave '{order.Agent}' out to go on with the run");
            }

            TelemetryExport.IsWanted();
            await using var doors = new SandboxDoors();
            var resume = new RunResume(store, folder)
            {
                Gateways = doors,
                Networks = doors,
                Raise = raise,
                IsAttended = RunSession.IsAttended,
            };
            await using var host = await kinds.ResumeAsync(resume, cancellation);
            if (isPaused)
            {
                await host.Run.SignalAsync(DurableRun.Root, SteeringOrder.Signal, Guid.NewGuid().ToString("N"), order);
            }

            var exit = await new RunSession(kinds).HostAsync(host, parsed.GetValue(json), cancellation);

            // What was to be built without asking goes on to that.
            return exit == ExitCode.Ok && kinds.View(host.Run.Journal.Reader) is DraftView { Input.IsBuiltAtOnce: true } draft
                ? await BuildCommand.GoOnAsync(kinds, store, draft, parsed.GetValue(json), cancellation)
                : exit;
        });
        return command;
    }
}

/// <summary>The run that a command is about.</summary>
internal static class RunArgument
{
    public static Argument<string> Create() =>
        new("run") { Description = "A run's id or the beginning of one, its folder, or 'last'.", DefaultValueFactory = _ => "last" };
}
