using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Godwit.Tools;

/// <summary>Searches by ripgrep, with the same files and the same form of hits as Godwit's own search.</summary>
internal static class Ripgrep
{
    private const int NothingMatches = 1;

    /// <summary>Calls <paramref name="hit"/> with file, line number and text of each line that matches, by file and line.</summary>
    /// <exception cref="ToolException">The pattern can't be used.</exception>
    public static async Task SearchAsync(
        string program, string pattern, string place, long largest, Action<string, string, string> hit, CancellationToken cancellation)
    {
        var folder = Directory.Exists(place) ? place : Path.GetDirectoryName(place)!;
        var info = new ProcessStartInfo(program)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        foreach (var argument in (string[])[
            "--no-config", "--no-ignore", "--hidden", "--no-messages", "--color=never", "--no-heading", "--with-filename",
            "--line-number", "--null", "--sort=path",
            $"--max-filesize={largest.ToString(CultureInfo.InvariantCulture)}", "--glob=!**/{bin,obj,node_modules,.git}/**",
            $"--regexp={pattern}", "--", folder == place ? "./" : Path.GetFileName(place)])
        {
            info.ArgumentList.Add(argument);
        }

        using var process = Process.Start(info)!;
        await using var kill = cancellation.Register(process.Kill);
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        while (await process.StandardOutput.ReadLineAsync(CancellationToken.None) is { } line)
        {
            var name = line.IndexOf('\0', StringComparison.Ordinal);
            var number = line.IndexOf(':', name + 1);
            if (name > 0 && number > 0)
            {
                hit(Path.GetFullPath(line[..name], folder), line[(name + 1)..number], line[(number + 1)..]);
            }
        }

        await process.WaitForExitAsync(CancellationToken.None);
        cancellation.ThrowIfCancellationRequested();
        if (process.ExitCode > NothingMatches && (await error).Trim() is { Length: > 0 } complaint)
        {
            throw new ToolException(
                $"'pattern' can't be used: {complaint.Split('\n')[^1].Trim()}; look-around and back-references aren't available");
        }
    }
}
