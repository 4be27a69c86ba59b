using System.CommandLine;
using Godwit.Durable;
using Godwit.Playbooks;
using Godwit.Playbooks.Optimise;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit resume</c>: goes on with a run that was stopped or killed.</summary>
internal static class ResumeCommand
{
    public static Command Create()
    {
        var run = RunArgument.Create();
        var json = CommandGuard.JsonOption();
        var command = new Command("resume", "Go on with a run; nothing that has finished is done again.") { run, json };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var store = RunStore.OfUser();
            await using var gateways = new GatewayHost();
            await using var host = await OptimiseHost.ResumeAsync(store, store.Find(parsed.GetValue(run)!), new DurableOptions(), gateways);
            return await RunSession.HostAsync(host, parsed.GetValue(json), cancellation);
        });
        return command;
    }
}

/// <summary>The run that a command is about.</summary>
internal static class RunArgument
{
    public static Argument<string> Create() => new("run") { Description = "A run's id or the beginning of one, its folder, or 'last'.", DefaultValueFactory = _ => "last" };
}
