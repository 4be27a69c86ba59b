using System.Text;

namespace Godwit.Guardian;

/// <summary>
/// The simple commands of a shell line, by its parsed form and not its text: quoting is undone, and what stands in
/// substitutions, groups and after operators is a command of its own.
/// </summary>
internal static class ShellLine
{
    private static readonly HashSet<string> Prefixes = new(StringComparer.Ordinal) { "env", "time", "nice", "nohup", "exec", "command", "builtin", "xargs", "timeout", "then", "else", "do", "if", "while", "until", "!", "{" };

    /// <summary>Each command's words; the program stands first, assignments and prefixes such as <c>env</c> taken off.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Commands(string line)
    {
        var commands = new List<IReadOnlyList<string>>();
        Parse(line, commands);
        return [.. commands.Select(Strip).Where(words => words.Count > 0)];
    }

    private static void Parse(string line, List<IReadOnlyList<string>> commands)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var quoted = false;
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
                case ';' or '&' or '|' or '\n' or '(' or ')':
                    EndWord();
                    EndCommand();
                    break;
                case ' ' or '\t' or '<' or '>':
                    EndWord();
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
                words.Add(word.ToString());
            }

            word.Clear();
            quoted = false;
        }

        void EndCommand()
        {
            if (words.Count > 0)
            {
                commands.Add(words);
                words = [];
            }
        }
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

    private static List<string> Strip(IReadOnlyList<string> words)
    {
        var rest = words.ToList();
        while (rest.Count > 0 && (IsAssignment(rest[0]) || Prefixes.Contains(Path.GetFileName(rest[0]))))
        {
            var prefix = rest[0];
            rest.RemoveAt(0);

            // Its options and their numbers, as in 'nice -n 5' and 'timeout 10s'.
            while (Prefixes.Contains(Path.GetFileName(prefix)) && rest.Count > 0 && rest[0].Length > 0 && (rest[0][0] == '-' || char.IsDigit(rest[0][0])))
            {
                rest.RemoveAt(0);
            }
        }

        return rest;
    }

    private static bool IsAssignment(string word) => word.IndexOf('=', StringComparison.Ordinal) is > 0 and var at && word[..at].All(letter => char.IsLetterOrDigit(letter) || letter == '_');
}
