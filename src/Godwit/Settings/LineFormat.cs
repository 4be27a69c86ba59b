using System.Text.RegularExpressions;

namespace Godwit.Settings;

/// <summary>Forms in which a line, or a part of one, holds a name and its value; all values are text to their readers.</summary>
internal abstract partial class LineFormat : SettingsFormat
{
    /// <summary>Finds names with their values; the groups are <c>name</c> and <c>value</c>.</summary>
    protected abstract Regex Assignment { get; }

    /// <summary>A new line for a name and a value.</summary>
    protected abstract string Line(string name, string value);

    /// <summary>Whether a value can stand without quotes.</summary>
    protected virtual bool IsPlain(string value) => Plain().IsMatch(value);

    public override SettingsNode Parse(string text) => new SettingsNode.Map(0, text.Length, [.. Entries(text, 0)]);

    public override string Encode(SettingsValue value, SettingsNode.Scalar? old)
    {
        if (value is { IsText: false, Text: "null" })
        {
            throw new FormatException("a file of lines has no null; leave the name out, by a parameter with 'when'");
        }

        if (value.Text.Contains('\n', StringComparison.Ordinal) || value.Text.Contains('\r', StringComparison.Ordinal))
        {
            throw new FormatException("a value of several lines can't stand in a file of lines");
        }

        var quote = old?.Quote ?? '\0';
        if (quote == '\0' && IsPlain(value.Text))
        {
            return value.Text;
        }

        quote = quote == '\0' ? '"' : quote;
        return !value.Text.Contains(quote, StringComparison.Ordinal)
            && (quote == '\'' || !Expands().IsMatch(value.Text)) ? $"{quote}{value.Text}{quote}"
            : !value.Text.Contains('\'', StringComparison.Ordinal) ? $"'{value.Text}'"
            : throw new FormatException($"'{value.Text}' has both kinds of quotes, and can't be quoted here");
    }

    public override string Insert(string text, SettingsNode.Map map, string name, SettingsValue value) =>
        AppendLine(text, Line(name, Encode(value, null)));

    /// <summary>The entries of a part of the text.</summary>
    protected IEnumerable<SettingsNode.Entry> Entries(string text, int offset)
    {
        foreach (Match match in Assignment.Matches(text))
        {
            var value = match.Groups["value"];
            var (start, raw) = (offset + value.Index, value.Value);
            var quote = raw.Length >= 2 && raw[0] is '"' or '\'' && raw[^1] == raw[0] ? raw[0] : '\0';
            var name = match.Groups["name"];
            yield return new SettingsNode.Entry(name.Value, offset + name.Index, start + raw.Length, new SettingsNode.Scalar(
                start, start + raw.Length, new SettingsValue(quote == '\0' ? raw : raw[1..^1], true), quote));
        }
    }

    [GeneratedRegex(@"^[\w.,:/@%+^*-]+$")]
    private static partial Regex Plain();

    [GeneratedRegex(@"[$`\\]")]
    private static partial Regex Expands();
}

/// <summary><c>NAME=value</c> as shells and dotenv read it, <c>export</c>, quotes and comments included.</summary>
internal sealed partial class DotenvFormat : LineFormat
{
    protected override Regex Assignment => Form();

    protected override string Line(string name, string value) => $"{name}={value}";

    [GeneratedRegex("""^[ \t]*(?:export[ \t]+)?(?<name>[\w.-]+)[ \t]*=[ \t]*(?<value>"[^"\r\n]*"|'[^'\r\n]*'|[^\r\n]*?)(?=(?:[ \t]+#[^\r\n]*)?[ \t]*\r?$)""", RegexOptions.Multiline)]
    private static partial Regex Form();
}

/// <summary>Java's <c>.properties</c>: no quotes, and no comment behind a value.</summary>
internal sealed partial class PropertiesFormat : LineFormat
{
    protected override Regex Assignment => Form();

    protected override bool IsPlain(string value) => true;

    protected override string Line(string name, string value) => $"{name}={value}";

    [GeneratedRegex(@"^[ \t]*(?![#!])(?<name>[^\s=:#!][^\s=:]*)[ \t]*[=:][ \t]*(?<value>[^\r\n]*?)(?=[ \t]*\r?$)", RegexOptions.Multiline)]
    private static partial Regex Form();
}

