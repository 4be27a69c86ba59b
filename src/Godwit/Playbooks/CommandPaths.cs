using Godwit.Agents;
using Godwit.Sandbox;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks;

/// <summary>Finds programs that a goal's commands name and a sandbox would not see, such as toolchains under a home folder.</summary>
internal static class CommandPaths
{
    private static readonly string[] Visible = ["/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/"];
    private static readonly char[] Separators = [' ', '\t', '\n'];
    private static readonly string[] Starts = ["&&", "||", ";", "|", "then", "do", "else", "exec", "time", "!", "(", "{"];

    private static string Home => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    public static IReadOnlyList<string> Unreachable(HarnessSpec spec)
    {
        var messages = new List<string>();
        var told = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (phase, command) in Phases(spec))
        {
            foreach (var program in Programs(command))
            {
                var path = Resolve(program);
                if (path is null && !program.Contains('/', StringComparison.Ordinal) && !IsBuiltIn(program))
                {
                    if (told.Add(program))
                    {
                        messages.Add($"{phase} runs {program}, which isn't on this machine's PATH; install it");
                    }
                }
                else if (path is not null && Missing(path, spec.Read) is { Count: > 0 } folders && told.Add(string.Join(' ', folders)))
                {
                    messages.Add(
                        $"{phase} runs {program}, which is {path} and not in the sandbox, at least not all that it needs; add " +
                        $"'sandbox: {{read: [{string.Join(", ", folders.Select(Tilde))}]}}' to the goal");
                }
            }
        }

