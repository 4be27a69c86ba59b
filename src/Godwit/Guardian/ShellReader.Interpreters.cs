using System.Text.RegularExpressions;

namespace Godwit.Guardian;

/// <summary>Shells and interpreters, and the scripts that they run.</summary>
internal sealed partial class ShellReader
{
    /// <summary>Runs a file by its path: what the line has written into it is read, if it is a script.</summary>
    private ShellFlow RunFile(string path, List<string> words, ShellState state, ShellFlow input)
    {
        var place = PathPlaces.Of(path, EffectKind.Runs);
        if (state.Files.Keys.FirstOrDefault(file => file == path
            || (file.EndsWith('/') && path.StartsWith(file, StringComparison.Ordinal))) is not null)
        {
            return RunText(state.Held(path), state.With([.. words.Skip(1)]), words[0], interpreter: null);
        }

        // A folder of its own that only this command sees has nothing that this line hasn't put there.
        Add(new ActionEffect(EffectKind.Runs, place == PathPlace.Tree && !path.StartsWith(PathPlaces.Tree, StringComparison.Ordinal)
            ? PathPlace.Unknown : place, path));
        if (place == PathPlace.Tree)
        {
            LookAtWords(words.Skip(1), state);
        }

        return ShellFlow.Unknown;
    }

    /// <summary>Runs text as a program: read as shell, or as an interpreter's code.</summary>
    private ShellFlow RunText(ShellFlow text, ShellState state, string what, string? interpreter)
    {
        if (text.IsUnseen)
        {
            Add(EffectKind.RunsUnseen, Shown(what));
        }

        ShellFlow? output = null;
        foreach (var script in text.Texts)
        {
            if (script == GapText)
            {
                if ((text.Origin & FlowOrigin.Tree) == 0 && !text.IsUnseen)
                {
                    Add(EffectKind.Opaque, $"{Shown(what)} of text that the line doesn't tell");
                }

                continue;
            }

            var (language, body) = Language(script.Replace(UnseenText, "", StringComparison.Ordinal), interpreter);
            var printed = language is null ? Line(body, state, ShellFlow.Empty) : Code(language, body, state);
            output = output is null ? printed : output.Or(printed);
        }

        return output ?? ShellFlow.Unknown;
    }

    /// <summary>The interpreter that a script names in its first line; null for a shell.</summary>
    private (string? Language, string Body) Language(string script, string? interpreter)
    {
        if (interpreter is not null)
        {
            return (interpreter, script);
        }

        if (!script.StartsWith("#!", StringComparison.Ordinal))
        {
            return (null, script);
        }

        var end = script.IndexOf('\n', StringComparison.Ordinal) is > 0 and var found ? found : script.Length;
        var language = script[2..end].Split([' ', '/'], StringSplitOptions.RemoveEmptyEntries)
            .Select(word => programs.Find(word, out var known) is { First: WordUse.Runs } ? known : null).FirstOrDefault(known => known is not null);
        return (language, script[end..]);
    }

    /// <summary>A shell as a program: a line behind <c>-c</c>, a script, or what it reads.</summary>
    private ShellFlow Shell(List<string> words, ShellState state, ShellFlow input)
    {
        for (var at = 1; at < words.Count; at++)
        {
            var word = words[at];
            if (word.Length > 1 && word[0] == '-' && word[1] != '-' && word.Contains('c', StringComparison.Ordinal))
            {
                // Other options may stand between -c and its line.
                var line = words.FindIndex(at + 1, next => !next.StartsWith('-') && !next.StartsWith('+'));
                if (line < 0)
                {
                    return ShellFlow.Empty;
                }

                var inside = state.Copy().With([.. words.Skip(line + 2)]);
                inside.Variables["0"] = line + 1 < words.Count ? [words[line + 1]] : ["sh"];
                return Line(words[line], inside, input);
            }

            if (word is "-o" or "+o" or "--rcfile" or "--init-file")
            {
                at++;
            }
            else if (word is "-s" or "-" or "--")
            {
                break;
            }
            else if (!word.StartsWith('-') && !word.StartsWith('+'))
            {
                return Script(word, [.. words.Skip(at)], state.Copy(), interpreter: null, words[0]);
            }
        }

        if (input == ShellFlow.Empty)
        {
            // It reads nothing here, and by hand whatever its user types.
            Add(EffectKind.Opaque, $"{Shown(words[0])} that waits for lines");
            return ShellFlow.Unknown;
        }

        return RunText(input, state.Copy(), words[0], interpreter: null);
    }

