using System.Diagnostics;
using System.Text;

namespace Godwit.Workspaces;

/// <summary>git said no. The message is the line that says why, and what was asked of it.</summary>
/// <param name="message">One line.</param>
public sealed class GitException(string message) : Exception(message);

/// <summary>Runs git without hooks, without the user's or the machine's config, and with every object synced.</summary>
internal static class Git
{
    private static readonly string[] Settings =
    [
        "-c", "core.hooksPath=/dev/null", "-c", "core.fsync=all", "-c", "core.fsmonitor=false", "-c", "gc.auto=0", "-c",
        "maintenance.auto=false",
        "-c", "safe.directory=*", "-c", "protocol.allow=never", "-c", "protocol.file.allow=always", "-c", "core.quotePath=false",
        "-c", "core.autocrlf=false", "-c", "core.attributesFile=/dev/null", "-c", "commit.gpgSign=false", "-c", "advice.detachedHead=false",
    ];

    private static readonly string[] UserSettings =
        [
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "core.fsmonitor=false",
            "-c",
            "gc.auto=0",
            "-c",
            "maintenance.auto=false",
            "-c",
            "safe.directory=*",
            "-c",
            "core.quotePath=false",
        ];

    public static async Task<string> RunAsync(
        string folder, IReadOnlyList<string> arguments, CancellationToken cancellation,
        IReadOnlyDictionary<string, string>? environment = null, byte[]? input = null)
    {
        var output = await RunBytesAsync(folder, arguments, cancellation, environment, input);
        return Encoding.UTF8.GetString(output).TrimEnd('\n');
    }

    /// <summary>
    /// Asks what the user's own git would say, with their config: how line ends count is theirs to decide. Still no hook runs, and
    /// nothing is written.
    /// </summary>
    public static async Task<string> AskAsUserAsync(string folder, IReadOnlyList<string> arguments, CancellationToken cancellation) =>
        Encoding.UTF8.GetString(await RunBytesAsync(folder, arguments, cancellation, asUser: true)).TrimEnd('\n');

    public static async Task<byte[]> RunBytesAsync(
        string folder, IReadOnlyList<string> arguments, CancellationToken cancellation,
        IReadOnlyDictionary<string, string>? environment = null, byte[]? input = null, bool asUser = false, bool mayDiffer = false, int most = int.MaxValue)
    {
        if (!Directory.Exists(folder))
        {
            throw new GitException($"{folder} is missing; restore it from a copy");
        }

        var info = new ProcessStartInfo("git")
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])[.. asUser ? UserSettings : Settings, .. arguments])
        {
            info.ArgumentList.Add(argument);
        }

        foreach (var name in info.Environment.Keys.Where(name => name.StartsWith("GIT_", StringComparison.Ordinal)).ToList())
        {
            info.Environment.Remove(name);
        }

        if (!asUser)
        {
            info.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
            info.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        }

        info.Environment["GIT_TERMINAL_PROMPT"] = "0";
        info.Environment["GIT_OPTIONAL_LOCKS"] = "0";
        info.Environment["LC_ALL"] = "C";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            info.Environment[name] = value;
        }

        using var process = Process.Start(info)!;
        await using var kill = cancellation.Register(() => process.Kill(entireProcessTree: true));
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var output = new MemoryStream();
        var reading = ReadAsync(process, output, most);
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input ?? [], cancellation);
        }
        catch (OperationCanceledException)
        {
            // It is being killed: nothing of it may be at work when this returns.
            await process.WaitForExitAsync(CancellationToken.None);
            throw;
        }

        process.StandardInput.Close();
        var isCut = await reading;
        await process.WaitForExitAsync(CancellationToken.None);
        cancellation.ThrowIfCancellationRequested();
        var complaint = await error;
        return process.ExitCode == 0 || isCut || (mayDiffer && process.ExitCode == 1)
            ? output.ToArray()
            : throw new GitException($"git {arguments[0]} in {folder}: {Cause(complaint)}");
    }

    /// <summary>Takes what it prints; once that is more than is wanted, it is ended.</summary>
    /// <returns>Whether it was ended for that.</returns>
    private static async Task<bool> ReadAsync(Process process, MemoryStream output, int most)
    {
        var buffer = new byte[64 << 10];
        while (await process.StandardOutput.BaseStream.ReadAsync(buffer, CancellationToken.None) is > 0 and var read)
        {
            output.Write(buffer, 0, read);
            if (output.Length > most)
            {
                process.Kill(entireProcessTree: true);
                return true;
            }
        }

        return false;
    }

    /// <summary>What git calls fatal says why; the advice after it doesn't.</summary>
    private static string Cause(string complaint)
    {
        var lines = complaint.Trim().Split('\n');
        return Array.Find(
            lines, line => line.StartsWith("fatal: ", StringComparison.Ordinal) || line.StartsWith("error: ", StringComparison.Ordinal))
            ?? lines[^1];
    }
}
