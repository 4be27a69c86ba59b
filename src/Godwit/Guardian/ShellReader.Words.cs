using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Godwit.Guardian;

/// <summary>What words become: variables, substitutions, braces, quotes.</summary>
internal sealed partial class ShellReader
{
    /// <summary>All fields that a word can become.</summary>
    private IEnumerable<string> AllFields(JsonElement word, ShellScript script, ShellState state) =>
        Alternatives(word, script, state).SelectMany(fields => fields);

    /// <summary>The fields of a word's first possibility.</summary>
    private List<string> Fields(JsonElement word, ShellScript script, ShellState state) => Alternatives(word, script, state)[0];

    /// <summary>What a word can become: the fields of each possibility.</summary>
    private List<List<string>> Alternatives(JsonElement word, ShellScript script, ShellState state)
    {
        var isQuoted = Children(word, "Parts").Any(part => part.GetProperty("Type").GetString() is "SglQuoted" or "DblQuoted");
        var braces = Children(word, "Parts").Any(
            part => part.GetProperty("Type").GetString() == "Lit"
                && part.GetProperty("Value").GetString()!.Contains('{', StringComparison.Ordinal));
        return
        [
            .. Texts(word, script, state, quoted: false).Select(text =>
            {
                var fields = text.Split(Split, StringSplitOptions.RemoveEmptyEntries)
                    .SelectMany(field => braces ? Braces(field) : [field]).Take(MostFields + 1).ToList();
                return fields.Count > MostFields ? [GapText] : fields.Count == 0 && isQuoted ? [""] : fields;
            }),
        ];
    }

    private static IEnumerable<string> Braces(string text)
    {
        if (Brace().Match(text) is not { Success: true } match)
        {
            return [text];
        }

        var (before, inside, after) = (text[..match.Index], match.Groups[1].Value, text[(match.Index + match.Length)..]);
        IEnumerable<string> choices = inside.Contains(',', StringComparison.Ordinal) ? inside.Split(',')
            : inside is [>= 'A' and <= 'z' and var first, '.', '.', >= 'A' and <= 'z' and var last] && first <= last
                ? Enumerable.Range(first, last - first + 1).Select(letter => ((char)letter).ToString())
                : [GapText];
        return choices.Take(MostFields + 1).SelectMany(choice => Braces($"{before}{choice}{after}")).Take(MostFields + 1);
    }

    [GeneratedRegex(@"\{([^{}\s]*(?:,|\.\.)[^{}\s]*)\}")]
    private static partial Regex Brace();

    /// <summary>What a word's text can be. Where an expansion outside of quotes holds blanks, fields end.</summary>
    private IReadOnlyList<string> Texts(JsonElement word, ShellScript script, ShellState state, bool quoted)
    {
        IReadOnlyList<string> texts = [""];
        foreach (var part in Children(word, "Parts"))
        {
            var next = Part(part, script, state, quoted);
            texts = ShellFlow.Capped(texts.SelectMany(text => next.Select(more => text + more)));
        }

        return texts.Count > 0 ? texts : [""];
    }

    private IReadOnlyList<string> Part(JsonElement part, ShellScript script, ShellState state, bool quoted)
    {
        switch (part.GetProperty("Type").GetString())
        {
            case "Lit":
                return [Unescaped(part.GetProperty("Value").GetString()!, quoted)];
            case "SglQuoted":
                var text = part.TryGetProperty("Value", out var value) ? value.GetString()! : "";
                return [part.TryGetProperty("Dollar", out var ansi) && ansi.GetBoolean() ? AnsiText(text) : text];
            case "DblQuoted":
                return Texts(part, script, state, quoted: true);
            case "ParamExp" when quoted && part.GetProperty("Param").GetProperty("Value").GetString() == "@":
                // The one expansion that makes fields within quotes, too.
                return [string.Join(Split, state.Arguments)];
            case "ParamExp":
                return Fielded(Parameter(part, script, state), quoted);
            case "CmdSubst":
                var printed = Statements(part, "Stmts", script, state.Copy(), ShellFlow.Empty);
                var mark = printed.IsUnseen ? UnseenText : "";
                return Fielded(ShellFlow.Capped(printed.Texts.Select(line => mark + line.TrimEnd('\n'))), quoted);
            case "ProcSubst":
                var name = $"/dev/fd/{63 + state.Files.Count}";
                state.Files[name] = Statements(part, "Stmts", script, state.Copy(), ShellFlow.Empty);
                return [name];
            case "ArithmExp":
                Substitutions(part, script, state);
                return ["0" + GapText];
            default:
                Substitutions(part, script, state);
                return ["*"];
        }
    }

