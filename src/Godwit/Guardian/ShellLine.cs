using System.Text;

namespace Godwit.Guardian;

/// <summary>
/// The simple commands of a shell line, by its parsed form and not its text: quoting is undone, and what stands in
/// substitutions, groups and after operators is a command of its own.
/// </summary>
internal static class ShellLine
{
    // Does nothing with its words: what a redirection opens and what a variable holds stand behind it.
    private const string Nothing = ":";

    private static readonly HashSet<string> Keywords =
        new(StringComparer.Ordinal) { "then", "else", "elif", "do", "if", "while", "until", "!", "{", "}", "time" };

    /// <summary>
    /// Programs whose words hold another command, somewhere behind their own options: where it starts can't be told in general.
    /// </summary>
    private static readonly HashSet<string> Carriers = new(StringComparer.Ordinal)
    {
        "env", "nice", "nohup", "exec", "command", "builtin", "xargs", "timeout", "setsid", "stdbuf", "ionice", "chrt", "taskset",
        "flock", "watch", "parallel", "busybox", "unbuffer", "strace", "ltrace", "find", "time",
    };

    /// <summary>Programs that take a line of shell as one of their words.</summary>
    private static readonly HashSet<string> Shells = new(StringComparer.Ordinal) { "sh", "bash", "dash", "zsh", "ksh", "ash" };

    /// <summary>
    /// Each command's words; the program stands first, assignments and keywords taken off. A program that carries another command is
    /// followed by those that its words can be.
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<string>> Commands(string line)
    {
        var commands = new List<IReadOnlyList<string>>();
        Parse(line.Replace("\\\n", "", StringComparison.Ordinal), commands);
        return [.. commands.Select(Strip).Where(words => words.Count > 0).SelectMany(words => Carried(words, 0))];
    }

    private static IEnumerable<IReadOnlyList<string>> Carried(IReadOnlyList<string> words, int depth)
    {
        yield return words;
        if (depth > 8)
        {
            yield break;
        }

        var program = Path.GetFileName(words[0]);
        IEnumerable<string> lines = Shells.Contains(program) ? words.SkipWhile(word => !IsCommandOption(word)).Skip(1).Take(1)
            : program is "eval" ? [string.Join(' ', words.Skip(1))]
            : program is "trap" ? words.Skip(1).Take(1)
            : [];
        foreach (var inner in lines.SelectMany(Commands))
        {
            yield return inner;
        }

        foreach (var start in Carriers.Contains(program) ? Starts(program, words) : [])
        {
            if (Strip([.. words.Skip(start)]) is { Count: > 0 } rest)
            {
                foreach (var inner in Carried(rest, depth + 1))
                {
                    yield return inner;
                }
            }
        }
    }

    /// <summary>
    /// Where the command of a carrier can start: at its first word that is no option, or behind what may be an option's value.
    /// </summary>
    private static IEnumerable<int> Starts(string program, IReadOnlyList<string> words)
    {
        if (program == "find")
        {
            return Enumerable.Range(1, words.Count - 1)
                .Where(
                    at => words[at - 1].StartsWith("-exec", StringComparison.Ordinal)
                        || words[at - 1].StartsWith("-ok", StringComparison.Ordinal));
        }

        var starts = new List<int>();
        var more = program == "flock" ? 1 : 0;
        for (var at = 1; at < words.Count; at++)
        {
            if (words[at].StartsWith('-'))
            {
                continue;
            }

            starts.Add(at);
            if (!words[at - 1].StartsWith('-') && !char.IsAsciiDigit(words[at].FirstOrDefault()) && !IsAssignment(words[at]) && more-- <= 0)
            {
                break;
            }
        }

        return starts;
    }

    /// <summary><c>-c</c>, alone or among others as in <c>-euc</c>.</summary>
    private static bool IsCommandOption(string word) => word.Length > 1 && word[0] == '-' && word[1] != '-' && word[^1] == 'c';

