using System.Globalization;
using System.Runtime.InteropServices;
using Godwit.Cli.Commands;
using Godwit.Durable;
using Godwit.Playbooks.Optimise;
using Godwit.Runs;

namespace Godwit.Cli;

/// <summary>Hosts a run in the foreground: view, Ctrl-C, verdict, exit code.</summary>
internal static class RunSession
{
    public static async Task<ExitCode> HostAsync(OptimiseHost host, bool json, CancellationToken cancellation)
    {
        var terminal = new Terminal();
        var reader = host.Run.Journal.Reader;
        var view = OptimiseView.Open(reader);
        var live = new LiveView(terminal, view, reader, TimeProvider.System);
        live.Header();
        live.Replay();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, host.Run.Stopping);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, stop));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, stop));
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => Stop(context, stop));
        using var drawn = new CancellationTokenSource();
        var drawing = live.FollowAsync(host.Quiet, drawn.Token);
        RunEnd end;
        try
        {
            await using var control = RunControl.Listen(host.Run, stop);
            end = await host.Run.RunAsync(stop.Token);
        }
        finally
        {
            await drawn.CancelAsync();
            await drawing;
            live.Draw();
            terminal.ClearStatus();
        }

        if (view.Result is not null)
        {
            var data = await Reports.ReportData.ReadAsync(view, reader, CancellationToken.None);
            await File.WriteAllTextAsync(RunResult.ReportPath(view), Reports.HtmlReport.Write(data), CancellationToken.None);
        }

        if (host.Cassette is { IsRecording: false } cassette)
        {
            var drifted = cassette.Drifted == 0
                ? "each to the request that it was recorded for"
                : $"{cassette.Drifted} of them to a request that differs from the recorded one";
            terminal.Line($"cassette {cassette.Played} recorded replies played, {drifted}");
        }

        Verdict(terminal, view, end);
        if (json)
        {
            CommandGuard.PrintJson(
                RunResult.Of(view) is var result && end.State == RunState.Stopped ? result with { State = RunStatus.Stopped } : result);
        }

        return end.State switch
        {
            RunState.Completed => view.Result?.State == "failed" ? ExitCode.Failed : ExitCode.Ok,
            RunState.Parked => ExitCode.Parked,
            RunState.Stopped => ExitCode.Stopped,
            _ => ExitCode.Failed,
        };
    }

    public static void Verdict(Terminal terminal, OptimiseView view, RunEnd end)
    {
        switch (end.State)
        {
            case RunState.Stopped:
                terminal.Line($"stopped; 'godwit resume {view.Run}' goes on, and nothing that has finished is done again");
                return;
            case RunState.Parked:
                foreach (var reason in end.ParkedFor)
                {
                    terminal.Line($"{terminal.Bad("parked")}   {reason}");
                }

                terminal.Line(view.Parked.Count > 0
                    ? $"go on    'godwit resolve {view.Run}' with --retry, --done or --fail answers what is parked; then " +
                    $"'godwit resume {view.Run}'"
                    : $"go on    godwit resume {view.Run}");
                return;
            case RunState.Failed:
                terminal.Line($"{terminal.Bad("failed")}   {end.Failure!.Message}");
                return;
        }

        var result = view.Result!;
        var word = result.State switch
        {
            "verified" => terminal.Good("verified"),
            "not_verified" => terminal.Bad("not verified"),
            "failed" => terminal.Bad("failed  "),
            _ => terminal.Bold("nothing "),
        };
        terminal.Line($"{word} {result.Reason}");
        var goal = view.Input.Goal;
        if (result.State == "no_improvement"
            && goal.Parameters is { } parameters
            && GoalCheck.Unread(parameters, Path.Combine(view.Input.Source, goal.Harness.Folder)) is { Count: > 0 } unread)
        {
            terminal.Line(
                $"note     no other file of the goal's folder names {string.Join(", ", unread)}: unless something reads all of " +
                $"{parameters.File}, dead parameters");
        }

        if (result.Branch is not null)
        {
            if (view.IntoGit)
            {
                terminal.Line($"branch   {result.Branch} ({result.Commit![..12]})");
            }

            terminal.Line($"{(view.IntoGit ? "merge" : "apply")}    godwit apply {view.Run}");
            terminal.Line($"verify   godwit verify {Path.Combine(view.Folder.Evidence, result.Evidence!)}");
        }

        if (result.State == "no_improvement")
        {
            terminal.Line($"more     {More(view)}");
        }

        if (result.State == "not_verified")
        {
            terminal.Line($"apply    godwit apply {view.Run} --unverified");
        }

        terminal.Line($"report   {RunResult.ReportPath(view)}");
    }

    /// <summary>How to go on with a run that found nothing within its budget.</summary>
    private static string More(OptimiseView view)
    {
        var goal = view.Input.Goal;
        var time = goal.Seconds > 0 ? string.Create(CultureInfo.InvariantCulture, $" --time {2 * goal.Seconds:0}s") : "";
        var money = goal.Dollars is { } dollars ? string.Create(CultureInfo.InvariantCulture, $" --dollars {2 * dollars}") : "";
        var more = $"godwit resume {view.Run} --trials {2 * goal.Trials}{time}{money} goes on with a larger budget";
        var unproven = view.Attempts.LastOrDefault(
            attempt => attempt.Planned == 0 && !view.Attempts.Any(other => other.Trial == attempt.Trial && other.Planned > 0));
        return unproven is null ? more : $"godwit confirm {view.Run} --trial {unproven.Trial} tries to prove that trial alone; {more}";
    }

    private static void Stop(PosixSignalContext context, CancellationTokenSource stop)
    {
        // The second one ends the program as it always does: what is durable is durable.
        context.Cancel = !stop.IsCancellationRequested;
        stop.Cancel();
    }
}
