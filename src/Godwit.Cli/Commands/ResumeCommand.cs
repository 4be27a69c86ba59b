using System.CommandLine;
using Godwit.Durable;
using Godwit.Journal;
using Godwit.Playbooks;
using Godwit.Playbooks.Optimise;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit resume</c>: goes on with a run that was stopped or killed, or that has come to the end of its budget.</summary>
internal static class ResumeCommand
{
    public static Command Create()
    {
        var run = RunArgument.Create();
        var time = new Option<string?>("--time") { Description = "A larger active time in all, such as 20m." };
        var trials = new Option<int?>("--trials") { Description = "More candidates in all." };
        var dollars = new Option<decimal?>("--dollars") { Description = "More US dollars for models in all." };
        var json = CommandGuard.JsonOption();
        var command = new Command("resume", "Go on with a run; nothing that has finished is done again. Raise a budget to continue a run that ended without a result.") { run, time, trials, dollars, json };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var store = RunStore.OfUser();
            var folder = store.Find(parsed.GetValue(run)!);
            var raise = Raise(folder, parsed.GetValue(time), parsed.GetValue(trials), parsed.GetValue(dollars));
            await using var gateways = new GatewayHost();
            await using var host = await OptimiseHost.ResumeAsync(store, folder, new DurableOptions(), gateways, raise);
            return await RunSession.HostAsync(host, parsed.GetValue(json), cancellation);
        });
        return command;
    }

    private static BudgetRaise? Raise(RunFolder folder, string? time, int? trials, decimal? dollars)
    {
        if (time is null && trials is null && dollars is null)
        {
            return null;
        }

        double? seconds = null;
        if (time is not null)
        {
            seconds = Durations.TryParse(time, out var duration) ? duration.TotalSeconds : throw new UsageException($"--time is '{time}', and must be a time such as 90s or 10m");
        }

        using var reader = JournalReader.OpenVerified(folder);
        var view = OptimiseView.Open(reader);
        if (view.Status is RunStatus.Verified or RunStatus.NotVerified)
        {
            throw new UsageException($"run {view.Run} has its result already; start a new run for more");
        }

        var raise = new BudgetRaise(0, 0, seconds, trials, dollars);
        return raise.Refusal(view.Input.Goal) is { } refusal ? throw new UsageException(refusal) : raise;
    }
}

/// <summary>The run that a command is about.</summary>
internal static class RunArgument
{
    public static Argument<string> Create() => new("run") { Description = "A run's id or the beginning of one, its folder, or 'last'.", DefaultValueFactory = _ => "last" };
}
