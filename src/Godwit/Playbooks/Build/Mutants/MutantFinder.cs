using System.Globalization;
using System.Text.RegularExpressions;

namespace Godwit.Playbooks.Build;

/// <summary>The languages that mutants are made of.</summary>
internal enum SourceLanguage
{
    Python,
    CSharp,
    JavaScript,
}

/// <summary>
/// Makes mutants of lines: conditions turned round, arithmetic and logic swapped, numbers off by one, as PIT, Stryker and mutmut do, one
/// at a time. None changes what a line is made of, so that most of them build.
/// </summary>
internal static partial class MutantFinder
{
    private static readonly IReadOnlyList<(string From, string To)> Everywhere =
    [
        (" == ", " != "), (" != ", " == "), (" < ", " >= "), (" > ", " <= "), (" <= ", " > "), (" >= ", " < "), (" + ", " - "), (" - ", " + "),
        (" * ", " / "), (" += ", " -= "), (" -= ", " += "),
    ];

    private static readonly IReadOnlyList<(string From, string To)> InPython =
    [
        .. Everywhere, (" and ", " or "), (" or ", " and "), (" is not ", " is "), (" not in ", " in "), ("if not ", "if "), ("True", "False"),
        ("False", "True"),
    ];

    private static readonly IReadOnlyList<(string From, string To)> InBraces =
    [
        .. Everywhere, (" === ", " !== "), (" !== ", " === "), (" && ", " || "), (" || ", " && "), ("true", "false"), ("false", "true"), ("if (!", "if ("),
    ];

    /// <summary>The language of a file by its name; null for one of which no mutants are made.</summary>
    public static SourceLanguage? LanguageOf(string file) => Path.GetExtension(file).ToLowerInvariant() switch
    {
        ".py" => SourceLanguage.Python,
        ".cs" => SourceLanguage.CSharp,
        ".js" or ".mjs" or ".cjs" or ".jsx" or ".ts" or ".mts" or ".cts" or ".tsx" => SourceLanguage.JavaScript,
        _ => null,
    };

    /// <summary>The mutants of some lines of a file: of each line the first, then the second of each, and so on.</summary>
    /// <param name="file">The file, from the top of the repository.</param>
    /// <param name="content">What is in it.</param>
    /// <param name="lines">The lines, from 1.</param>
    /// <param name="language">Its language.</param>
    public static IReadOnlyList<Mutant> In(string file, string content, IReadOnlySet<int> lines, SourceLanguage language)
    {
        var (texts, masks) = (content.Split('\n'), CodeMask.Of(content, language).Split('\n'));
        var all = lines.Where(line => line <= texts.Length).Order()
            .SelectMany(line => Of(masks[line - 1], language).Select((change, rank) => (Line: line, Rank: rank, Change: change)));
        return
        [
            .. all.OrderBy(one => one.Rank).Select(one =>
            {
                var (text, (at, length, to)) = (texts[one.Line - 1], one.Change);
                return new Mutant(file, one.Line, text, string.Concat(text.AsSpan(0, at), to, text.AsSpan(at + length)));
            }),
        ];
    }

    /// <summary>As many of many as are wanted, from all over.</summary>
    public static IReadOnlyList<Mutant> Spread(IReadOnlyList<Mutant> all, int most) =>
        all.Count <= most ? all : [.. Enumerable.Range(0, most).Select(index => all[index * all.Count / most])];

    /// <summary>The lines of the second side that a patch without context adds or changes, by file.</summary>
    public static IReadOnlyDictionary<string, IReadOnlySet<int>> LinesOf(string patch)
    {
        var (lines, file) = (new Dictionary<string, IReadOnlySet<int>>(StringComparer.Ordinal), "");
        foreach (var line in patch.Split('\n'))
        {
            if (line.StartsWith("+++ ", StringComparison.Ordinal))
            {
                // Git quotes what is unusual in a name; no mutants are made of such a file.
                file = line.StartsWith("+++ b/", StringComparison.Ordinal) ? line["+++ b/".Length..].TrimEnd('\t') : "";
            }
            else if (file.Length > 0 && Hunk().Match(line) is { Success: true } hunk)
            {
                var start = int.Parse(hunk.Groups[1].Value, CultureInfo.InvariantCulture);
                var count = hunk.Groups[2].Success ? int.Parse(hunk.Groups[2].Value, CultureInfo.InvariantCulture) : 1;
                var known = lines.TryGetValue(file, out var before) ? before : new HashSet<int>();
                lines[file] = known.Concat(Enumerable.Range(start, count)).ToHashSet();
            }
        }

        return lines;
    }

    private static IEnumerable<(int At, int Length, string To)> Of(string mask, SourceLanguage language)
    {
        if (NoCode().IsMatch(mask))
        {
            return [];
        }

        var found = new List<(int At, int Length, string To)>();
        foreach (var (from, to) in language == SourceLanguage.Python ? InPython : InBraces)
        {
            for (var at = mask.IndexOf(from, StringComparison.Ordinal); at >= 0; at = mask.IndexOf(from, at + 1, StringComparison.Ordinal))
            {
                if (IsWhole(mask, at, from.Length))
                {
                    found.Add((at, from.Length, to));
                }
            }
        }

        foreach (Match number in Number().Matches(mask))
        {
            var next = long.Parse(number.Value, CultureInfo.InvariantCulture) + 1;
            found.Add((number.Index, number.Length, next.ToString(CultureInfo.InvariantCulture)));
        }

        // 'a not in b' is one condition, and not two.
        return found.OrderBy(one => one.At).ThenByDescending(one => one.Length).DistinctBy(one => one.At);
    }

    /// <summary>Whether a word isn't a part of a longer one.</summary>
    private static bool IsWhole(string text, int at, int length) =>
        (at == 0 || !IsWord(text[at]) || !IsWord(text[at - 1])) &&
        (at + length == text.Length || !IsWord(text[at + length - 1]) || !IsWord(text[at + length]));

    private static bool IsWord(char one) => char.IsLetterOrDigit(one) || one == '_';

    [GeneratedRegex(@"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")]
    private static partial Regex Hunk();

    /// <summary>Lines that only name other files, or packages.</summary>
    [GeneratedRegex(@"^\s*((import|from|using)\b|export \*|#)")]
    private static partial Regex NoCode();

    [GeneratedRegex(@"(?<![\w.])\d{1,9}(?![\w.])")]
    private static partial Regex Number();
}
