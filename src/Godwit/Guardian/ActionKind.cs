namespace Godwit.Guardian;

/// <summary>What an action does, as far as its parsed form tells.</summary>
[Flags]
public enum ActionKind
{
    /// <summary>Nothing beyond the agent's own tree.</summary>
    Workspace = 0,

    /// <summary>Names a path outside of the tree and of what every sandbox has.</summary>
    OutsidePath = 1,

    /// <summary>Wants the network.</summary>
    Network = 2,

    /// <summary>Wants more rights.</summary>
    Privilege = 4,

    /// <summary>Ends or controls processes.</summary>
    ProcessControl = 8,
}

/// <summary>Classifies actions. The sandbox is the wall; this is the gatekeeper's eye.</summary>
internal static class ActionClassifier
{
    private static readonly HashSet<string> Privileged = new(StringComparer.Ordinal)
    {
        "sudo", "su", "doas", "pkexec", "setpriv", "chroot", "mount", "umount", "unshare", "nsenter", "bwrap", "insmod", "modprobe", "capsh", "chown", "docker", "podman",
    };

    private static readonly HashSet<string> Networked = new(StringComparer.Ordinal)
    {
        "curl", "wget", "ssh", "scp", "sftp", "nc", "ncat", "netcat", "socat", "telnet", "ftp", "dig", "nslookup", "ping", "rsync",
    };

    private static readonly HashSet<string> Controlling = new(StringComparer.Ordinal) { "kill", "pkill", "killall", "reboot", "shutdown", "halt", "systemctl", "gdb", "strace" };

    private static readonly (string Program, string[] Verbs)[] Fetching =
    [
        ("git", ["clone", "fetch", "pull", "push", "submodule", "ls-remote"]), ("npm", ["install", "i", "ci", "add", "publish", "update"]), ("pip", ["install", "download"]),
        ("pip3", ["install", "download"]), ("dotnet", ["restore", "add", "tool", "nuget"]), ("cargo", ["install", "publish", "fetch", "update"]), ("go", ["get", "install"]),
        ("apt", ["install", "update"]), ("apt-get", ["install", "update"]), ("gem", ["install"]), ("yarn", ["add", "install"]),
    ];

    private static readonly string[] Known = ["/ws", "/tmp", "/usr", "/bin", "/lib", "/lib64", "/dev/null", "/dev/stdout", "/dev/stderr", "/dev/zero", "/dev/urandom", "/dev/shm", "/proc/self", "/proc/cpuinfo", "/proc/meminfo"];

    public static ActionKind OfCommand(string line) => ShellLine.Commands(line).Aggregate(ActionKind.Workspace, (kinds, words) => kinds | OfWords(words));

    public static ActionKind OfPath(string path) =>
        path.Split('/').Contains("..") || path.StartsWith('~') || (path.StartsWith('/') && !Known.Any(known => path == known || path.StartsWith(known + "/", StringComparison.Ordinal)))
            ? ActionKind.OutsidePath
            : ActionKind.Workspace;

    private static ActionKind OfWords(IReadOnlyList<string> words)
    {
        var program = Path.GetFileName(words[0]);
        var kinds = ActionKind.Workspace;
        kinds |= Privileged.Contains(program) ? ActionKind.Privilege : 0;
        kinds |= Networked.Contains(program) ? ActionKind.Network : 0;
        kinds |= Controlling.Contains(program) ? ActionKind.ProcessControl : 0;
        kinds |= Fetching.Any(pair => pair.Program == program && words.Skip(1).FirstOrDefault(word => !word.StartsWith('-')) is { } verb && pair.Verbs.Contains(verb)) ? ActionKind.Network : 0;
        foreach (var word in words.Skip(1).Append(words[0].StartsWith('/') ? words[0] : ""))
        {
            kinds |= word.Contains('/', StringComparison.Ordinal) || word.StartsWith('~') || word == ".." ? OfPath(Value(word)) : 0;
        }

        // A line for another shell is looked into like this one.
        return program is "sh" or "bash" or "dash" or "zsh" && words.SkipWhile(word => word is not ("-c" or "-lc" or "-ec")).Skip(1).FirstOrDefault() is { } inner ? kinds | OfCommand(inner) : kinds;
    }

    /// <summary>The path in <c>--output=/etc/x</c>, <c>-I/usr/include</c> or a plain word.</summary>
    private static string Value(string word)
    {
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0)
        {
            return word[(equals + 1)..];
        }

        return word.StartsWith('-') && word.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash ? word[slash..] : word;
    }
}
