using System.Runtime.InteropServices;
using Godwit.Cli.Commands;
using Godwit.Durable;
using Godwit.Guardian;
using Godwit.Playbooks;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Telemetry;

namespace Godwit.Cli;

/// <summary>Hosts a run in the foreground: view, Ctrl-C, verdict, exit code.</summary>
/// <param name="kinds">The kinds of runs that this program knows.</param>
internal sealed class RunSession(RunKinds kinds)
{
    /// <summary>Whether somebody sits before this program.</summary>
    public static bool IsAttended => !Console.IsInputRedirected && !Console.IsErrorRedirected;

    public async Task<ExitCode> HostAsync(RunHost host, bool json, CancellationToken cancellation)
    {
        var terminal = new Terminal();
        var reader = host.Run.Journal.Reader;
        var view = kinds.Unread(reader);
        using var export = TelemetryExport.Start();
        using var activity = GodwitTelemetry.StartRun(view.Run, view.Playbook);
        var live = new LiveView(terminal, view, reader, TimeProvider.System, export);
        live.Header();

        // What no machine holds stands in docs/security.md, and needn't be told every time.
        foreach (var (limit, why) in host.NotHeld.Where(limit => limit.Key != SandboxRunner.Workspace))
        {
            terminal.Line(new RunLine("not held", $"{limit}: {why}", Tone.Strong));
        }

        if (host.Models is not null && !Gatekeeper.CanReadLines)
        {
            terminal.Line(new RunLine(
                "not held", "shfmt isn't installed, so every command of agents that is more than plain words is asked about", Tone.Strong));
        }

        live.Draw();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, host.Run.Stopping);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, stop));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, stop));
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => Stop(context, stop));
        using var drawn = new CancellationTokenSource();
        var drawing = live.FollowAsync(host.Quiet, drawn.Token);
        if (host.Models is { } models)
        {
            // Nothing is in the journal before an answer is.
            models.Waits += (_, trouble) => terminal.Line(new RunLine("models", $"{trouble}; trying again", Tone.Bad));
        }

        RunEnd end;
        try
        {
            await using var control = RunControl.Listen(
                host.Run, stop, request => DeviceOrders.Fault(RunStore.OfUser().Home, view.Run, request));
            end = await host.Run.RunAsync(stop.Token);
        }
        finally
        {
            await drawn.CancelAsync();
            await drawing;
            live.Draw();
            terminal.ClearStatus();
        }

        if (end.State == RunState.Completed)
        {
            var report = await view.HtmlAsync(reader, RunStore.OfUser(), CancellationToken.None);
            await File.WriteAllTextAsync(view.ReportPath, report, CancellationToken.None);
            await view.WriteFilesAsync(reader, RunStore.OfUser(), CancellationToken.None);
        }

        if (host.Cassette is { IsRecording: false } cassette)
        {
            var drifted = cassette.Drifted == 0
                ? "each to the request that it was recorded for"
                : $"{cassette.Drifted} of them to a request that differs from the recorded one";
            terminal.Line($"cassette {cassette.Played} recorded replies played, {drifted}");
        }

        foreach (var line in Verdict(view, end))
        {
            terminal.Line(line);
        }

        if (json)
        {
            CommandGuard.PrintJson(view.ToJson(end.State == RunState.Stopped ? RunStatus.Stopped : view.Status));
        }

        return end.State switch
        {
            RunState.Completed when view.Status == RunStatus.Failed => ExitCode.Failed,
            RunState.Completed => view.IsAsExpected ? ExitCode.Ok : ExitCode.NotAsExpected,
            RunState.Parked => ExitCode.Parked,
            RunState.Stopped => ExitCode.Stopped,
            _ => ExitCode.Failed,
        };
    }

    private static IEnumerable<RunLine> Verdict(RunView view, RunEnd end) => end.State switch
    {
        RunState.Stopped =>
            [new RunLine("stopped;", $"'godwit resume {view.Run}' goes on, and nothing that has finished is done again")],
        RunState.Parked => [.. end.ParkedFor.Select(reason => new RunLine("parked", reason, Tone.Bad)), GoOn(view)],
        RunState.Failed => [new RunLine("failed", end.Failure!.Message, Tone.Bad)],
        _ => [.. view.Verdict, new RunLine("report", view.ReportPath)],
    };

    private static RunLine GoOn(RunView view) => new(
        "go on",
        view.Parked.Count > 0
            ? $"'godwit resolve {view.Run}' with --retry, --done or --fail answers what is parked; then 'godwit resume {view.Run}'"
            : $"godwit resume {view.Run}");

    private static void Stop(PosixSignalContext context, CancellationTokenSource stop)
    {
        // The second one ends the program as it always does: what is durable is durable.
        context.Cancel = !stop.IsCancellationRequested;
        stop.Cancel();
    }
}
