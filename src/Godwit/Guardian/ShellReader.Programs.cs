using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Godwit.Guardian;

/// <summary>Programs of the table: what their words mean, and what they print.</summary>
internal sealed partial class ShellReader
{
    private ShellFlow RunProgram(string program, List<string> words, ShellState state, ShellFlow input)
    {
        var facts = programs.Find(program, out var known);
        if (facts is null)
        {
            if (!program.Contains(Gap, StringComparison.Ordinal))
            {
                // What the agent could write itself is nothing new; words that lead out of the tree are.
                Add(new ActionEffect(EffectKind.Unfamiliar, words.Skip(1).Any(LeadsOut) ? PathPlace.Outside
                    : PathPlace.Tree, Shown(program)));
            }

            LookAtWords(words.Skip(1), state);
            return ShellFlow.Unknown;

            bool LeadsOut(string word) =>
                word.Contains("://", StringComparison.Ordinal) || HostOf(word).Length > 0 || Credentials().IsMatch(word)
                || (word.StartsWith('/') || word.StartsWith('~') || word.Contains("../", StringComparison.Ordinal))
                    && PathPlaces.Of(Resolve(word, state), EffectKind.Writes) is not (PathPlace.Tree or PathPlace.Unknown);
        }

        var isQuiet = facts.Does.Count > 0 && words.Skip(1).Any(word => facts.Flags.TryGetValue(word, out var effects) && effects.Count == 0);
        foreach (var kind in isQuiet ? [] : facts.Does)
        {
            if (kind == EffectKind.Network)
            {
                Reach(words, facts);
            }
            else
            {
                Add(kind, known);
            }
        }

        var read = Sort(words, facts, state, out var flags);
        if (facts.Wraps is { } own)
        {
            var inner = words.Skip(read.WrapsAt ?? words.Count).Skip(own).SkipWhile(word => program == "env" && IsAssignment(word))
                .ToList();
            foreach (var word in words.Skip(read.WrapsAt ?? words.Count)
                .Skip(own).TakeWhile(word => program == "env" && IsAssignment(word)))
            {
                var (variable, assigned) = Pair(word);
                Injection(variable, [assigned]);
            }

            return inner.Count > 0 ? Run(inner, state, input) : ShellFlow.Unknown;
        }

        foreach (var flag in flags)
        {
            facts.Flags.GetValueOrDefault(flag)?.ForEach(kind => Add(kind, known));
        }

        // A program's verb is its first operand, or the one behind an option's value.
        var first = words.FindIndex(1, word => !word.StartsWith('-'));
        var verbs = first > 1 && words[first - 1].StartsWith('-') ? 2 : 1;
        var offline = words.Exists(word => word is "--offline" or "--no-index" or "--no-network" or "--frozen-offline"
            || (word == "-o" && program is "mvn" or "mvnw"));
        foreach (var verb in read.Operands.Take(verbs))
        {
            facts.Verbs.GetValueOrDefault(verb)?.Where(kind => kind != EffectKind.Network || !offline)
                .ToList().ForEach(kind => Add(kind, kind == EffectKind.Network ? "" : $"{known} {verb}"));
        }

        var use = facts.When.FirstOrDefault(pair => flags.Any(flag => flag == pair.Key
            || (pair.Key.Length == 2 && flag.StartsWith(pair.Key, StringComparison.Ordinal)))) is { Key: not null } when
            ? when.Value : facts.Operands;
        var recursive = facts.RecursiveOptions.Contains("*") || flags.Exists(facts.RecursiveOptions.Contains);
        var isFirst = facts.First is not null && !read.HasCode;
        for (var at = 0; at < read.Operands.Count; at++)
        {
            var kind = at == 0 && isFirst ? facts.First!.Value : at == read.Operands.Count - 1 && at > 0 ? facts.Last ?? use : use;
            Use(kind, read.Operands[at], program, state, recursive);
        }

        if (program == "tee")
        {
            read.Operands.ForEach(file => SaveFile(file, input, state, flags.Contains("-a") || flags.Contains("--append")));
        }

        Special(program, words, flags, state);
        return Output(program, facts, read.Operands, flags, state, input);
    }

