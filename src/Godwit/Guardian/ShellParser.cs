using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Godwit.Sandbox;

namespace Godwit.Guardian;

/// <summary>
/// Reads shell lines with <c>shfmt</c> (mvdan/sh), which prints a line's syntax tree as JSON. One process a line, started before the
/// line is there. Where shfmt is missing only commands of plain words are read.
/// </summary>
internal sealed class ShellParser : IDisposable
{
    /// <summary>Longer lines aren't read, in bytes.</summary>
    public const int LongestLine = 64 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);

    private readonly string? _program;
    private Process? _waiting;
    private volatile bool _disposed;

    /// <param name="program">Where shfmt stands; null for none.</param>
    public ShellParser(string? program)
    {
        _program = program;
        Version = program is null ? null : VersionOf(program);
    }

    /// <summary>The parser that this machine has.</summary>
    public static ShellParser OfMachine { get; } = new(ProgramFinder.Find("shfmt"));

    /// <summary>The version that shfmt tells; null where it is missing or doesn't start.</summary>
    public string? Version { get; }

    /// <summary>The tree of a line; null where it can't be read: bad syntax, too long, too slow, or not plain and no shfmt.</summary>
    public ShellScript? Parse(string line)
    {
        var bytes = Encoding.UTF8.GetBytes(line);
        if (bytes.Length > LongestLine)
        {
            return null;
        }

        if (Version is null)
        {
            return ShellScript.Plain(line);
        }

        // The process that waited may have been ended by somebody: another gets what is left of the time.
        var start = TimeProvider.System.GetTimestamp();
        var script = Run(bytes, Patience, out var ended);
        return script is not null || ended ? script : Run(bytes, Patience - TimeProvider.System.GetElapsedTime(start), out _);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        if (Interlocked.Exchange(ref _waiting, null) is { } process)
        {
            End(process);
        }
    }

    /// <summary>Reads a line by one process.</summary>
    /// <param name="line">The line.</param>
    /// <param name="patience">How long it has; it is killed then.</param>
    /// <param name="ended">Whether it came to its own end: then what it said holds.</param>
    private ShellScript? Run(byte[] line, TimeSpan patience, out bool ended)
    {
        ended = false;
        if (patience <= TimeSpan.Zero)
        {
            return null;
        }

        Process? process = null;
        try
        {
            process = Interlocked.Exchange(ref _waiting, null) ?? Start();
            using var late = TimeProvider.System.CreateTimer(
                static state => Kill((Process)state!), process, patience, Timeout.InfiniteTimeSpan);
            _ = Task.Run(Prepare);
            process.StandardInput.BaseStream.Write(line);
            process.StandardInput.Close();
            using var output = new MemoryStream();
            process.StandardOutput.BaseStream.CopyTo(output);
            process.WaitForExit();
            ended = process.ExitCode is 0 or 1;
            output.Position = 0;
            using var tree = process.ExitCode == 0 ? JsonDocument.Parse(output, new JsonDocumentOptions { MaxDepth = 512 }) : null;
            return tree is not null ? new ShellScript(tree.RootElement.Clone(), line) : null;
        }
        catch (Exception unread) when (unread is JsonException or IOException or InvalidOperationException or Win32Exception)
        {
            return null;
        }
        finally
        {
            if (process is not null)
            {
                End(process);
            }
        }
    }

    private void Prepare()
    {
        try
        {
            var process = Start();
            if (_disposed || Interlocked.CompareExchange(ref _waiting, process, null) is not null)
            {
                End(process);
            }
        }
        catch (Win32Exception)
        {
            // The next line tries again, and says that it can't be read.
        }
    }

    private Process Start() => Process.Start(Info(_program!, "--to-json"))!;

    private static ProcessStartInfo Info(string program, string option) => new(program)
    {
        ArgumentList = { option },
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        WorkingDirectory = "/",
    };

    private static string? VersionOf(string program)
    {
        try
        {
            using var process = Process.Start(Info(program, "--version"))!;
            process.StandardInput.Close();
            var version = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode == 0 && version.Length > 0 ? version : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (Exception gone) when (gone is InvalidOperationException or Win32Exception)
        {
            // It has ended by itself.
        }
    }

    private static void End(Process process)
    {
        Kill(process);
        process.Dispose();
    }
}