    private static void Parse(string line, List<IReadOnlyList<string>> commands)
    {
        var words = new List<string>();
        var files = new List<string>();
        var word = new StringBuilder();
        var (quoted, redirects) = (false, false);
        var ends = new Queue<string>();
        var first = commands.Count;
        for (var at = 0; at < line.Length; at++)
        {
            switch (line[at])
            {
                case '\\' when at + 1 < line.Length:
                    word.Append(line[++at]);
                    break;
                case '\'':
                    var end = line.IndexOf('\'', at + 1) is >= 0 and var found ? found : line.Length;
                    word.Append(line.AsSpan(at + 1, end - at - 1));
                    quoted = true;
                    at = end;
                    break;
                case '"':
                    at = Double(line, at + 1, word, commands);
                    quoted = true;
                    break;
                case '$' when at + 1 < line.Length && line[at + 1] == '(':
                    at = Inner(line, at + 2, ')', commands);
                    word.Append("$()");
                    break;
                case '`':
                    at = Inner(line, at + 1, '`', commands);
                    word.Append("$()");
                    break;
                case '#' when word.Length == 0 && !quoted:
                    at = line.IndexOf('\n', at) is >= 0 and var next ? next - 1 : line.Length;
                    break;
                case '&' when at + 1 < line.Length && line[at + 1] == '>':
                    EndWord();
                    break;
                case '\n':
                    EndWord();
                    EndCommand();
                    at = Documents(line, at, ends, commands, first);
                    first = commands.Count;
                    break;
                case ';' or '&' or '|' or '(' or ')':
                    EndWord();
                    EndCommand();
                    break;
                case ' ' or '\t':
                    EndWord();
                    break;
                case '<' when at + 1 < line.Length && line[at + 1] == '<' && !(at + 2 < line.Length && line[at + 2] == '<'):
                    EndWord();
                    at = Document(line, at + 2, ends);
                    break;
                case '<' or '>':
                    // The number of what is redirected, as in 2>, is no word.
                    if (word.Length > 0 && !quoted && word.ToString().All(char.IsAsciiDigit))
                    {
                        word.Clear();
                    }

                    EndWord();
                    while (at + 1 < line.Length && line[at + 1] is '<' or '>' or '&' or '|')
                    {
                        at++;
                    }

                    redirects = true;
                    break;
                default:
                    word.Append(line[at]);
                    break;
            }
        }

        EndWord();
        EndCommand();

        void EndWord()
        {
            if (word.Length > 0 || quoted)
            {
                (redirects ? files : words).Add(word.ToString());
                redirects = false;
            }

            word.Clear();
            quoted = false;
        }

        void EndCommand()
        {
            if (words.Count > 0 || files.Count > 0)
            {
                commands.Add(words);
                commands.AddRange(
                    files.Concat(
                        words.TakeWhile(IsAssignment).Select(
                            word => word[(word.IndexOf('=', StringComparison.Ordinal) + 1)..])).Select(path =>
                            (IReadOnlyList<string>)[Nothing, path]));
                words = [];
                files = [];
            }

            redirects = false;
        }
    }

    /// <summary>Takes up the word that ends a document of lines; returns where it stands.</summary>
    private static int Document(string line, int at, Queue<string> ends)
    {
        while (at < line.Length && line[at] is '-' or ' ' or '\t')
        {
            at++;
        }

        var start = at;
        while (at < line.Length && line[at] is not (' ' or '\t' or '\n' or ';' or '|' or '&' or '<' or '>' or ')'))
        {
            at++;
        }

        ends.Enqueue(line[start..at].Trim('\'', '"').Replace("\\", "", StringComparison.Ordinal));
        return at - 1;
    }

    /// <summary>
    /// Takes up the lines of documents; returns the end of the last one. They are text, but for what is substituted in them, unless a
    /// shell stands in the line that they belong to, which may read them.
    /// </summary>
    private static int Documents(string line, int at, Queue<string> ends, List<IReadOnlyList<string>> commands, int first)
    {
        while (ends.TryDequeue(out var end))
        {
            var start = Math.Min(at + 1, line.Length);
            bool ended;
            do
            {
                var next = at + 1 < line.Length && line.IndexOf('\n', at + 1) is >= 0 and var found ? found : line.Length;
                ended = at + 1 >= line.Length || line[(at + 1)..next].TrimStart('\t') == end;
                at = next;
            }
            while (!ended && at < line.Length);
            var text = line[start..at];
            if (
                commands.Skip(first).Select(Strip)
                    .Where(words => words.Count > 0)
                    .SelectMany(words => Carried(words, 0))
                    .Any(words => Shells.Contains(Path.GetFileName(words[0]))))
            {
                Parse(text, commands);
            }
            else
            {
                // As between double quotes, whose own sign is a letter like any other here.
                Double(text.Replace('"', ' '), 0, new StringBuilder(), commands);
            }
        }

        return at;
    }

    private static int Double(string line, int at, StringBuilder word, List<IReadOnlyList<string>> commands)
    {
        for (; at < line.Length && line[at] != '"'; at++)
        {
            if (line[at] == '\\' && at + 1 < line.Length)
            {
                word.Append(line[++at]);
            }
            else if (line[at] == '`' || (line[at] == '$' && at + 1 < line.Length && line[at + 1] == '('))
            {
                at = line[at] == '`' ? Inner(line, at + 1, '`', commands) : Inner(line, at + 2, ')', commands);
                word.Append("$()");
            }
            else
            {
                word.Append(line[at]);
            }
        }

        return at;
    }

    /// <summary>Takes up the commands of a substitution; returns where it ends.</summary>
    private static int Inner(string line, int start, char close, List<IReadOnlyList<string>> commands)
    {
        var depth = 1;
        var at = start;
        for (; at < line.Length; at++)
        {
            depth += close == ')' && line[at] == '(' ? 1 : line[at] == close ? -1 : 0;
            if (depth == 0)
            {
                break;
            }
        }

        Parse(line[start..Math.Min(at, line.Length)], commands);
        return at;
    }

    private static List<string> Strip(IReadOnlyList<string> words) =>
        [.. words.SkipWhile(word => IsAssignment(word) || Keywords.Contains(word))];

    private static bool IsAssignment(string word) =>
        word.IndexOf('=', StringComparison.Ordinal) is > 0 and var at
            && word[..at].All(letter => char.IsLetterOrDigit(letter) || letter == '_');
}
