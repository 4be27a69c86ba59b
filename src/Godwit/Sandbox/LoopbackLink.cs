using System.Diagnostics;
using System.Globalization;

namespace Godwit.Sandbox;

/// <summary>
/// A network that has nothing but its loopback, for sandboxes that talk to each other: a server in one, who drives it in
/// another. It is all that they share.
/// </summary>
public sealed class LoopbackLink : IAsyncDisposable
{
    private const string Listening = "0A"; // TCP_LISTEN of linux/tcp_states.h

    private readonly Process? _holder;
    private readonly SpawnThread? _spawn;
    private readonly int _process;

    private LoopbackLink(Process? holder, SpawnThread? spawn, int process, IReadOnlyList<string> enter)
    {
        _holder = holder;
        _spawn = spawn;
        _process = process;
        Enter = enter;
    }

    /// <summary>What stands before a command line to run it in this network.</summary>
    internal IReadOnlyList<string> Enter { get; }

    /// <summary>The machine's own loopback, for commands that nothing keeps apart.</summary>
    internal static LoopbackLink OfHost() => new(null, null, Environment.ProcessId, []);

    /// <summary>Makes one.</summary>
    /// <exception cref="SandboxException">It could not be made.</exception>
    internal static async Task<LoopbackLink> StartAsync(bool asRoot)
    {
        var info = new ProcessStartInfo("bwrap")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        string[] user = asRoot ? [] : ["--unshare-user"];
        string[] arguments =
            [.. user, "--unshare-net", "--die-with-parent", "--dev-bind", "/", "/", "sh", "-c", "echo $$; exec cat"];
        foreach (var argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        var spawn = SpawnThread.Rent([]);
        var holder = await spawn.StartAsync(info);
        var line = await holder.StandardOutput.ReadLineAsync();
        if (int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var process))
        {
            return new LoopbackLink(holder, spawn, process, asRoot
                ? ["nsenter", $"--net=/proc/{process}/ns/net", "--"]
                : ["nsenter", $"--target={process}", "--user", "--preserve-credentials", "--net", "--"]);
        }

        var error = await holder.StandardError.ReadToEndAsync();
        holder.Dispose();
        spawn.Dispose();
        throw new SandboxException(
            $"a network for two sandboxes could not be made ({error.Trim().Split('\n')[0]}); 'godwit doctor' says what is missing");
    }

    /// <summary>Whether something in this network listens on a TCP port.</summary>
    public bool IsListening(int port)
    {
        var end = string.Create(CultureInfo.InvariantCulture, $":{port:X4}");
        return ((string[])["tcp", "tcp6"]).Select(table => $"/proc/{_process}/net/{table}").Where(File.Exists)
            .SelectMany(File.ReadLines).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Any(fields => fields.Length > 3 && fields[1].EndsWith(end, StringComparison.Ordinal) && fields[3] == Listening);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_holder is null)
        {
            return;
        }

        _holder.Kill(entireProcessTree: true);
        await _holder.WaitForExitAsync();
        _holder.Dispose();
        _spawn!.Dispose();
    }
}