    private static IReadOnlyList<string> Fielded(IReadOnlyList<string> texts, bool quoted) =>
        quoted ? texts : [.. texts.Select(text => text.Replace(' ', Split).Replace('\n', Split).Replace('\t', Split))];

    private IReadOnlyList<string> Parameter(JsonElement expansion, ShellScript script, ShellState state)
    {
        var name = expansion.GetProperty("Param").GetProperty("Value").GetString()!;
        var values = state.Value(name);
        if (Has("Length") || Has("Width"))
        {
            return ["0" + GapText];
        }

        if (expansion.TryGetProperty("Index", out var index))
        {
            Substitutions(index, script, state);
        }

        if (Has("Excl"))
        {
            return ShellFlow.Capped(values.SelectMany(value => value.Contains(Gap, StringComparison.Ordinal) ? [GapText]
                : state.Value(value)));
        }

        if (Has("Names"))
        {
            return [GapText];
        }

        if (Has("Slice"))
        {
            Substitutions(expansion, script, state);
            return ShellFlow.Capped(values.Select(value => Sliced(value, expansion.GetProperty("Slice"))));
        }

        if (expansion.TryGetProperty("Repl", out var replacing) && replacing.ValueKind == JsonValueKind.Object)
        {
            Substitutions(expansion, script, state);
            var all = replacing.TryGetProperty("All", out var every) && every.GetBoolean();
            var old = Texts(replacing.GetProperty("Orig"), script, state, quoted: true)[0];
            var with = replacing.TryGetProperty("With", out var word) && word.ValueKind == JsonValueKind.Object
                ? Texts(word, script, state, quoted: true)[0] : "";
            return ShellFlow.Capped(values.Select(value => Replaced(value, old, with, all)));
        }

        if (expansion.TryGetProperty("Exp", out var operation) && operation.ValueKind == JsonValueKind.Object)
        {
            var other = operation.TryGetProperty("Word", out var given) && given.ValueKind == JsonValueKind.Object
                ? Texts(given, script, state, quoted: true) : [""];
            var way = OperatorOf(expansion, script);
            if (way.Contains('=', StringComparison.Ordinal))
            {
                state.Assign(name, other);
                Injection(name, other);
            }

            return way[0] is '#' or '%'
                ? ShellFlow.Capped(values.Select(value => Trimmed(value, other[0], way)))
                : way[0] == '@' && values.Any(value => value.Contains("$(", StringComparison.Ordinal) || value.Contains('`', StringComparison.Ordinal))
                    ? Evaluated(values, state)
                : way[0] is '@' or ',' or '^' ? [GapText]
                : ShellFlow.Capped(values.Where(value => value != GapText || other.Count == 0).Concat(other));
        }

        return values;

        bool Has(string property) => expansion.TryGetProperty(property, out var there)
            && there.ValueKind is JsonValueKind.True or JsonValueKind.Object or JsonValueKind.Number;
    }

    /// <summary>What stands behind the name in <c>${x…}</c>: <c>:-</c>, <c>%%</c> and the like.</summary>
    private static string OperatorOf(JsonElement expansion, ShellScript script)
    {
        var at = expansion.GetProperty("Dollar").GetProperty("Offset").GetInt32() + 2
            + Encoding.UTF8.GetByteCount(expansion.GetProperty("Param").GetProperty("Value").GetString()!);
        if (at < script.Source.Length && script.Source[at] == (byte)'[')
        {
            at = Math.Max(at, Array.IndexOf(script.Source, (byte)']', at) + 1);
        }

        var end = at;
        while (end < script.Source.Length && end < at + 2 && script.Source[end] is (byte)':' or (byte)'-' or (byte)'=' or (byte)'+' or (
            byte)'?' or (byte)'#' or (byte)'%' or (byte)',' or (byte)'^' or (byte)'@')
        {
            end++;
        }

        return end > at ? Encoding.ASCII.GetString(script.Source, at, end - at) : ":";
    }

    /// <summary><c>${x@P}</c> runs what is substituted in a value.</summary>
    private IReadOnlyList<string> Evaluated(IReadOnlyList<string> values, ShellState state)
    {
        values.ToList().ForEach(value => Line($": \"{value}\"", state.Copy(), ShellFlow.Empty));
        return [GapText];
    }