    /// <summary>Lines that ed reads: files that they open and write, and shell lines.</summary>
    private ShellFlow EditorLines(string program, ShellFlow input, ShellState state)
    {
        foreach (var line in input.Texts.SelectMany(text => text.Split('\n')))
        {
            if (line.Contains(Gap, StringComparison.Ordinal))
            {
                Add(EffectKind.Opaque, $"commands of {program}");
            }
            else if (EditorCommand().Match(line) is { Success: true } match)
            {
                var (letter, word) = (match.Groups[1].Value + match.Groups[2].Value, match.Groups[3].Value.Trim());
                if (letter == "!" || word.StartsWith('!'))
                {
                    Line(word.TrimStart('!'), state.Copy(), ShellFlow.Unknown);
                }
                else if (word.Length > 0)
                {
                    AddPath(letter is "w" or "W" ? EffectKind.Writes : EffectKind.Reads, word, state);
                }
            }
        }

        return ShellFlow.Unknown;
    }

    [GeneratedRegex(@"^[0-9,.$%;]*(?:([eErfwW]) |(!))?(?<=[ !])(.*)$")]
    private static partial Regex EditorCommand();

    /// <summary>Runs a script by the file's name.</summary>
    private ShellFlow Script(string file, List<string> words, ShellState state, string? interpreter, string what)
    {
        var path = Resolve(file, state);
        if (path is "/dev/stdin" or "/dev/fd/0")
        {
            Add(EffectKind.Opaque, $"{Shown(what)} of what it reads");
            return ShellFlow.Unknown;
        }

        var held = state.Held(path);
        if (held.Texts is [var only] && only == GapText && !held.IsUnseen)
        {
            return RunFile(path, words, state, ShellFlow.Empty);
        }

        return RunText(held, state.With([.. words.Skip(1)]), what, interpreter);
    }

    private ShellFlow Interpreter(string language, ProgramFacts facts, List<string> words, ShellState state, ShellFlow input)
    {
        ShellFlow? output = null;
        for (var at = 1; at < words.Count; at++)
        {
            var word = words[at];
            var code = CodeOf(language, word, at + 1 < words.Count ? words[at + 1] : null, facts);
            if (code is not null)
            {
                output = Unmarked(code, out var text) ? UnseenCode(language) : Code(language, text, state);

                // perl -pe CODE FILES, python -c CODE FILES: what follows are files, or words that look like some.
                var writes = language is "perl" or "ruby"
                    ? words.Exists(flag => InPlace().IsMatch(flag))
                    : Apart(code) is var (bare, texts) && Changes(bare, texts);
                if (language is not ("perl" or "ruby"))
                {
                    foreach (var file in words.Skip(at + 1).Where(file => !ReferenceEquals(file, code) && LooksLikePath(file)))
                    {
                        AddPath(writes ? EffectKind.Writes : EffectKind.Reads, file, state);
                    }

                    return output;
                }

                foreach (var file in words.Skip(at + (at + 1 < words.Count && ReferenceEquals(code, words[at + 1]) ? 2 : 1))
                    .Where(file => !file.StartsWith('-')))
                {
                    AddPath(writes ? EffectKind.Writes : EffectKind.Reads, file, state);
                }

                return output;
            }

            if (word is "-" or "--")
            {
                break;
            }

            if (language == "perl" && word.StartsWith("-M", StringComparison.OrdinalIgnoreCase) && word.Length > 2)
            {
                Code(language, $"use {word[2..]}", state);
            }

            if (language is "python" or "python3" or "python2" or "pypy3" && PythonModule().Match(word) is { Success: true } module)
            {
                var name = module.Groups[1].Length > 0 ? module.Groups[1].Value : at + 1 < words.Count ? words[at + 1] : "";
                return Module([words[0], "-m", name, .. words.Skip(at + (module.Groups[1].Length > 0 ? 1 : 2))], state, input);
            }

            if (PreloadOption().Match(word) is { Success: true } preload)
            {
                var file = preload.Groups[2].Success ? preload.Groups[2].Value : at + 1 < words.Count ? words[++at] : "";
                AddPath(EffectKind.Runs, file, state);
                continue;
            }

            if (facts.ValuedOptions.Contains(word))
            {
                at++;
            }
            else if (!word.StartsWith('-'))
            {
                if (word.Any(letter => letter is ' ' or '(' or ')' or '\n' or ';' or '"' or '\''))
                {
                    Add(EffectKind.Opaque, $"what {language} is given");
                    return ShellFlow.Unknown;
                }

                LookAtWords(words.Skip(at + 1), state);
                return Script(word, [.. words.Skip(at)], state, language, words[0]);
            }
        }

        return input == ShellFlow.Empty ? ShellFlow.Unknown : RunText(input, state, words[0], language);

        ShellFlow UnseenCode(string what)
        {
            Add(EffectKind.RunsUnseen, what);
            return ShellFlow.Unknown;
        }
    }