/// <summary>
/// Lines of <c>name value</c>, <c>name = value</c> or <c>name: value</c>, as servers have them: a semicolon or a brace may end a
/// value.
/// </summary>
internal sealed partial class TextFormat : LineFormat
{
    protected override Regex Assignment => Form();

    protected override string Line(string name, string value) => $"{name} = {value}";

    [GeneratedRegex("""(?<=^|[{;])[ \t]*(?:set[ \t]+)?(?<name>[A-Za-z_-][\w.-]*)(?:[ \t]*[=:][ \t]*|[ \t]+)(?<value>"[^"\r\n]*"|'[^'\r\n]*'|[^\s{};#"'=:][^\r\n{};#]*?)(?=[ \t]*(?:[;}]|(?<=[ \t])#|\r?$))""", RegexOptions.Multiline)]
    private static partial Regex Form();
}

/// <summary>Arguments of a command: <c>--name value</c> or <c>--name=value</c>, several in a line or not.</summary>
internal sealed partial class ArgumentsFormat : LineFormat
{
    protected override Regex Assignment => Form();

    protected override string Line(string name, string value) => $"--{name}={value}";

    [GeneratedRegex("""(?<![\w-])--?(?<name>[A-Za-z][\w.-]*)(?:=|[ \t]+)(?<value>"[^"\r\n]*"|'[^'\r\n]*'|(?<==)[^\s"']*|[^\s"'-][^\s"']*)""", RegexOptions.Multiline)]
    private static partial Regex Form();
}

/// <summary>INI: sections of <c>name = value</c>, comments with <c>#</c> or <c>;</c>.</summary>
internal sealed partial class IniFormat : LineFormat
{
    protected override Regex Assignment => Form();

    /// <summary>Whether a text has sections.</summary>
    public static bool HasSections(string text) => Section().IsMatch(text);

    public override SettingsNode Parse(string text)
    {
        var sections = Section().Matches(text).ToList();
        var entries = Entries(text[..(sections.Count == 0 ? text.Length : sections[0].Index)], 0).ToList();
        var ends = sections.Skip(1).Select(next => next.Index).Append(text.Length);
        var named = sections.Zip(ends, (section, end) =>
            (Name: section.Groups["name"].Value.Trim(), Start: section.Index, From: section.Index + section.Length, To: end));
        foreach (var group in named.GroupBy(section => section.Name))
        {
            var first = group.First();
            entries.Add(
                new SettingsNode.Entry(
                    group.Key, first.Start, first.To,
                    new SettingsNode.Map(
                        first.From, first.To, [.. group.SelectMany(section => Entries(text[section.From..section.To], section.From))])));
        }

        return new SettingsNode.Map(0, text.Length, entries);
    }

    public override string Insert(string text, SettingsNode.Map map, string name, SettingsValue value)
    {
        var line = Line(name, Encode(value, null));
        var ending = text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        var last = map.Entries.LastOrDefault(entry => entry.Value is SettingsNode.Scalar);
        var at = last is null ? map.Start : last.End;
        var end = last is null && map.Start == 0 ? -1 : text.IndexOf('\n', Math.Min(at, text.Length - 1));
        return last is null && map.Start == 0
            ? $"{line}{ending}{text}"
            : end < 0 ? AppendLine(text, line) : $"{text[..(end + 1)]}{line}{ending}{text[(end + 1)..]}";
    }

    protected override string Line(string name, string value) => $"{name} = {value}";

    [GeneratedRegex(@"^[ \t]*\[(?<name>[^\]\r\n]+)\][^\r\n]*$", RegexOptions.Multiline)]
    private static partial Regex Section();

    [GeneratedRegex("""^[ \t]*(?![#;\[])(?<name>[^\s=:#;\[][^=:\r\n]*?)[ \t]*[=:][ \t]*(?<value>"[^"\r\n]*"|'[^'\r\n]*'|[^\r\n]*?)(?=(?:[ \t]+[#;][^\r\n]*)?[ \t]*\r?$)""", RegexOptions.Multiline)]
    private static partial Regex Form();
}
