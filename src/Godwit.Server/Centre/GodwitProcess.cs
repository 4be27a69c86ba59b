using System.Diagnostics;
using Godwit.Runs;

namespace Godwit.Server.Centre;

/// <summary>The <c>godwit</c> program beside the server: a run's owner is never the server itself.</summary>
/// <param name="program">The program.</param>
/// <param name="store">Where runs are.</param>
internal sealed class GodwitProcess(string program, RunStore store)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LogsKept = TimeSpan.FromDays(7);

    /// <summary>Runs a command to its end.</summary>
    public async Task<(int Exit, string Output, string Error)> RunAsync(CancellationToken cancellation, params string[] arguments)
    {
        using var process = Process.Start(InfoOf(program, arguments))!;
        process.StandardInput.Close();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Longest);
        try
        {
            var error = process.StandardError.ReadToEndAsync(patience.Token);
            var output = await process.StandardOutput.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>
    /// Starts a command that outlives the server, in a session of its own: neither Ctrl-C in the server's terminal nor the server's end
    /// reaches it.
    /// </summary>
    /// <returns>Where it writes what it says.</returns>
    public async Task<string> DetachAsync(string name, params string[] arguments)
    {
        var folder = Directory.CreateDirectory(Path.Combine(store.Home, "serve"));
        var log = Path.Combine(folder.FullName, $"{name}.log");
        foreach (var old in folder.EnumerateFiles("*.log").Where(file => TimeProvider.System.GetUtcNow() - file.LastWriteTimeUtc > LogsKept))
        {
            old.Delete();
        }

        string[] shell = ["-c", "log=$1; shift; exec setsid --fork \"$@\" >\"$log\" 2>&1 </dev/null", "sh", log, program, .. arguments];
        using var process = Process.Start(InfoOf("/bin/sh", shell))!;
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return log;
    }

    private ProcessStartInfo InfoOf(string file, string[] arguments)
    {
        var info = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["GODWIT_HOME"] = store.Home;
        return info;
    }
}