    /// <summary>What can't be said of a program in the table.</summary>
    private void Special(string program, List<string> words, List<string> flags, ShellState state)
    {
        switch (program)
        {
            case "chmod" when words.Skip(1).Any(word => SetId().IsMatch(word)):
                Add(EffectKind.Privilege, "a file that runs with its owner's rights");
                break;
            case "ed" or "ex" or "vi" or "vim" or "nvim" or "emacs" when words
                .Skip(1).Any(word => word.StartsWith('+') || word is "-c" or "--eval" or "-es" or "--cmd" or "-f"):
                Add(EffectKind.Opaque, $"commands of {program}");
                break;
            case "sqlite3" when words.Skip(1).Any(word => SqliteReaches().IsMatch(word)):
                Add(EffectKind.Opaque, "what sqlite3 is told");
                break;
            case "zip" when words.FindIndex(word => word is "-TT" or "--unzip-command") is > 0 and var tests && tests + 1 < words.Count:
                Line(words[tests + 1], state.Copy(), ShellFlow.Unknown);
                break;
            case "unzip" or "7z" or "7za" or "unrar" or "rar" when words
                .Skip(1).Any(word => word.StartsWith("-P", StringComparison.Ordinal) || PasswordOption().IsMatch(word)):
                var at = words.FindIndex(word => word.StartsWith("-d", StringComparison.Ordinal)
                    || word.StartsWith("-o", StringComparison.Ordinal));
                var folder = at < 0 || words[at] == "-o" ? state.Folder : words[at].Length > 2 ? words[at][2..] : at + 1 < words.Count
                    ? words[at + 1] : state.Folder;
                state.Files[Resolve(folder, state).TrimEnd('/') + "/"] = new ShellFlow([GapText], FlowOrigin.Decoded);
                foreach (var file in state.Files.Keys.Where(file => !file.EndsWith('/')
                    && file.StartsWith(Resolve(folder, state), StringComparison.Ordinal)).ToList())
                {
                    state.Files[file] = new ShellFlow([GapText], FlowOrigin.Decoded);
                }

                break;
            case "curl" or "wget":
                Transfer(program, words, state);
                break;
        }
    }

    /// <summary>What curl and wget save, and the files that curl sends.</summary>
    private void Transfer(string program, List<string> words, ShellState state)
    {
        var fetched = new ShellFlow([GapText], FlowOrigin.Network);
        for (var at = 1; at < words.Count; at++)
        {
            var word = words[at];
            if (word.StartsWith("file:", StringComparison.Ordinal))
            {
                AddPath(EffectKind.Reads, $"/{word[5..].TrimStart('/')}", state);
            }
            else if (word.Contains("://", StringComparison.Ordinal))
            {
                // wget, and curl -O, keep the name.
                state.Files[Resolve(word[(word.LastIndexOf('/') + 1)..], state)] = fetched;
            }
            else if (words[at - 1] is "-o" or "--output" or "-O" or "--output-document" && word is not ("-" or ""))
            {
                state.Files[Resolve(word, state)] = fetched;
            }
            else if (program == "curl" && words[at - 1] is "-d" or "-F" or "--data" or "--data-binary" or "--form"
                && word.IndexOf('@', StringComparison.Ordinal) is >= 0 and var sign && word[(sign + 1)..].Split(';')[0] is var file && file != "-")
            {
                // -d @FILE, -F x=@FILE; @- is what comes in.
                AddPath(EffectKind.Reads, file, state);
            }
        }
    }

    [GeneratedRegex(@"^(?:[0-7]*[2-7][0-7]{3}|[ugoa]*[+=][rwxXt]*s[rwxXt]*)$")]
    private static partial Regex SetId();

    // Commands of sqlite3's shell that reach files and other programs, and functions that do.
    [GeneratedRegex(
        @"^\s*\.(?!tables|schema|headers|mode|indexes|width|databases)\w|\b(?:readfile|writefile|load_extension|edit)\s*\(",
        RegexOptions.Multiline)]
    private static partial Regex SqliteReaches();

    [GeneratedRegex("^-p.+")]
    private static partial Regex PasswordOption();

    private static ShellFlow Output(string program, ProgramFacts facts, List<string> operands, List<string> flags, ShellState state,
        ShellFlow input)
    {
        var source = input;
        var read = operands.Skip(facts.First == WordUse.Text || facts.First == WordUse.Code ? 1 : 0).Where(word => word != "-").ToList();
        if (facts.Operands == WordUse.Reads && read.Count > 0)
        {
            source = read.Select(word => state.Held(Resolve(word, state))).Aggregate((all, one) => all.Then(one));
        }

        if (facts.DecodingOptions.Count > 0 && (facts.DecodingOptions.Contains("*") || flags.Exists(facts.DecodingOptions.Contains)))
        {
            var decoded = program is "base64" && source.Texts.All(text => text != GapText) ? [.. source.Texts.Select(Decoded)]
                : (IReadOnlyList<string>)[GapText];
            return new ShellFlow(decoded, FlowOrigin.Decoded | (source.Origin & FlowOrigin.Network));
        }

        if (facts.Does.Contains(EffectKind.Network))
        {
            return new ShellFlow([GapText], FlowOrigin.Network);
        }

        if (facts.Filters && facts.First == WordUse.Text && flags.Exists(flag => flag is "-l" or "-L" or "--files-with-matches"))
        {
            return new ShellFlow(read.Count > 0 ? ShellFlow.Capped(read) : ["*"], FlowOrigin.Paths);
        }

        return program is "cat" or "tee" || (facts.Filters && (source.Origin & FlowOrigin.Paths) != 0) ? source
            : facts.Filters && source.Texts.All(text => text.Length == 0) ? source
            : source.Changed;
    }

