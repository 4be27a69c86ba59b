using System.CommandLine;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit attach</c>: watches a run that another terminal owns.</summary>
internal static class AttachCommand
{
    public static Command Create(RunKinds kinds)
    {
        var run = RunArgument.Create();
        var command = new Command("attach", "Watch a run that another terminal owns; Ctrl-C ends the watching, not the run.") { run };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            using var reader = JournalReader.OpenVerified(RunStore.OfUser().Find(parsed.GetValue(run)!));
            var terminal = new Terminal();
            var view = kinds.Unread(reader);
            var live = new LiveView(terminal, view, reader, TimeProvider.System);
            live.Header();
            live.Draw();
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var following = live.FollowAsync(null, ended.Token);
            while (!cancellation.IsCancellationRequested && view.Status is RunStatus.Running or RunStatus.Waiting)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, cancellation)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            await ended.CancelAsync();
            await following;
            terminal.ClearStatus();
            terminal.Line($"{view.Run} is {Snake.Of(view.Status)}{(view.Reason is null ? "" : $": {view.Reason}")}");
            return ExitCode.Ok;
        });
        return command;
    }
}
