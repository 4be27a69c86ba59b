namespace Godwit.Guardian;

/// <summary>
/// What a script of <c>sed</c> does beyond its text: files that it reads and writes, and commands that it runs (POSIX and GNU sed).
/// </summary>
/// <param name="Reads">Files that it reads.</param>
/// <param name="Writes">Files that it writes.</param>
/// <param name="Runs">Whether it runs commands.</param>
internal sealed record SedScript(IReadOnlyList<string> Reads, IReadOnlyList<string> Writes, bool Runs)
{
    /// <summary>Reads a script.</summary>
    public static SedScript Of(string text)
    {
        var (reads, writes, runs) = (new List<string>(), new List<string>(), false);
        for (var at = 0; at < text.Length;)
        {
            at = PastAddress(text, at);
            if (at >= text.Length)
            {
                break;
            }

            switch (text[at])
            {
                case 's' or 'y' when at + 1 < text.Length:
                    var command = text[at];
                    at = Past(text, Past(text, at + 2, text[at + 1]), text[at + 1]);
                    for (; at < text.Length && text[at] is not (';' or '\n' or '}'); at++)
                    {
                        runs |= command == 's' && text[at] == 'e';
                        if (command == 's' && text[at] == 'w')
                        {
                            writes.Add(Rest(text, ref at));
                        }
                    }

                    break;
                case 'r' or 'R':
                    reads.Add(Rest(text, ref at));
                    break;
                case 'w' or 'W':
                    writes.Add(Rest(text, ref at));
                    break;
                case 'e':
                    runs = true;
                    Rest(text, ref at);
                    break;
                case 'a' or 'i' or 'c' or ':' or 'b' or 't' or 'T' or '#':
                    // Text or a label, to the end of the line; a text goes on behind a backslash.
                    do
                    {
                        at = text.IndexOf('\n', at) is >= 0 and var end ? end + 1 : text.Length;
                    }
                    while (at < text.Length && at > 1 && text[at - 2] == '\\');
                    break;
                default:
                    at++;
                    break;
            }
        }

        return new SedScript(reads, writes, runs);
    }

    /// <summary>Past the lines that a command is for, and what stands between commands.</summary>
    private static int PastAddress(string text, int at)
    {
        while (at < text.Length)
        {
            if (text[at] is '/' or '\\' && at + 1 < text.Length)
            {
                var mark = text[at] == '/' ? '/' : text[++at];
                at = Past(text, at + 1, mark);
            }
            else if (char.IsWhiteSpace(text[at]) || char.IsAsciiDigit(text[at])
                || text[at] is ';' or '{' or '}' or '$' or ',' or '!' or '+' or '~' or 'I' or 'M')
            {
                at++;
            }
            else
            {
                break;
            }
        }

        return at;
    }

    /// <summary>Past the next mark that isn't escaped.</summary>
    private static int Past(string text, int at, char mark)
    {
        for (; at < text.Length && text[at] != mark; at++)
        {
            at += text[at] == '\\' ? 1 : 0;
        }

        return Math.Min(at + 1, text.Length);
    }

    /// <summary>The name behind a command, to the end of the line.</summary>
    private static string Rest(string text, ref int at)
    {
        var end = text.IndexOf('\n', at) is >= 0 and var found ? found : text.Length;
        var rest = text[(at + 1)..end].Trim();
        at = end;
        return rest;
    }
}