    private static string Decoded(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text.Replace("\n", "", StringComparison.Ordinal).Trim(), bytes, out var count)
            ? Encoding.UTF8.GetString(bytes, 0, count).Replace('\0', ' ') : GapText;
    }

    private sealed record SortedWords(List<string> Operands, int? WrapsAt, bool HasCode);

    /// <summary>Tells a program's options from its operands, and looks at what options take.</summary>
    private SortedWords Sort(List<string> words, ProgramFacts facts, ShellState state, out List<string> flags)
    {
        flags = [];
        var operands = new List<string>();
        var (ended, hasCode) = (false, false);
        for (var at = 1; at < words.Count; at++)
        {
            var word = words[at];
            if (ended || word.Length < 2 || word[0] != '-')
            {
                if (facts.Wraps is not null)
                {
                    return new SortedWords(operands, at, hasCode);
                }

                operands.Add(word);
                continue;
            }

            if (word == "--")
            {
                ended = true;
                continue;
            }

            var equals = word.StartsWith("--", StringComparison.Ordinal) ? word.IndexOf('=', StringComparison.Ordinal) : -1;
            var name = equals > 0 ? word[..equals] : word;
            var value = equals > 0 ? word[(equals + 1)..] : null;
            flags.Add(name);
            if (!facts.Options.ContainsKey(name) && name.Length > 2 && name[1] != '-')
            {
                // -rf is -r and -f; -ofile is -o with its value.
                flags.AddRange(name.Skip(1).Select(letter => $"-{letter}"));
                if (facts.Options.ContainsKey(name[..2]))
                {
                    (name, value) = (name[..2], name[2..]);
                }
                else if (facts.Options.ContainsKey($"-{name[^1]}") || facts.ValuedOptions.Contains($"-{name[^1]}"))
                {
                    name = $"-{name[^1]}";
                }
            }

            if (facts.Options.TryGetValue(name, out var use))
            {
                value ??= at + 1 < words.Count ? words[++at] : "";
                hasCode |= use is WordUse.Code or WordUse.Text or WordUse.Runs;
                Use(use, value, words[0], state, recursive: false);
            }
            else if (value is null && facts.ValuedOptions.Contains(name))
            {
                at++;
            }
            else if (facts.Operands != WordUse.Text && !(name.Length > 2 && facts.ValuedOptions.Contains(name[..2])))
            {
                LookAtWords([word], state);
            }
        }

        return new SortedWords(operands, null, hasCode);
    }

    private void Use(WordUse use, string word, string program, ShellState state, bool recursive)
    {
        switch (use)
        {
            case WordUse.Text:
                break;
            case WordUse.Any:
                LookAtWords([word], state);
                break;
            case WordUse.Hosts:
                if (HostOf(word).Length == 0)
                {
                    LookAtWords([word], state);
                }

                break;
            case WordUse.Builds:
                AddPath(EffectKind.Runs, word, state);
                break;
            case WordUse.Code:
                Code(program, word, state);
                break;
            case WordUse.Shell:
                Line(word, state.Copy(), ShellFlow.Unknown);
                break;
            case WordUse.Runs:
                Script(word, [word], state, interpreter: null, program);
                break;
            default:
                if (word is "-" or "")
                {
                    break;
                }

                var kind = Enum.Parse<EffectKind>(use.ToString());
                AddPath(kind, word, state);
                if (recursive && kind is EffectKind.Reads && PathPlaces.HoldsSecrets(Resolve(word, state)))
                {
                    Add(new ActionEffect(EffectKind.Reads, PathPlace.Secret, Resolve(word, state) + "/*"));
                }

                if (kind is EffectKind.Deletes or EffectKind.DeletesTree)
                {
                    state.Files.Remove(Resolve(word, state));
                }
                else if (program is "cp" or "mv" or "ln" or "install")
                {
                    Copied(word, kind, state);
                }
                else if (kind == EffectKind.Writes && program is not "tee")
                {
                    // What a compiler makes of the tree is of the tree.
                    var isBuilt = programs.Find(program, out _)?.Operands == WordUse.Builds;
                    var made = program is "touch" ? ShellFlow.Empty : isBuilt ? new ShellFlow([GapText], FlowOrigin.Tree)
                        : ShellFlow.Unknown;
                    if (program is "sed" or "perl" || !state.Files.ContainsKey(Resolve(word, state)))
                    {
                        state.Files[Resolve(word, state)] = made;
                    }
                }

                break;
        }
    }

    private (ShellFlow Flow, string Name)? _copied;

    /// <summary>A file that is copied holds at its new place what it held at the old one.</summary>
    private void Copied(string word, EffectKind kind, ShellState state)
    {
        var path = Resolve(word, state);
        if (state.Files.TryGetValue(path, out var held) && kind != EffectKind.Writes)
        {
            _copied = (held, path[(path.LastIndexOf('/') + 1)..]);
        }
        else if (kind is EffectKind.Reads or EffectKind.Lists && PathPlaces.Of(path, EffectKind.Reads) == PathPlace.Tree)
        {
            _copied = (new ShellFlow([GapText], FlowOrigin.Tree), path[(path.LastIndexOf('/') + 1)..]);
        }
        else if (kind == EffectKind.Writes && _copied is { } copied)
        {
            // Where it is copied into a folder, it keeps its name.
            state.Files[path] = copied.Flow;
            state.Files[$"{path}/{copied.Name}"] = copied.Flow;
            _copied = null;
        }
    }

    /// <summary>Words whose use isn't known: those that look like paths are read.</summary>
    private void LookAtWords(IEnumerable<string> words, ShellState state)
    {
        var writes = false;
        foreach (var word in words)
        {
            // -o FILE, or --output=FILE
            var option = OutputOption().Match(word);
            var isOutput = writes || (option.Success && option.Groups[1].Success);
            writes = option.Success && !option.Groups[1].Success;
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            var value = equals >= 0 && word[0] is not ('/' or '~') ? word[(equals + 1)..]
                : word.Length > 2 && word[0] == '-' && char.IsAsciiLetter(word[1]) ? word[2..] : word;
            if (!LooksLikePath(value))
            {
                continue;
            }

            if (isOutput)
            {
                AddPath(EffectKind.Writes, value, state);
                continue;
            }

            // What is done with it isn't known: what everybody may read is, at most, read.
            var resolved = Resolve(value, state);
            var read = PathPlaces.Of(resolved, EffectKind.Reads);
            if (read is PathPlace.Public or PathPlace.Tree or PathPlace.Secret)
            {
                AddPath(EffectKind.Reads, value, state);
            }
            else
            {
                Add(new ActionEffect(EffectKind.Touches, PathPlaces.Of(resolved, EffectKind.Writes), resolved));
            }
        }
    }

    // user:password@host, domain/user@address
    [GeneratedRegex(@"\S@[\w.-]+$|\S@\d+\.\d+|^\d{1,3}(?:\.\d{1,3}){3}")]
    private static partial Regex Credentials();

    [GeneratedRegex("^--?(?:o|out|output(?:-?(?:file|dir|directory|path))?|out-?(?:file|dir)|dest(?:ination|dir)?|target-dir|" +
        "log-?file|report-?file)(=.*)?$")]
    private static partial Regex OutputOption();

    /// <summary>Each host that a program's words name is reached; where none is named, it is some.</summary>
    private void Reach(List<string> words, ProgramFacts facts)
    {
        var hosts = words.Skip(1).Select(HostOf).Where(host => host.Length > 0).Distinct(StringComparer.Ordinal).ToList();
        hosts.Where(host => !facts.Loopback || !IsItself(host)).DefaultIfEmpty(hosts.Count == 0 ? "" : null)
            .OfType<string>().ToList().ForEach(host => Add(EffectKind.Network, host));
    }

    private static bool IsItself(string host) =>
        host == "localhost" || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    /// <summary>The first host that words name; empty for none.</summary>
    private static string HostIn(IEnumerable<string> words) => words.Select(HostOf).FirstOrDefault(host => host.Length > 0) ?? "";

    /// <summary>The host of an address, or of <c>user@host:path</c>; empty for a word that is neither.</summary>
    private static string HostOf(string word) => Address().Match(word) is { Success: true } match
        ? match.Groups[1].Value + match.Groups[2].Value : "";

    [GeneratedRegex(
        @"^(?:[a-z][a-z0-9+.-]*://(?:[^/@\s]*@)?(\[[^\]]*\]|[^/:?#\s]+)|" +
        @"(?:[\w.-]+@)?([A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)+|localhost)(?=[:/?#]|$))")]
    private static partial Regex Address();
}