    [GeneratedRegex("^-[a-zA-Z0-9]*i")]
    private static partial Regex InPlace();

    /// <summary>The code of an option: of the next word, or for <c>-ne'code'</c> and <c>-lane</c> of the end of a bundle.</summary>
    private static string? CodeOf(string language, string word, string? next, ProgramFacts facts)
    {
        if (facts.Options.GetValueOrDefault(word) == WordUse.Code)
        {
            return next;
        }

        if (word.StartsWith("--", StringComparison.Ordinal))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            return equals > 0 && facts.Options.GetValueOrDefault(word[..equals]) == WordUse.Code ? word[(equals + 1)..] : null;
        }

        if (language.StartsWith("python", StringComparison.Ordinal) && PythonCode().Match(word) is { Success: true } bundle)
        {
            return bundle.Groups[1].Length > 0 ? bundle.Groups[1].Value : next;
        }

        if (language is "node" or "nodejs" && word is "-pe" or "-ep")
        {
            return next;
        }

        if (word.Length < 3 || word[0] != '-' || word[1] == '-')
        {
            return null;
        }

        return language is "perl" or "ruby"
            ? PerlCode().Match(word) is { Success: true } match ? match.Groups[1].Length > 0 ? match.Groups[1].Value : next : null
            : facts.Options.GetValueOrDefault(word[..2]) == WordUse.Code ? word[2..]
            : null;
    }

    // -pe, -i.bak -ne, -lane'…': the code is the rest of the word, or the next one.
    [GeneratedRegex("^-(?:[acilnpsuwWtT0-9]|i\\.\\w+|F\\S)*[eE](.*)$", RegexOptions.Singleline)]
    private static partial Regex PerlCode();

    // -Bc, -uc'…': flags without a value before the c.
    [GeneratedRegex("^-[bBdEhiIOPqsSuvVx?]*c(.*)$", RegexOptions.Singleline)]
    private static partial Regex PythonCode();

    [GeneratedRegex("^-[bBdEhiIOPqsSuvVx?]*m(.*)$")]
    private static partial Regex PythonModule();

    [GeneratedRegex("^(--require|--import|--loader|--experimental-loader)(?:=(.+))?$")]
    private static partial Regex PreloadOption();

    private static bool Unmarked(string text, out string plain)
    {
        plain = text.Replace(UnseenText, "", StringComparison.Ordinal);
        return plain.Length != text.Length;
    }

    /// <summary><c>python -m MODULE</c> is the program of that name where it is one.</summary>
    private ShellFlow Module(List<string> words, ShellState state, ShellFlow input)
    {
        switch (words[2])
        {
            case "http.server" or "SimpleHTTPServer" or "smtpd" or "ftplib" or "telnetlib" or "pyftpdlib" or "webbrowser" or "http.client" or "urllib.request":
                Add(EffectKind.Network, words[2]);
                return ShellFlow.Unknown;
            case "timeit" or "pdb" or "cProfile" or "profile" or "trace" or "runpy" or "code" or "doctest":
                Add(EffectKind.Opaque, $"what {words[2]} runs");
                return ShellFlow.Unknown;
            case var module when programs.Find(module, out _) is not null:
                return Run([.. words.Skip(2)], state, input);
            default:
                LookAtWords(words.Skip(3), state);
                return ShellFlow.Unknown;
        }
    }
}
