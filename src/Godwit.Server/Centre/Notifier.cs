using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;

namespace Godwit.Server.Centre;

/// <summary>
/// Tells a command of the user's what waits for a person: a mail, a chat, a phone. The command gets it as variables and never as words of
/// its own line, so that nothing that an agent writes is run.
/// </summary>
internal sealed class Notifier : IAsyncDisposable
{
    private const int MostWaiting = 200;

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private readonly Channel<Ask> _asks = Channel.CreateBounded<Ask>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly CancellationTokenSource _closing = new();
    private readonly string _command;
    private readonly Func<string> _address;
    private readonly Task _telling;

    /// <summary>Waits for something to tell.</summary>
    /// <param name="command">A line for the shell.</param>
    /// <param name="address">Where the page is.</param>
    public Notifier(string command, Func<string> address)
    {
        (_command, _address) = (command, address);
        _telling = TellAllAsync();
    }

    /// <summary>Tells it after those before it, and doesn't wait.</summary>
    public void Tell(Ask ask) => _asks.Writer.TryWrite(ask);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _asks.Writer.Complete();
        await _closing.CancelAsync();
        await _telling;
        _closing.Dispose();
    }

    private async Task TellAllAsync()
    {
        await foreach (var ask in _asks.Reader.ReadAllAsync(CancellationToken.None))
        {
            if (!_closing.IsCancellationRequested)
            {
                await TellAsync(ask);
            }
        }
    }

    private async Task TellAsync(Ask ask)
    {
        var info = new ProcessStartInfo("/bin/sh", ["-c", _command]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var (name, value) in new (string, string)[]
        {
            ("RUN", ask.Run), ("KIND", ask.Kind), ("TITLE", ask.Who is { } who ? $"{who} {ask.Title}" : ask.Title), ("GOAL", ask.Goal),
            ("LINK", $"{_address()}/#/inbox"), ("DEADLINE", ask.Deadline?.ToString("O", CultureInfo.InvariantCulture) ?? ""),
        })
        {
            info.Environment[$"GODWIT_{name}"] = value.Replace("\0", "", StringComparison.Ordinal);
        }

        try
        {
            using var process = Process.Start(info)!;
            process.StandardInput.Close();
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
            patience.CancelAfter(Longest);
            try
            {
                _ = await process.StandardOutput.ReadToEndAsync(patience.Token);
                await process.WaitForExitAsync(patience.Token);
                if (process.ExitCode != 0)
                {
                    await Console.Error.WriteLineAsync($"godwit: --notify ended with exit code {process.ExitCode} when it was told of {ask.Run}");
                }
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                if (_closing.IsCancellationRequested)
                {
                    return;
                }

                await Console.Error.WriteLineAsync($"godwit: --notify took longer than {Longest.TotalSeconds:0} s and was ended");
            }
        }
        catch (System.ComponentModel.Win32Exception none)
        {
            await Console.Error.WriteLineAsync($"godwit: --notify can't be run: {none.Message}");
        }
    }
}
