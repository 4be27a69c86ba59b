using System.Text.RegularExpressions;

namespace Godwit.Guardian;

/// <summary>Whose a path is. What a sandbox has of its own, and throws away, counts as the tree.</summary>
public enum PathPlace
{
    /// <summary>No path.</summary>
    None,

    /// <summary>The agent's tree, <c>/tmp</c>, <c>/dev/null</c> and the like.</summary>
    Tree,

    /// <summary>What every account of a machine reads: <c>/usr</c>, <c>/etc</c> but for its secrets, <c>/proc/self</c>.</summary>
    Public,

    /// <summary>A home, or a file that belongs to a user.</summary>
    Home,

    /// <summary>Keys, passwords, tokens, and other processes' memory.</summary>
    Secret,

    /// <summary>What is run by itself later: start-up files, timers, units, hooks.</summary>
    Startup,

    /// <summary>
    /// The machine's own: programs, settings, kernel and devices. A public file that is written to is of the system, too.
    /// </summary>
    System,

    /// <summary>Logs, mail and the shell's history.</summary>
    Traces,

    /// <summary>Anywhere else outside of the tree.</summary>
    Outside,

    /// <summary>A path of which nothing can be told.</summary>
    Unknown,
}

/// <summary>Tells whose a path is, by its name alone: nothing is looked up, so that a line is judged alike everywhere.</summary>
internal static partial class PathPlaces
{
    /// <summary>Stands in a text for what can't be told of it.</summary>
    public const char Gap = '\uFFFF';

    /// <summary>The folder where commands start.</summary>
    public const string Tree = "/ws";

