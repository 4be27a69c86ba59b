using Godwit.Durable.Journal;
using Godwit.Playbooks;

namespace Godwit.Cli;

/// <summary>Tells a person how a run goes, whatever it does; the same for its owner and for who only watches.</summary>
/// <param name="terminal">Where it is told.</param>
/// <param name="view">The run.</param>
/// <param name="reader">Its journal.</param>
/// <param name="time">The clock.</param>
/// <param name="export">Gets what is told, too; null for nobody.</param>
internal sealed class LiveView(
    Terminal terminal, RunView view, JournalReader reader, TimeProvider time, TelemetryExport? export = null)
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);
    private readonly RunNarrator _narrator = view.Narrator();

    public void Header()
    {
        terminal.Line(new RunLine("run", view.Run, Tone.Strong));
        terminal.Line(new RunLine("folder", view.Folder.Path, Tone.Dim));
        terminal.Line(terminal.Dim($"Ctrl-C is safe: 'godwit resume {view.Run}' goes on where it was."));
        foreach (var line in view.Opening)
        {
            terminal.Line(line);
        }
    }

    /// <summary>Follows the journal until told to end, drawing only while nothing is measured.</summary>
    public async Task FollowAsync(SemaphoreSlim? quiet, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            await Task.Delay(Every, time, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (quiet is not null)
            {
                await quiet.WaitAsync(CancellationToken.None);
            }

            try
            {
                Draw();
            }
            finally
            {
                quiet?.Release();
            }
        }
    }

    /// <summary>Tells what is new; at first what had happened before this view was opened.</summary>
    public void Draw()
    {
        foreach (var line in view.Update(reader).SelectMany(_narrator.Tell))
        {
            terminal.Line(line);
            export?.Log(line);
        }

        if (view.HasEnded)
        {
            terminal.ClearStatus();
        }
        else
        {
            terminal.Status(_narrator.Status);
        }
    }
}
