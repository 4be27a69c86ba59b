using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Godwit.Sandbox;

namespace Godwit.Guardian;

/// <summary>What commands do with their words.</summary>
internal sealed partial class ShellReader
{
    private static readonly string[] ProgramFolders = ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/local/sbin"];

    private static readonly HashSet<string> Shells = new(StringComparer.Ordinal)
        { "sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "rbash", "fish", "csh", "tcsh" };

    /// <summary>Runs a command: its effects are added, and what it prints is returned.</summary>
    private ShellFlow Run(List<string> words, ShellState state, ShellFlow input)
    {
        if (++_commands > MostCommands)
        {
            Add(EffectKind.Opaque, "a line of too many commands");
            return ShellFlow.Unknown;
        }

        if (words[0].Contains(Unseen, StringComparison.Ordinal))
        {
            Add(EffectKind.RunsUnseen, "");
        }

        var name = words[0].Replace(UnseenText, "", StringComparison.Ordinal);
        if (state.Functions.TryGetValue(name, out var function))
        {
            return CallFunction(name, function, words, state, input);
        }

        if (state.Aliases.Remove(name, out var alias))
        {
            // An alias isn't expanded in its own text.
            var aliased = Line($"{alias} {ShellWords.Line([.. words.Skip(1)])}", state, input);
            state.Aliases[name] = alias;
            return aliased;
        }

        var program = name;
        if (name.Contains('/', StringComparison.Ordinal) || name.StartsWith('~'))
        {
            var path = Resolve(name, state);
            if (state.Files.ContainsKey(path) || !ProgramFolders.Contains(Path.GetDirectoryName(path)))
            {
                return RunFile(path, words, state, input);
            }

            program = Path.GetFileName(path);
        }

        if (program.Contains(Gap, StringComparison.Ordinal))
        {
            Add(EffectKind.Opaque, "a program whose name is made while the line runs");
        }

        return Builtin(program, words, state, input) ?? RunProgram(program, words, state, input);
    }

    private ShellFlow CallFunction(
        string name, (JsonElement Body, ShellScript Script) function, List<string> words, ShellState state, ShellFlow input)
    {
        if (_calling.Contains(name))
        {
            if (_pipes > 0)
            {
                Add(EffectKind.Floods, name);
            }

            return ShellFlow.Unknown;
        }

        _calling.Add(name);
        var inside = state.With([.. words.Skip(1)]);
        var output = Statement(function.Body, function.Script, inside, input);
        state.Folder = inside.Folder;
        _calling.RemoveAt(_calling.Count - 1);
        return output;
    }

    private ShellFlow? Builtin(string program, List<string> words, ShellState state, ShellFlow input)
    {
        if (words is [_, "--version" or "--help" or "-V" or "-version"] || (words is [_, "-v" or "version"] && !Shells.Contains(program)))
        {
            return ShellFlow.Unknown;
        }

        switch (program)
        {
            case "cd" or "chdir" or "pushd":
                var target = words.Skip(1).LastOrDefault(word => !word.StartsWith('-') || word == "-") ?? "~";
                var before = state.Folder;
                if (target == "-")
                {
                    state.Folder = state.Value("OLDPWD")[0];
                }
                else
                {
                    AddPath(EffectKind.Lists, target, state);
                    state.Folder = Resolve(target, state);
                }

                state.Variables["OLDPWD"] = [before];
                return ShellFlow.Empty;
            case "eval":
                return Line(string.Join(' ', words.Skip(1)), state, input);
            case "trap" when words.Count > 2 && words.Skip(2).Contains("DEBUG"):
                Add(EffectKind.Injects, "every command of the shell");
                return Line(words[1], state.Copy(), input);
            case "trap":
                if (words.Count > 2 && words[1] is not ("-" or "" or "-p" or "-l"))
                {
                    // It runs at the end, with what variables hold by then.
                    _traps.Add((words[1], state));
                }

                return ShellFlow.Empty;
            case "exec" when words.Count == 1:
                return ShellFlow.Empty;
            case "read" or "mapfile" or "readarray":
                ReadLine(words, state, input);
                return ShellFlow.Empty;
            case "history" or "fc":
                if (words.Skip(1).Any(word => word.StartsWith('-') && word.AsSpan(1).IndexOfAny("cdwa") >= 0))
                {
                    Add(EffectKind.HidesTraces, "the shell's history");
                }

                return ShellFlow.Unknown;
            case "set" when words.Count > 2 && words[1] == "+o" && words[2] == "history":
                Add(EffectKind.HidesTraces, "the shell's history");
                return ShellFlow.Empty;
            case "set" when words.Contains("--"):
                state.Arguments = [.. words.SkipWhile(word => word != "--").Skip(1)];
                return ShellFlow.Empty;
            case "printf" when words.Count > 3 && words[1] == "-v":
                var made = Printed(program, [program, .. words.Skip(3)]).Texts;
                state.Assign(words[2], made);
                Injection(words[2], made);
                return ShellFlow.Empty;
            case "declare" or "typeset" or "local" when words.Contains("-n"):
            case "enable" when words.Contains("-f"):
            case "complete" or "compgen" or "mapfile" or "readarray" or "bind" when words.Contains("-C") || words.Contains("-x"):
                Add(EffectKind.Opaque, $"what {program} does here");
                return ShellFlow.Empty;
            case "hash" when words is [_, "-p", var behind, var name, ..]:
                state.Aliases[name] = behind;
                return ShellFlow.Empty;
            case "unset":
                words.Skip(1).ToList().ForEach(variable => state.Assign(variable, [""]));
                return ShellFlow.Empty;
            case "export" or "declare" or "local" or "readonly" or "typeset":
                foreach (var word in words.Skip(1).Where(word => word.Contains('=', StringComparison.Ordinal)))
                {
                    var (variable, value) = Pair(word);
                    state.Assign(variable, [value]);
                    Injection(variable, [value]);
                }

                return ShellFlow.Empty;
            case "alias":
                foreach (var word in words.Skip(1).Where(IsAssignment))
                {
                    var (alias, meaning) = Pair(word);
                    state.Aliases[alias] = meaning;
                }

                return ShellFlow.Empty;
            case "echo" or "printf":
                return Printed(program, words);
            case "pwd":
                return new ShellFlow([state.Folder]);
            case "mktemp" or "tempfile":
                return new ShellFlow([$"/tmp/made-{_commands}"]);
            case "which" or "type" or "whereis":
                return new ShellFlow(ShellFlow.Capped([words.Skip(1).LastOrDefault(word => !word.StartsWith('-')) ?? GapText]));
            case "command" when words.Count > 2 && words[1] is "-v" or "-V":
                return new ShellFlow([words[2]]);
            case "command" or "builtin":
                words = [.. words.Skip(1).SkipWhile(word => word.StartsWith('-'))];
                return words.Count > 0 ? Run(words, state, input) : ShellFlow.Empty;
            case "basename" or "dirname" when words.Count > 1 && !words[1].StartsWith('-'):
                var slash = words[1].TrimEnd('/').LastIndexOf('/');
                return new ShellFlow([program == "basename" ? words[1][(slash + 1)..] : slash < 0 ? "." : words[1][..Math.Max(1, slash)]]);
            case "readlink" or "realpath" when words.Count > 1:
                RunProgram(program, words, state, input);
                return new ShellFlow([words[^1]]);
            case "source" or ".":
                return words.Count > 1 ? Script(words[1], [.. words.Skip(1)], state, interpreter: null, "sh") : ShellFlow.Empty;
            case "env" when words.Exists(word => word is "-C" or "--chdir" || word.StartsWith("--chdir=", StringComparison.Ordinal)):
                var moved = state.Copy();
                var option = words.FindIndex(word => word is "-C" || word.StartsWith("--chdir", StringComparison.Ordinal));
                var to = words[option].Contains('=', StringComparison.Ordinal) ? words[option][8..].TrimStart('=')
                    : option + 1 < words.Count ? words[option + 1] : "";
                AddPath(EffectKind.Lists, to, moved);
                moved.Folder = Resolve(to, moved);
                words = [.. words.Take(option), .. words.Skip(option + (words[option].Contains('=', StringComparison.Ordinal) ? 1 : 2))];
                return Builtin(program, words, moved, input) ?? RunProgram(program, words, moved, input);
            case "env" or "printenv" when words.Count == 1:
                Add(EffectKind.Scouts, "the whole environment");
                return ShellFlow.Unknown;
            case "tmux" or "byobu" when words.Contains("-d") && words.Exists(word => word.StartsWith("new", StringComparison.Ordinal)):
            case "screen" when words.Exists(word => word.StartsWith("-dm", StringComparison.Ordinal) || word == "-m"):
                Add(EffectKind.Detaches, program);
                return ShellFlow.Unknown;
            case "watch":
                var line = string.Join(' ', words.Skip(1).SkipWhile((word, number) =>
                    word.StartsWith('-') || (number > 0 && words[number] is "-n" or "--interval" or "-q" or "--equexit")));
                return line.Length > 0 ? Line(line, state.Copy(), ShellFlow.Empty) : ShellFlow.Empty;
            case "ed" or "ex" when words.Count == 1 || input != ShellFlow.Empty:
                RunProgram(program, words, state, ShellFlow.Empty);
                return EditorLines(program, input, state);
            case "ls" or "dir":
                RunProgram(program, words, state, input);
                return new ShellFlow(["*"], FlowOrigin.Paths);
            case "find":
                return Find(words, state, input);
            case "xargs" or "parallel":
                return Xargs(words, state, input);
            case "git":
                return Git(words, state, input);
            case "dd":
                return Dd(words, state, input);
            case "make" or "gmake" or "ninja":
                return Make(words, state, input);
            case "cpio" or "pax":
                return Cpio(words, state, input);
            case "ln" when words.Skip(1).Any(word => !word.StartsWith('-')):
                return Link(words, state, input);
            case "tar" or "bsdtar":
                return Tar(words, state, input);
            case "kill" when words.Skip(1).All(word => word.StartsWith('-') || word.StartsWith('%') || word == "own"
                || word is "TERM" or "KILL" or "INT" or "HUP"
                || word.Contains(Gap, StringComparison.Ordinal)) || words is [_, "-0", ..]:
                return ShellFlow.Empty;
            default:
                var facts = programs.Find(program, out var known);
                return Shells.Contains(known) ? Shell(words, state, input)
                    : facts is { First: WordUse.Runs } ? Interpreter(known, facts, words, state, input)
                    : null;
        }
    }

    private static void ReadLine(List<string> words, ShellState state, ShellFlow input)
    {
        var names = words.Skip(1).Where(word => !word.StartsWith('-') && word.Length > 0 && (char.IsAsciiLetter(word[0]) || word[0] == '_'))
            .ToList();
        var values = (input.Origin & FlowOrigin.Paths) != 0 || input.Texts.All(text => !text.Contains(Gap, StringComparison.Ordinal))
            ? ShellFlow.Capped(input.Texts.SelectMany(text => text.Split('\n', StringSplitOptions.RemoveEmptyEntries)))
            : [GapText];
        foreach (var name in names.DefaultIfEmpty("REPLY"))
        {
            state.Variables[name] = names.Count > 1 ? [GapText] : input.IsUnseen ? [UnseenText + GapText] : values;
        }
    }

    private static ShellFlow Printed(string program, List<string> words)
    {
        var (escapes, line, from) = (program == "printf", program == "echo", 1);
        for (; program == "echo" && from < words.Count && words[from] is "-n" or "-e" or "-E" or "-ne" or "-en"; from++)
        {
            escapes |= words[from].Contains('e', StringComparison.Ordinal);
            line &= !words[from].Contains('n', StringComparison.Ordinal);
        }

        var text = string.Join(' ', words.Skip(from));
        if (program == "printf" && words.Count > 2)
        {
            // Each argument takes the next place; a format that is used again repeats.
            var rest = new Queue<string>(words.Skip(2));
            var all = new StringBuilder();
            do
            {
                all.Append(Place().Replace(words[1], match => match.Value == "%%" ? "%" : match.Value[^1] is 's' or 'b' or 'q' or 'd'
                    ? rest.TryDequeue(out var next) ? next : "" : GapText));
            }
            while (rest.Count > 0 && Place().IsMatch(words[1]) && all.Length < ShellParser.LongestLine);
            text = all.ToString();
        }

        var unseen = text.Contains(Unseen, StringComparison.Ordinal);
        text = (escapes ? AnsiText(text) : text).Replace(UnseenText, "", StringComparison.Ordinal) + (line ? "\n" : "");
        return new ShellFlow([text], unseen ? FlowOrigin.Decoded : FlowOrigin.None);
    }

    [GeneratedRegex("%(?:%|[-#0 +']*[0-9*]*(?:\\.[0-9*]+)?[a-zA-Z])")]
    private static partial Regex Place();

    /// <summary>What stands before and behind the first equals sign.</summary>
    private static (string Name, string Value) Pair(string word)
    {
        var at = word.IndexOf('=', StringComparison.Ordinal);
        return at < 0 ? (word, "") : (word[..at], word[(at + 1)..]);
    }

    private static bool IsAssignment(string word) =>
        word.IndexOf('=', StringComparison.Ordinal) is > 0 and var at
            && word[..at].All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_');

    private static string Shown(string text) => text.Length > 60 ? text[..60] + "…" : text;
}