    /// <summary>Puts a path behind a folder and takes <c>.</c>, <c>..</c> and doubled slashes out.</summary>
    /// <param name="path">The path; <c>~</c> at its start is the home.</param>
    /// <param name="folder">Where it is read from.</param>
    public static string Resolve(string path, string folder)
    {
        var full = path.StartsWith('/') || path.StartsWith('~') || path.StartsWith(Gap) ? path : $"{folder}/{path}";
        var parts = new List<string>();
        foreach (var part in full.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (parts is ["proc", _, "cwd" or "root"] && part == "..")
            {
                // Above what a process sees as its folder; its root has nothing above it.
                parts.Clear();
            }
            else if (part == "..")
            {
                // Above a home is what holds homes.
                if (parts.Count > 0)
                {
                    var last = parts[^1];
                    parts.RemoveAt(parts.Count - 1);
                    if (last.StartsWith('~'))
                    {
                        parts.Add("home");
                    }
                }
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }

        var joined = string.Join('/', parts);
        var resolved = joined.StartsWith('~') || joined.StartsWith(Gap) ? joined : "/" + joined;
        return OfProcess().Match(resolved) is { Success: true } match
            ? Resolve(match.Groups[1].Value.StartsWith("cwd", StringComparison.Ordinal) ? Tree + match.Groups[2].Value
                : "/" + match.Groups[2].Value.TrimStart('/'), Tree)
            : resolved;
    }

    /// <summary>Whose a resolved path is.</summary>
    /// <param name="path">As <see cref="Resolve"/> gives it.</param>
    /// <param name="kind">What is done to it: a file that anybody may read is the system's where it is written to.</param>
    public static PathPlace Of(string path, EffectKind kind)
    {
        var changes = kind is EffectKind.Writes or EffectKind.Deletes or EffectKind.DeletesTree;
        if (path.StartsWith(Gap))
        {
            // What follows may still tell: …/.ssh/id_rsa, …/usercustomize.py.
            return Secrets().IsMatch(path) ? PathPlace.Secret : changes && StartupAnywhere().IsMatch(path) ? PathPlace.Startup
                : PathPlace.Unknown;
        }

        if (IsBelow(path, Own))
        {
            return changes && StartupAnywhere().IsMatch(path) ? PathPlace.Startup : PathPlace.Tree;
        }

        // All of a folder that has secrets somewhere below it: grep -r x /
        if (kind == EffectKind.Reads && path.EndsWith("/*", StringComparison.Ordinal) && HoldsSecrets(path.Length == 2 ? "/" : path[..^2]))
        {
            return PathPlace.Secret;
        }

        if (kind == EffectKind.Reads && IsBelow(path, ["/dev"]))
        {
            return PathPlace.Secret;
        }

        if (Secrets().IsMatch(path) || (path.AsSpan().ContainsAny('*', '?', '[') && MatchesSecret(path)))
        {
            return PathPlace.Secret;
        }

        if (Traces().IsMatch(path))
        {
            return PathPlace.Traces;
        }

        if (changes && (Startup().IsMatch(path) || StartupAnywhere().IsMatch(path)))
        {
            return PathPlace.Startup;
        }

        if (path.StartsWith('~') || IsBelow(path, Homes))
        {
            return PathPlace.Home;
        }

        return changes ? IsBelow(path, SystemFolders) ? PathPlace.System : PathPlace.Outside
            : IsBelow(path, PublicFolders) ? PathPlace.Public
            : IsBelow(path, SystemFolders) ? PathPlace.System
            : PathPlace.Outside;
    }

    /// <summary>Whether secrets lie below a folder, for a program that reads all that is below it.</summary>
    public static bool HoldsSecrets(string path) =>
        path is "/" or "/etc" or "/proc" or "/root" or "/home" or "/var" or "~" or "/run" or "/dev";

    private static readonly string[] Own =
        [Tree, "/tmp", "/godwit", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/stdin", "/dev/stdout",
            "/dev/stderr", "/dev/fd", "/dev/tty", "/dev/shm"];

    private static readonly string[] PublicFolders =
        ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/proc", "/sys", "/boot", "/nix/store"];

    private static readonly string[] SystemFolders =
    [
        "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/proc", "/sys", "/boot", "/dev", "/run", "/var", "/nix", "/Library",
            "/System",
    ];

    private static readonly string[] Homes = ["/home", "/root", "/Users"];

    // What a glob may name, too.
    private static readonly string[] Exact =
        ["/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/master.passwd", "~/.ssh/id_rsa", "~/.netrc", "/root/.ssh/id_rsa",
            "/proc/1/environ"];

    private static bool IsBelow(string path, string[] folders) =>
        Array.Exists(folders, folder => path == folder || (path.StartsWith(folder, StringComparison.Ordinal)
            && path[folder.Length] == '/'));

    private static bool MatchesSecret(string path)
    {
        // All keys below a folder that has some: find / -name '*_rsa'
        var last = path[(path.LastIndexOf('/') + 1)..];
        var folder = path.Split('*', '?', '[')[0].TrimEnd('/');
        if (HoldsSecrets(folder.Length == 0 ? "/" : folder) && last.Count(char.IsAsciiLetterOrDigit) > 1)
        {
            var names = Glob(last);
            if (Array.Exists(SecretNames, name => names.IsMatch(name)))
            {
                return true;
            }
        }

        var pattern = Glob(path);
        return Array.Exists(Exact, pattern.IsMatch) && path.Count(letter => letter is not ('*' or '?' or '/')) > 3;
    }

    private static readonly string[] SecretNames =
        ["id_rsa", "id_ed25519", "shadow", "gshadow", "server.key", "private.pem", ".netrc", ".pgpass", "credentials", "credentials.json",
            "secrets.yml", "environ"];

    // Sets of letters match any: which they are isn't looked at.
    private static Regex Glob(string text)
    {
        var pattern = Regex.Escape(Sets().Replace(text, "?"))
            .Replace("\\*", "[^/]*", StringComparison.Ordinal)
            .Replace("\\?", ".", StringComparison.Ordinal);
        return new Regex($"^{pattern}$", RegexOptions.CultureInvariant, TimeSpan.FromMilliseconds(50));
    }

    [GeneratedRegex(@"\[[^\]/]*\]")]
    private static partial Regex Sets();

    // What a process sees as its root and folder.
    [GeneratedRegex(@"^/proc/[^/]+/(?:task/[^/]+/)?(root|cwd)(/.*)?$")]
    private static partial Regex OfProcess();

    [GeneratedRegex(
        @"(?:^|/)(?:\.ssh|\.aws|\.azure|\.gnupg|\.kube|\.oci|\.docker|\.password-store|\.vault-token|\.netrc|_netrc|\.pgpass|" +
        @"\.my\.cnf|\.git-credentials|" +
        @"\.npmrc|\.pypirc|\.mozilla|\.thunderbird|keyrings|id_(?:rsa|dsa|ecdsa|ed25519)|\.nuget/NuGet/NuGet\.Config|" +
        @"\.cargo/credentials(?:\.toml)?|" +
        @"\.config/(?:gcloud|gh|google-chrome|chromium|hub|op|doctl|rclone)|Login Data|key[34]\.db|logins\.json|Keychains|" +
        @"[^/]*\.(?:keytab|kdbx|jks|pfx|p12))(?:/|$)|" +
        @"^/etc/(?:g?shadow-?|master\.passwd|spwd\.db|sudoers(?:\.d)?|security/opasswd|ssl/private|ssh/ssh_host[^/]*_key|krb5\.keytab|" +
        @"pki/[^/]+/private)(?:/|$)|" +
        @"^/proc/(?:\d+|[\uFFFF*][^/]*|self|thread-self)/(?:environ|mem|maps|smaps|map|auxv|fd|cmdline)(?:/|$)|^/proc/kcore|^/dev/k?mem|" +
        @"^(?:/var)?/run/(?:secrets|credentials|docker\.sock|user)(?:/|$)|^/var/lib/(?:sss|samba/private|mysql|postgresql|docker)(?:/|$)",
        RegexOptions.CultureInvariant)]
    private static partial Regex Secrets();

    [GeneratedRegex(
        @"^/var/(?:log|spool/mail|mail|audit|adm|account|run/utmp)(?:/|$)|^/run/(?:utmp|log)|(?:^|/)\.(?:\w+_history|histfile|lesshst|" +
        @"viminfo|wtmp)(?:/|$)|" +
        @"(?:^|/)fish_history$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Traces();

    [GeneratedRegex(
        @"(?:^|/)\.(?:bashrc|bash_profile|bash_login|bash_logout|bash_aliases|profile|shrc|zshrc|zshenv|zprofile|zlogin|zlogout|kshrc|" +
        @"cshrc|tcshrc|login|" +
        @"logout|xinitrc|xsession|xprofile|inputrc|vimrc|emacs|gdbinit|pythonrc|gitconfig|npmrc)$|(?:^|/)\.config/(?:autostart|" +
        @"systemd|fish|environment\.d|git)(?:/|$)|" +
        @"^/etc/(?:cron[^/]*|systemd|init\.d|init|rc[^/]*|profile(?:\.d)?|bash\.bashrc|bashrc|zsh|zshenv|environment|xdg/autostart|" +
        @"ld\.so[^/]*|" +
        @"update-motd\.d|udev|modules[^/]*|modprobe\.d|inittab|pam\.d|launchd[^/]*|periodic|NetworkManager/dispatcher\.d|dbus-1)(?:/|$)|" +
        @"^/(?:usr/)?lib/systemd|^/var/spool/(?:cron|at)|(?:^|/)authorized_keys2?$|(?:^|/)Library/Launch(?:Agents|Daemons)",
        RegexOptions.CultureInvariant)]
    private static partial Regex Startup();

    // Run by itself wherever it lies: Python's site hooks, and what git runs.
    [GeneratedRegex(
        @"(?:^|/)(?:(?:site|user)customize\.py|[^/]+\.pth|\.git/(?:hooks/[^/]+|config|info/attributes))$|(?:^|" +
        @"/)\.git/hooks$", RegexOptions.CultureInvariant)]
    private static partial Regex StartupAnywhere();
}
