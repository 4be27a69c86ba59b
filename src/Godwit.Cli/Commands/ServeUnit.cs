using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Godwit.Server.Centre;

namespace Godwit.Cli.Commands;

/// <summary>The command centre as a systemd service of its user: it starts at login, and stopping it doesn't affect runs.</summary>
internal static class ServeUnit
{
    private const string Name = "godwit.service";

    /// <summary>Writes the unit, and starts it where systemd answers.</summary>
    public static async Task<ExitCode> InstallAsync(CentreOptions options, CancellationToken cancellation)
    {
        var configuration = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } xdg
            ? xdg
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config");
        var unit = Path.Combine(Directory.CreateDirectory(Path.Combine(configuration, "systemd", "user")).FullName, Name);
        await File.WriteAllTextAsync(unit, Text(options), cancellation);
        Console.WriteLine($"wrote {unit}");
        string[][] commands = [["daemon-reload"], ["enable", Name], ["restart", Name]];
        foreach (var command in commands)
        {
            if (await SystemctlAsync(command, cancellation) is { } trouble)
            {
                Console.Error.WriteLine($"godwit: systemd refused the unit ({trouble}); once it runs for this user: " +
                    string.Join(" && ", commands.Select(one => $"systemctl --user {string.Join(' ', one)}")));
                return ExitCode.Unavailable;
            }
        }

        Console.WriteLine(
            "it runs, and starts again at each login ('loginctl enable-linger' keeps it without one); 'godwit link' prints a link.\n" +
            $"To remove it: systemctl --user disable --now {Name} && rm {Quote(unit)}");
        return ExitCode.Ok;
    }

    /// <summary>
    /// The unit. Only the server itself is ended with it, not the runs that it has started; and an update of the program is taken up by
    /// a restart.
    /// </summary>
    public static string Text(CentreOptions options)
    {
        List<string> arguments = ["serve", "--port", options.Port.ToString(CultureInfo.InvariantCulture)];
        Add("--root", options.Root);
        Add("--public-url", options.PublicUrl?.OriginalString);
        Add("--cert", options.Tls?.Certificate);
        Add("--key", options.Tls?.Key);
        Add("--notify", options.Notify);
        return $"""
            [Unit]
            Description=Godwit command centre

            [Service]
            Type=exec
            ExecStart={string.Join(' ', arguments.Prepend(options.Program).Select(word => Quote(word).Replace("$", "$$", StringComparison.Ordinal)))}
            Environment={string.Join(' ', Variables(options).Select(Quote))}
            KillMode=process
            Restart=on-failure

            [Install]
            WantedBy=default.target

            """;

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                arguments.AddRange([name, value]);
            }
        }
    }

    /// <summary>What the program needs of the environment that it was installed from: where runs are, and where .NET is.</summary>
    private static IEnumerable<string> Variables(CentreOptions options) =>
        ((string[])["PATH", "DOTNET_ROOT"]).Where(name => Environment.GetEnvironmentVariable(name) is { Length: > 0 })
            .Select(name => $"{name}={Environment.GetEnvironmentVariable(name)}").Prepend($"GODWIT_HOME={options.Store.Home}");

    /// <summary>A word of a unit's line: quoted, with what systemd would expand written twice (systemd.service(5), systemd.unit(5)).</summary>
    private static string Quote(string word) =>
        "\"" + word.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("%", "%%", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal) + "\"";

    /// <summary>Asks systemd; what stands in the way, in one line, or null.</summary>
    private static async Task<string?> SystemctlAsync(string[] arguments, CancellationToken cancellation)
    {
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo("systemctl", ["--user", .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            var error = await process.StandardError.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return process.ExitCode == 0 ? null : error.Trim().Split('\n')[0];
        }
        catch (Win32Exception)
        {
            return "there is no systemctl";
        }
    }
}