        return messages;
    }

    /// <summary>
    /// Programs of the goal's own folder that aren't there, can't be started, or that a candidate could change. A command that goes into
    /// another folder first isn't looked into.
    /// </summary>
    /// <param name="spec">The commands.</param>
    /// <param name="folder">The goal's folder.</param>
    public static IReadOnlyList<string> InTree(HarnessSpec spec, string folder)
    {
        var messages = new List<string>();
        var editable = new Glob(spec.Editable);
        var made = spec.Setup is not null || spec.Build is not null;
        foreach (var (phase, command) in Phases(spec).Where(phase => !Programs(phase.Command).Contains("cd")))
        {
            foreach (var program in Programs(command)
                .Where(program => program.Contains('/', StringComparison.Ordinal) && program[0] is not ('/' or '~'))
                .Select(program => program.StartsWith("./", StringComparison.Ordinal) ? program[2..] : program))
            {
                var path = Path.Combine(folder, program);
                if (phase is "check" or "measure" or "holdout" && editable.Matches(program))
                {
                    messages.Add($"'editable' allows {program}, which {phase} runs: a candidate could change what judges it; take it out");
                }
                else if (!File.Exists(path))
                {
                    if (phase == "setup" || (phase == "build" && spec.Setup is null) || !made)
                    {
                        messages.Add($"{phase} runs {program}, and there is none in the goal's folder");
                    }
                }
                else if ((File.GetUnixFileMode(path) & UnixFileMode.UserExecute) == 0)
                {
                    messages.Add($"{phase} runs {program}, which can't be started; 'chmod +x {program}', and commit");
                }
            }
        }

        return messages;
    }

    /// <summary>
    /// Ignored files and folders that commands, or scripts that they run, seem to read: a run has none of them, and a base without
    /// them may be measured wrong.
    /// </summary>
    public static async Task<IReadOnlyList<string>> IgnoredAsync(HarnessSpec spec, SourceRepository source, CancellationToken cancellation)
    {
        const long LargestScript = 1 << 20;
        var ignored = await source.IgnoredAsync(cancellation);
        if (ignored.Count == 0)
        {
            return [];
        }

        var folder = Path.Combine(source.Root, source.Folder);
        var texts = Phases(spec).Select(phase => (Where: phase.Phase, Text: phase.Command)).ToList();
        foreach (var script in texts.SelectMany(text => text.Text.Split([' ', '\t', '\n', ';', '&', '|', '"', '\'']))
            .Distinct()
            .Where(word => word.Length > 0 && !ignored.Contains(word.TrimStart('.', '/')))
            .ToList())
        {
            var path = Path.Combine(folder, script);
            if (File.Exists(path) && new FileInfo(path).Length < LargestScript)
            {
                texts.Add((script, await File.ReadAllTextAsync(path, cancellation)));
            }
        }

        return [.. ignored.Select(path => (Path: path, texts.FirstOrDefault(text => Mentions(text.Text, path)).Where)).Where(found => found.Where is not null)
            .Select(found => $"{found.Where} names {found.Path}, which git ignores: a run doesn't see it unless setup or build makes it")];
    }

    private static bool Mentions(string text, string path)
    {
        for (var at = text.IndexOf(path, StringComparison.Ordinal); at >= 0; at = text.IndexOf(path, at + 1, StringComparison.Ordinal))
        {
            var (before, after) = (at == 0 ? ' ' : text[at - 1], at + path.Length == text.Length ? ' ' : text[at + path.Length]);
            if (!(char.IsLetterOrDigit(before) || before is '_' or '-' or '.') && !(char.IsLetterOrDigit(after) || after is '_' or '-'))
            {
                return true;
            }
        }

        return false;
    }

    private static IEnumerable<(string Phase, string Command)> Phases(HarnessSpec spec) => ((IReadOnlyList<(string Phase, string? Command)>)
        [
            ("setup", spec.Setup),
            ("build", spec.Build),
            ("check", spec.Check),
            ("measure", spec.Measure),
            ("serve", spec.Serve),
            ("score", spec.Score),
            ("holdout", spec.HoldOut),
        ])
        .Where(phase => phase.Command is not null).Select(phase => (phase.Phase, phase.Command!));

    /// <summary>The first word of each simple command of a shell line; assignments before it are skipped.</summary>
    private static IEnumerable<string> Programs(string command)
    {
        var expects = true;
        foreach (var word in command.Replace(";", " ; ", StringComparison.Ordinal).Split(Separators, StringSplitOptions.RemoveEmptyEntries))
        {
            if (Starts.Contains(word))
            {
                expects = true;
            }
            else if (expects && !(word.Contains('=', StringComparison.Ordinal) && !word.Contains('/', StringComparison.Ordinal)))
            {
                expects = false;
                if (word.All(letter => char.IsLetterOrDigit(letter) || letter is '-' or '_' or '.' or '/' or '+' or '~'))
                {
                    yield return word;
                }
            }
        }
    }

    private static string? Resolve(string program)
    {
        if (program[0] is '/' or '~')
        {
            var absolute = program[0] == '~' ? Home + program[1..] : program;
            return File.Exists(absolute) ? absolute : null;
        }

        return program.Contains('/', StringComparison.Ordinal)
            ? null
            : ProgramFinder.Find(program);
    }

    /// <summary>The folders that a program needs and a sandbox would not see; rustup's programs keep theirs beside Cargo's.</summary>
    private static List<string> Missing(string path, IReadOnlyList<string> read)
    {
        var folders = MissingFolder(path, read) is { } own ? new List<string> { own } : [];
        var (cargo, rustup) = (Path.Combine(Home, ".cargo") + "/", Path.Combine(Home, ".rustup"));
        if (path.StartsWith(cargo, StringComparison.Ordinal) && Directory.Exists(rustup) && !read.Contains(rustup))
        {
            folders.Add(rustup);
        }

        return folders;
    }

    private static string? MissingFolder(string path, IReadOnlyList<string> read)
    {
        // The sandbox looks in its own folders first: what is there as well needs nothing.
        if (
            Visible.Any(
                prefix => File.Exists(prefix.TrimEnd('/') + "/bin/" + Path.GetFileName(path))
                    || File.Exists(prefix + Path.GetFileName(path)))
            && !path.StartsWith('~')
            && !Path.IsPathRooted(Path.GetFileName(path)))
        {
            return null;
        }

        var real = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        foreach (var place in (string[])[path, real])
        {
            if (
                !Visible.Concat(OwnSdk.Folder is { } sdk ? [sdk + "/"] : []).Any(
                    prefix => place.StartsWith(prefix, StringComparison.Ordinal))
                && !read.Any(folder => place == folder || place.StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal)))
            {
                return place.StartsWith(Home + "/", StringComparison.Ordinal)
                    ? Path.Combine(Home, place[(Home.Length + 1)..].Split('/')[0])
                    : Path.GetDirectoryName(place);
            }
        }

        return null;
    }

    private static bool IsBuiltIn(string word) =>
        word is "cd" or "set" or "export" or "echo" or "printf" or "test" or "[" or "[[" or "if" or "for" or "while" or "fi" or "done"
        or "true" or "false" or "exit" or "read" or "eval" or "." or "source" or "trap" or "ulimit" or "umask" or "wait" or "case"
        or "esac" or "until" or "}" or ")" or "elif" or "unset" or ":" or "command";

    private static string Tilde(string path) => path.StartsWith(Home + "/", StringComparison.Ordinal) ? "~" + path[Home.Length..] : path;
}
