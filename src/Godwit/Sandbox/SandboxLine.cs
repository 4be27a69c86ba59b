using System.Globalization;

namespace Godwit.Sandbox;

/// <summary>Builds the command line of a sandbox. Pure: what it depends on is handed in.</summary>
internal static class SandboxLine
{
    public const string TreeInside = "/ws";
    public const string ScratchInside = "/godwit";

    // Everything else of /etc stays outside: passwords, keys, and what names this machine.
    private static readonly string[] Etc =
    [
        "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ssl", "/etc/ca-certificates", "/etc/pki", "/etc/alternatives",
        "/etc/localtime", "/etc/dotnet", "/etc/java-17-openjdk", "/etc/java-21-openjdk", "/etc/mime.types",
    ];

    public static List<string> Build(SandboxCommand command, SandboxAssets assets, bool asRoot, string home)
    {
        List<string> line =
            [
                .. command.Link?.Enter ?? [],
                .. Pin(command),
                "env",
                "-i",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "bwrap",
            ];
        line.AddRange(asRoot
            // As root the mounts are made with root's rights, so folders under a closed home can be bound; setpriv then
            // gives up uid and capabilities inside, and the filter refuses new user namespaces (docs/decisions/0003).
            ?
            [
                "--cap-drop",
                "ALL",
                "--cap-add",
                "CAP_SETUID",
                "--cap-add",
                "CAP_SETGID",
                "--cap-add",
                "CAP_SETPCAP",
                "--cap-add",
                "CAP_DAC_OVERRIDE",
            ]
            : ["--unshare-user", "--uid", Text(SandboxAssets.UserId), "--gid", Text(SandboxAssets.UserId), "--disable-userns"]);
        line.AddRange(["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]);
        if (command.Link is null)
        {
            line.Add("--unshare-net");
        }

        line.AddRange(["--hostname", "godwit", "--die-with-parent", "--new-session", "--ro-bind", "/usr", "/usr"]);
        foreach (var folder in (string[])["bin", "lib", "lib64", "lib32", "sbin"])
        {
            if (Directory.Exists($"/{folder}"))
            {
                line.AddRange(["--symlink", $"usr/{folder}", $"/{folder}"]);
            }
        }

        line.AddRange(["--perms", "0755", "--dir", "/etc"]);
        foreach (var path in Etc)
        {
            line.AddRange(["--ro-bind-try", path, path]);
        }

        line.AddRange(
            [
                "--ro-bind",
                assets.Passwd,
                "/etc/passwd",
                "--ro-bind",
                assets.Group,
                "/etc/group",
                "--ro-bind",
                assets.NameService,
                "/etc/nsswitch.conf",
            ]);

        // The only names are the loopback's; the machine's own file may name others.
        line.AddRange(["--ro-bind", assets.Hosts, "/etc/hosts"]);
        line.AddRange(["--proc", "/proc", "--dev", "/dev"]);
        foreach (var folder in (string[])["/dev/shm", "/tmp"])
        {
            line.AddRange(["--size", Text(command.Limits.Temporary), "--perms", "1777", "--tmpfs", folder]);
        }

        // Bubblewrap makes missing folders for its own user only, and as root that isn't who the command is.
        IReadOnlyList<string> read = [.. command.Read, .. OwnSdk.Folder is { } sdk ? [sdk] : (string[])[]];
        foreach (var folder in Ancestors([home, .. read, .. command.Mounts.Values], home))
        {
            line.AddRange(["--perms", "0755", "--dir", folder]);
        }

        line.AddRange(command.Home is null
            ? ["--size", Text(command.Limits.Temporary), "--perms", "0777", "--tmpfs", home]
            : ["--bind", command.Home, home]);
        foreach (var path in read)
        {
            line.AddRange(["--ro-bind-try", path, path]);
        }

        foreach (var (path, inside) in command.Mounts)
        {
            line.AddRange(["--ro-bind-try", path, inside]);
        }

        line.AddRange(["--bind", command.Tree, TreeInside]);
        if (command.Scratch is not null)
        {
            line.AddRange(["--bind", command.Scratch, ScratchInside]);
        }

        line.AddRange(
            ["--chdir", command.Folder.Length == 0 ? TreeInside : $"{TreeInside}/{command.Folder}", "--remount-ro", "/", "--clearenv"]);
        foreach (var (name, value) in Environment(command, home))
        {
            line.AddRange(["--setenv", name, value]);
        }

        if (assets.Seccomp is not null)
        {
            line.AddRange(["--seccomp", "9"]);
        }

        line.Add("--");
        if (asRoot)
        {
            line.AddRange([
                "setpriv", "--reuid", Text(UserOf(command)), "--regid", Text(UserOf(command)), "--clear-groups",
                "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]);
        }

        line.AddRange(["/bin/sh", "-c", command.Shell]);
        return line;
    }

    private static int UserOf(SandboxCommand command) => command.IsHarness ? SandboxAssets.HarnessUserId : SandboxAssets.HostUserId;

    private static IEnumerable<string> Ancestors(IEnumerable<string> paths, string home)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in paths.Where(path => path == home || !path.StartsWith(home + "/", StringComparison.Ordinal)))
        {
            for (var slash = path.IndexOf('/', 1); slash > 0; slash = path.IndexOf('/', slash + 1))
            {
                if (!path.StartsWith("/usr/", StringComparison.Ordinal) && known.Add(path[..slash]))
                {
                    yield return path[..slash];
                }
            }
        }
    }

    /// <summary>The same command with nothing around it, in a process group of its own.</summary>
    public static List<string> Bare(SandboxCommand command, string home)
    {
        List<string> line = [.. Pin(command), "env", "-i"];
        line.AddRange(Environment(command with { }, home).Select(pair => $"{pair.Key}={pair.Value}"));
        return [.. line, "/bin/sh", "-c", command.Shell];
    }

    private static IEnumerable<string> Pin(SandboxCommand command) => command.Cpus is { } cpus ? ["taskset", "-c", cpus] : [];

    private static Dictionary<string, string> Environment(SandboxCommand command, string home)
    {
        var paths = (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Where(path => command.Read.Any(read => path == read || path.StartsWith(read + "/", StringComparison.Ordinal)));
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = string.Join(
                ':', [.. paths, .. OwnSdk.Folder is { } sdk ? [sdk] : (string[])[], "/usr/local/bin", "/usr/bin", "/bin"]),
            ["HOME"] = home,
            ["LANG"] = "C.UTF-8",
            ["TMPDIR"] = "/tmp",
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
            ["DOTNET_NOLOGO"] = "1",
            ["DOTNET_SKIP_FIRST_TIME_EXPERIENCE"] = "1",
            ["MSBUILDDISABLENODEREUSE"] = "1",
        };
        if (OwnSdk.Folder is { } root)
        {
            environment["DOTNET_ROOT"] = root;
        }

        foreach (var (name, value) in command.Environment)
        {
            environment[name] = value;
        }

        return environment;
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
