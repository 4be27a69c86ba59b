using System.CommandLine;
using Godwit.Durable;
using Godwit.Playbooks;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit stop</c>: asks a run's owner to stop.</summary>
internal static class StopCommand
{
    public static Command Create()
    {
        var run = RunArgument.Create();
        var command = new Command("stop", "Ask a run's owner, in whatever terminal it is, to stop; 'godwit resume' goes on.") { run };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var folder = RunStore.OfUser().Find(parsed.GetValue(run)!);
            var reply = await RunControl.AskAsync(folder, new ControlRequest("stop"), cancellation);
            Console.WriteLine(reply is null ? $"{folder.Id} isn't running" : $"{folder.Id}: {reply.Message}");
            return reply is { Done: false } ? ExitCode.Failed : ExitCode.Ok;
        });
        return command;
    }
}