    private static string Sliced(string value, JsonElement slice)
    {
        if (value.Contains(Gap, StringComparison.Ordinal) || Number("Offset") is not { } from || from < 0 || from > value.Length)
        {
            return GapText;
        }

        var length = slice.TryGetProperty("Length", out var given) && given.ValueKind == JsonValueKind.Object ? Number("Length")
            : value.Length - from;
        return length is { } count and >= 0 ? value.Substring(from, Math.Min(count, value.Length - from)) : GapText;

        int? Number(string name) => slice.TryGetProperty(name, out var node) && node.ValueKind == JsonValueKind.Object
            && node.TryGetProperty("Parts", out var parts) && parts.GetArrayLength() == 1
            && int.TryParse(parts[0].TryGetProperty("Value", out var text) ? text.GetString() : null, out var number) ? number : null;
    }

    private static string Replaced(string value, string old, string with, bool all)
    {
        if (value.Contains(Gap, StringComparison.Ordinal) || old.Length == 0 || old.AsSpan().IndexOfAny("*?[#%") >= 0)
        {
            return WithoutEnd(value);
        }

        var at = value.IndexOf(old, StringComparison.Ordinal);
        return all ? value.Replace(old, with, StringComparison.Ordinal) : at < 0 ? value : value[..at] + with + value[(at + old.Length)..];
    }

    /// <summary>A value from whose start or end a pattern is cut.</summary>
    private static string Trimmed(string value, string pattern, string way)
    {
        if (value.Contains(Gap, StringComparison.Ordinal) || pattern.Contains(Gap, StringComparison.Ordinal)
            || pattern.Contains('[', StringComparison.Ordinal))
        {
            return WithoutEnd(value);
        }

        // The longest or the shortest that matches.
        var matching = new Regex(
            $"^{Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\?", ".", StringComparison.Ordinal)}$",
            RegexOptions.Singleline | RegexOptions.CultureInvariant, TimeSpan.FromMilliseconds(50));
        var lengths = Enumerable.Range(0, Math.Min(value.Length, 1000) + 1)
            .Where(length => matching.IsMatch(way[0] == '#' ? value[..length] : value[(value.Length - length)..])).ToList();
        var cut = lengths.Count == 0 ? 0 : way.Length > 1 ? lengths[^1] : lengths[0];
        return way[0] == '#' ? value[cut..] : value[..(value.Length - cut)];
    }

    /// <summary>A text of which something was cut off: its folder is all that can be told.</summary>
    private static string WithoutEnd(string text) =>
        text.LastIndexOf('/') is > 0 and var at ? text[..(at + 1)] + GapText : GapText;

    /// <summary>Runs what is substituted anywhere below a node.</summary>
    private void Substitutions(JsonElement node, ShellScript script, ShellState state)
    {
        if (node.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in node.EnumerateArray())
            {
                Substitutions(item, script, state);
            }
        }
        else if (node.ValueKind == JsonValueKind.Object)
        {
            if (node.TryGetProperty("Type", out var type) && type.GetString() is "CmdSubst" or "ProcSubst")
            {
                Statements(node, "Stmts", script, state.Copy(), ShellFlow.Unknown);
                return;
            }

            foreach (var property in node.EnumerateObject())
            {
                Substitutions(property.Value, script, state);
            }
        }
    }

    private static string Unescaped(string text, bool quoted)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
        {
            return text;
        }

        var plain = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length && (!quoted || text[at + 1] is '$' or '`' or '"' or '\\' or '\n'))
            {
                at++;
                if (text[at] != '\n')
                {
                    plain.Append(text[at]);
                }
            }
            else
            {
                plain.Append(text[at]);
            }
        }

        return plain.ToString();
    }

    /// <summary>The text of <c>$'…'</c>, and of <c>echo -e</c> and <c>printf</c>.</summary>
    private static string AnsiText(string text) => Escape().Replace(text, match => match.Value[1] switch
    {
        'n' => "\n",
        't' => "\t",
        'r' => "\r",
        'e' or 'E' => "\u001b",
        'x' => ((char)Convert.ToInt32(match.Value[2..], 16)).ToString(),
        'U' => ((char)Convert.ToInt32(match.Value[2..], 16)).ToString(),
        'u' => ((char)Convert.ToInt32(match.Value[2..], 16)).ToString(),
        >= '0' and <= '7' => ((char)Convert.ToInt32(match.Value[1..], 8)).ToString(),
        _ => match.Value[1..],
    });

    [GeneratedRegex(@"\\(?:x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U0{0,4}[0-9a-fA-F]{1,4}|[0-7]{1,3}|.)", RegexOptions.Singleline)]
    private static partial Regex Escape();
}
