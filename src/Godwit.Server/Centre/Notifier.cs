using System.Diagnostics;
using System.Globalization;

namespace Godwit.Server.Centre;

/// <summary>
/// Tells a command of the user's what waits for a person: a mail, a chat, a phone. The command gets it as variables and never as words of
/// its own line, so that nothing that an agent writes is run.
/// </summary>
/// <param name="command">A line for the shell.</param>
/// <param name="address">Where the page is.</param>
internal sealed class Notifier(string command, Func<string> address)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>Tells it, and doesn't wait.</summary>
    public void Tell(Ask ask) => _ = TellAsync(ask);

    private async Task TellAsync(Ask ask)
    {
        var info = new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var (name, value) in new (string, string)[]
        {
            ("RUN", ask.Run), ("KIND", ask.Kind), ("TITLE", ask.Who is { } who ? $"{who} {ask.Title}" : ask.Title), ("GOAL", ask.Goal),
            ("LINK", $"{address()}/#/inbox"), ("DEADLINE", ask.Deadline?.ToString("O", CultureInfo.InvariantCulture) ?? ""),
        })
        {
            info.Environment[$"GODWIT_{name}"] = value.Replace("\0", "", StringComparison.Ordinal);
        }

        try
        {
            using var process = Process.Start(info)!;
            process.StandardInput.Close();
            using var patience = new CancellationTokenSource(Longest);
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
                await Console.Error.WriteLineAsync($"godwit: --notify took longer than {Longest.TotalSeconds:0} s and was ended");
            }
        }
        catch (System.ComponentModel.Win32Exception none)
        {
            await Console.Error.WriteLineAsync($"godwit: --notify can't be run: {none.Message}");
        }
    }
}
