namespace Godwit.Playbooks.Build;

/// <summary>Tells code from strings and comments, so that only code is mutated.</summary>
internal static class CodeMask
{
    private const char Hidden = '\0';

    /// <summary>The text with a NUL in place of each character of a string or a comment; line ends stay.</summary>
    /// <param name="text">A source file.</param>
    /// <param name="language">Its language.</param>
    public static string Of(string text, SourceLanguage language)
    {
        var mask = text.ToCharArray();
        var at = 0;
        while (at < text.Length)
        {
            var end = EndOfHidden(text, at, language);
            for (var index = at; index < end; index++)
            {
                mask[index] = text[index] == '\n' ? '\n' : Hidden;
            }

            at = Math.Max(end, at + 1);
        }

        return new string(mask);
    }

    /// <summary>Where the string or comment ends that starts here; the same place where none does.</summary>
    private static int EndOfHidden(string text, int at, SourceLanguage language)
    {
        bool Is(string start) => string.CompareOrdinal(text, at, start, 0, start.Length) == 0;
        if (language == SourceLanguage.Python)
        {
            return text[at] switch
            {
                '#' => After(text, at, "\n", isIncluded: false),
                '"' or '\'' when Is(new string(text[at], 3)) => EndOfString(text, at + 3, new string(text[at], 3)),
                '"' or '\'' => EndOfString(text, at + 1, text[at..(at + 1)], isOneLine: true),
                _ => at,
            };
        }

        if (Is("//"))
        {
            return After(text, at, "\n", isIncluded: false);
        }

        if (Is("/*"))
        {
            return After(text, at + 2, "*/");
        }

        if (language == SourceLanguage.CSharp)
        {
            var quotes = text.AsSpan(at).IndexOfAnyExcept('"') is var count && count >= 0 ? count : text.Length - at;
            return text[at] switch
            {
                '"' when quotes >= 3 => After(text, at + quotes, new string('"', quotes)),
                '"' when IsVerbatim(text, at) => EndOfVerbatim(text, at + 1),
                '"' or '\'' => EndOfString(text, at + 1, text[at..(at + 1)], isOneLine: true),
                '#' when IsFirst(text, at) => After(text, at, "\n", isIncluded: false),
                _ => at,
            };
        }

        return text[at] switch
        {
            '`' => EndOfString(text, at + 1, "`"),
            '"' or '\'' => EndOfString(text, at + 1, text[at..(at + 1)], isOneLine: true),
            '/' when StartsPattern(text, at) => EndOfString(text, at + 1, "/", isOneLine: true),
            _ => at,
        };
    }

    private static int After(string text, int from, string end, bool isIncluded = true)
    {
        var found = text.IndexOf(end, Math.Min(from, text.Length), StringComparison.Ordinal);
        return found < 0 ? text.Length : isIncluded ? found + end.Length : found;
    }

    private static int EndOfString(string text, int from, string end, bool isOneLine = false)
    {
        for (var at = from; at < text.Length; at++)
        {
            if (text[at] == '\\')
            {
                at++;
            }
            else if (string.CompareOrdinal(text, at, end, 0, end.Length) == 0)
            {
                return at + end.Length;
            }
            else if (isOneLine && text[at] == '\n')
            {
                return at;
            }
        }

        return text.Length;
    }

    /// <summary>Where a C# string ends in which quotes are doubled.</summary>
    private static int EndOfVerbatim(string text, int from)
    {
        for (var at = from; at < text.Length; at++)
        {
            if (text[at] != '"')
            {
                continue;
            }

            if (at + 1 == text.Length || text[at + 1] != '"')
            {
                return at + 1;
            }

            at++;
        }

        return text.Length;
    }

    private static bool IsVerbatim(string text, int quote) =>
        quote > 0 && (text[quote - 1] == '@' || (quote > 1 && text[quote - 1] == '$' && text[quote - 2] == '@'));

    private static bool IsFirst(string text, int at) =>
        text.AsSpan(0, at) is var before && before[(before.LastIndexOf('\n') + 1)..].IsWhiteSpace();

    /// <summary>Whether a slash in JavaScript starts a pattern: where a value could, and not behind one.</summary>
    private static bool StartsPattern(string text, int at)
    {
        var before = text.AsSpan(0, at).TrimEnd();
        return before.Length == 0 || "(,=:[!&|?{};+-*<>".Contains(before[^1]) || before.EndsWith("return", StringComparison.Ordinal);
    }
}
