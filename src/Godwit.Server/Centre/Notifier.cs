using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;

namespace Godwit.Server.Centre;

/// <summary>
/// Tells a command of the user's what waits for a person, and what has ended: a mail, a chat, a phone. The command gets it as variables and never as words of
/// its own line, so that nothing that an agent writes is run.
/// </summary>
internal sealed class Notifier : IAsyncDisposable
{
    private const int MostWaiting = 200;

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private readonly Channel<Notice> _notices =
        Channel.CreateBounded<Notice>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
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
    public void Tell(Notice notice) => _notices.Writer.TryWrite(notice);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _notices.Writer.Complete();
        await _closing.CancelAsync();
        await _telling;
        _closing.Dispose();
    }

    private async Task TellAllAsync()
    {
        await foreach (var notice in _notices.Reader.ReadAllAsync(CancellationToken.None))
        {
            if (!_closing.IsCancellationRequested)
            {
                await TellAsync(notice);
            }
        }
    }

    private async Task TellAsync(Notice notice)
    {
        var info = new ProcessStartInfo("/bin/sh", ["-c", _command]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var (name, value) in new (string, string)[]
        {
            ("RUN", notice.Run), ("KIND", notice.Kind), ("TITLE", notice.Title), ("GOAL", notice.Goal),
            ("LINK", $"{_address()}/#/run/{Uri.EscapeDataString(notice.Run)}"),
            ("DEADLINE", notice.Deadline?.ToString("O", CultureInfo.InvariantCulture) ?? ""),
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
                    await Console.Error.WriteLineAsync($"godwit: --notify ended with exit code {process.ExitCode} when it was told of {notice.Run}");
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

/// <summary>Something that a person wants to know while they aren't looking.</summary>
/// <param name="Run">The run.</param>
/// <param name="Kind">What waits, as <see cref="Ask.Kind"/> says it, or <c>ended</c>.</param>
/// <param name="Title">What it is, in a few words.</param>
/// <param name="Goal">What the run is for.</param>
/// <param name="Deadline">When it counts as denied; null for never.</param>
internal sealed record Notice(string Run, string Kind, string Title, string Goal, DateTimeOffset? Deadline);
