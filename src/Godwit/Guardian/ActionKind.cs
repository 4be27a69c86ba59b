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

    /// <summary>Deletes whole folders outside of the tree.</summary>
    Destroys = 16,
}

/// <summary>Classifies actions. The sandbox is the wall; this is the gatekeeper's eye.</summary>
internal static class ActionClassifier
{
    private static readonly HashSet<string> Privileged = new(StringComparer.Ordinal)
    {
        "sudo", "su", "doas", "pkexec", "setpriv", "chroot", "mount", "umount", "unshare", "nsenter", "bwrap", "insmod",
        "modprobe", "capsh", "chown", "docker", "podman",
    };

    private static readonly HashSet<string> Networked = new(StringComparer.Ordinal)
    {
        "curl", "wget", "ssh", "scp", "sftp", "nc", "ncat", "netcat", "socat", "telnet", "ftp", "dig", "nslookup", "ping", "rsync",
    };

    private static readonly HashSet<string> Controlling =
        new(StringComparer.Ordinal) { "kill", "pkill", "killall", "reboot", "shutdown", "halt", "systemctl" };

    private static readonly (string Program, string[] Verbs)[] Fetching =
    [
        ("git", ["clone", "fetch", "pull", "push", "submodule", "ls-remote"]),
        ("npm", ["install", "i", "ci", "add", "publish", "update"]), ("pip", ["install", "download"]),
        ("pip3", ["install", "download"]), ("dotnet", ["restore", "add", "tool", "nuget"]),
        ("cargo", ["install", "publish", "fetch", "update"]), ("go", ["get", "install"]),
        ("apt", ["install", "update"]), ("apt-get", ["install", "update"]), ("gem", ["install"]), ("yarn", ["add", "install"]),
    ];

    private static readonly string[] Known =
        [
            "/ws",
            "/tmp",
            "/usr",
            "/bin",
            "/lib",
            "/lib64",
            "/dev/null",
            "/dev/stdout",
            "/dev/stderr",
            "/dev/zero",
            "/dev/urandom",
            "/dev/shm",
            "/proc/self",
            "/proc/cpuinfo",
            "/proc/meminfo",
        ];

    /// <summary>What a line does. A <c>cd</c> in it is followed, so that a way up after a way down stays in the tree.</summary>
    public static ActionKind OfCommand(string line)
    {
        var (kinds, folder) = (ActionKind.Workspace, "");
        foreach (var words in ShellLine.Commands(line))
        {
            kinds |= OfWords(words, folder);
            if (words[0] == "cd"
                && words.Count > 1
                && OfPath(words[1], folder) == ActionKind.Workspace
                && !words[1].StartsWith('/')
                && !words[1].Contains('$', StringComparison.Ordinal))
            {
                folder = $"{folder}/{words[1]}".TrimStart('/');
            }
        }

        return kinds;
    }

    /// <summary>Whether a path stays in the tree and in what every sandbox has.</summary>
    /// <param name="path">The path.</param>
    /// <param name="folder">Where it is read from, below the place where commands start; empty for that place.</param>
    public static ActionKind OfPath(string path, string folder = "")
    {
        if (path.StartsWith('~') || path.StartsWith('/'))
        {
            var climbs = path.Split('/').Contains("..");
            return path.StartsWith('~')
                || climbs
                || !Known.Any(known => path == known || path.StartsWith(known + "/", StringComparison.Ordinal))
                ? ActionKind.OutsidePath
                : ActionKind.Workspace;
        }

        var depth = 0;
        foreach (var part in $"{folder}/{path}".Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != "."))
        {
            depth += part == ".." ? -1 : 1;
            if (depth < 0)
            {
                return ActionKind.OutsidePath;
            }
        }

        return ActionKind.Workspace;
    }

    /// <summary>Programs whose words are text and no paths.</summary>
    private static readonly HashSet<string> Printing = new(StringComparer.Ordinal) { "echo", "printf", "expr", "tr", "seq" };

    /// <summary>Programs whose first word is a pattern or a script: a slash in it says nothing.</summary>
    private static readonly HashSet<string> Matching =
        new(StringComparer.Ordinal) { "awk", "gawk", "mawk", "sed", "grep", "egrep", "fgrep", "rg", "perl", "jq" };

    private static readonly string[] Elsewhere = ["$HOME", "${HOME}", "$OLDPWD", "/proc/self/root", "/proc/self/cwd", "/proc/1/"];

    private static ActionKind OfWords(IReadOnlyList<string> words, string folder)
    {
        var program = Path.GetFileName(words[0]);
        var kinds = ActionKind.Workspace;
        kinds |= Privileged.Contains(program) ? ActionKind.Privilege : 0;
        kinds |= Networked.Contains(program) ? ActionKind.Network : 0;
        kinds |= Controlling.Contains(program) ? ActionKind.ProcessControl : 0;
        kinds |= Fetching.Any(pair => pair.Program == program && Verbs(words).Any(pair.Verbs.Contains)) ? ActionKind.Network : 0;
        foreach (var word in Paths(program, words).Append(words[0].StartsWith('/') ? words[0] : ""))
        {
            kinds |= Elsewhere.Any(place => Value(word).StartsWith(place, StringComparison.Ordinal)) ? ActionKind.OutsidePath : 0;
            var path = Value(word);
            kinds |= word.Contains('/', StringComparison.Ordinal) || word.StartsWith('~') || path == ".." ? OfPath(path, folder) : 0;
        }

        if (program is "rm" or "rmdir" or "shred"
            && (kinds & ActionKind.OutsidePath) != 0
            && words.Skip(1).Any(
                word => program != "rm" || (word.StartsWith('-') && word.Contains('r', StringComparison.OrdinalIgnoreCase))))
        {
            kinds |= ActionKind.Destroys;
        }

        return kinds;
    }

    /// <summary>The words that can be paths.</summary>
    private static IEnumerable<string> Paths(string program, IReadOnlyList<string> words)
    {
        var pattern = Matching.Contains(program);
        for (var at = 1; at < words.Count && !Printing.Contains(program); at++)
        {
            if (Matching.Contains(program) && words[at].StartsWith('-'))
            {
                if (words[at] is "-e" or "--regexp" or "--expression")
                {
                    // The pattern stands behind it, and every other word is a file.
                    at++;
                    pattern = false;
                }
            }
            else if (pattern)
            {
                pattern = false;
            }
            else
            {
                yield return words[at];
            }
        }
    }

    /// <summary>
    /// What can be a program's verb: its first word that is no option, and the one after an option's value, as in <c>git -C x
    /// push</c>.
    /// </summary>
    private static IEnumerable<string> Verbs(IReadOnlyList<string> words)
    {
        for (var at = 1; at < words.Count; at++)
        {
            if (words[at].StartsWith('-'))
            {
                continue;
            }

            yield return words[at];
            if (!words[at - 1].StartsWith('-'))
            {
                yield break;
            }
        }
    }

    /// <summary>The path in <c>--output=/etc/x</c>, <c>-I/usr/include</c> or a plain word.</summary>
    private static string Value(string word)
    {
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0)
        {
            return word[(equals + 1)..];
        }

        // -Iinclude, -L/usr/lib, -I..: a letter, and the path behind it.
        return word.Length > 2 && word[0] == '-' && char.IsLetter(word[1]) ? word[2..] : word;
    }
}
