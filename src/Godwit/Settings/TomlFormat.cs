using System.Text.RegularExpressions;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Godwit.Settings;

/// <summary>TOML 1.1.</summary>
internal sealed partial class TomlFormat : SettingsFormat
{
    public override SettingsNode Parse(string text)
    {
        var document = SyntaxParser.Parse(text, "", true);
        if (document.HasErrors)
        {
            var error = document.Diagnostics.First();
            throw new FormatException(
                $"this is no TOML at line {error.Span.Start.Line + 1}, column {error.Span.Start.Column + 1}: {error.Message}");
        }

        var root = new Table();
        Fill(root, document.KeyValues, text);
        foreach (var table in document.Tables)
        {
            var holder = Names(table.Name!).Aggregate(root, (at, name) => at.Child(name));
            Fill(table is TableArraySyntax ? holder.NewItem() : holder.Last, table.Items, text);
        }

        return root.ToNode(text.Length);
    }

    public override string Encode(SettingsValue value, SettingsNode.Scalar? old)
    {
        if (!value.IsText && value.Text == "null")
        {
            throw new FormatException("TOML has no null; leave the name out, by a parameter with 'when'");
        }

        if (!value.IsText && old is not { Value.IsText: true })
        {
            return value.Text is "true" or "false" || Number().IsMatch(value.Text)
                ? value.Text
                : throw new FormatException($"'{value.Text}' is no TOML value; quote it to make it text");
        }

        return old?.Quote == '\''
            && !value.Text.Contains('\'', StringComparison.Ordinal)
            && !value.Text.Contains('\n', StringComparison.Ordinal)
            ? $"'{value.Text}'"
            : $"\"{value.Text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";
    }

    public override string Insert(string text, SettingsNode.Map map, string name, SettingsValue value)
    {
        if (map.Entries.Count > 0 && map.Entries.Any(entry => entry.Value is not SettingsNode.Map) is false && map.Start > 0)
        {
            throw new FormatException($"'{name}' isn't there; write it there");
        }

        var line = $"{(Bare().IsMatch(name) ? name : $"\"{name}\"")} = {Encode(value, null)}";
        var last = map.Entries.LastOrDefault(entry => entry.Value is SettingsNode.Scalar or SettingsNode.Sequence);
        if (last is null)
        {
            return AppendLine("", line) + text;
        }

        var end = text.IndexOf('\n', last.End);
        var ending = text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        return end < 0 ? AppendLine(text, line) : $"{text[..(end + 1)]}{line}{ending}{text[(end + 1)..]}";
    }

    private static void Fill(Table table, IEnumerable<KeyValueSyntax> items, string text)
    {
        foreach (var item in items)
        {
            var names = Names(item.Key!).ToList();
            var holder = names[..^1].Aggregate(table, (at, name) => at.Child(name).Last);
            holder.Add(names[^1], item.Span.Offset, Node(item.Value!, text));
        }
    }

    private static SettingsNode Node(ValueSyntax value, string text)
    {
        var (start, end) = (value.Span.Offset, value.Span.Offset + value.Span.Length);
        switch (value)
        {
            case ArraySyntax array:
                return new SettingsNode.Sequence(start, end, [.. array.Items.Select(item => Node(item.Value!, text))]);
            case InlineTableSyntax inline:
                var table = new Table();
                Fill(table, inline.Items.Select(item => item.KeyValue!), text);
                return table.ToNode(end);
            case StringValueSyntax words:
                var multiline = text.AsSpan(start).StartsWith("\"\"\"") || text.AsSpan(start).StartsWith("'''");
                return new SettingsNode.Scalar(start, end, new SettingsValue(words.Value ?? "", true), text[start], !multiline);
            default:
                return new SettingsNode.Scalar(start, end, new SettingsValue(text[start..end].Trim(), false), '\0');
        }
    }

    private static IEnumerable<string> Names(KeySyntax key) =>
        key.DotKeys.Select(dotted => dotted.Key).Prepend(key.Key).Select(part => part switch
    {
        StringValueSyntax words => words.Value ?? "",
        _ => part?.ToString().Trim() ?? "",
    });

    [GeneratedRegex(@"^[-+]?(\d[\d_]*(\.[\d_]+)?([eE][-+]?\d+)?|0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|inf|nan)$")]
    private static partial Regex Number();

    [GeneratedRegex("^[A-Za-z0-9_-]+$")]
    private static partial Regex Bare();

    /// <summary>A table while it is put together: its parts may stand anywhere in the file.</summary>
    private sealed class Table
    {
        private readonly List<(string Name, int Start, SettingsNode? Value, Table? Below)> _entries = [];
        private readonly List<Table> _items = [];

        public Table Last => _items.Count == 0 ? this : _items[^1];

        public Table Child(string name)
        {
            var into = Last;
            var known = into._entries.Find(entry => entry.Name == name && entry.Below is not null).Below;
            if (known is not null)
            {
                return known;
            }

            var made = new Table();
            into._entries.Add((name, 0, null, made));
            return made;
        }

        public Table NewItem()
        {
            var item = new Table();
            _items.Add(item);
            return item;
        }

        public void Add(string name, int start, SettingsNode value) => _entries.Add((name, start, value, null));

        public SettingsNode ToNode(int end) => _items.Count > 0
            ? new SettingsNode.Sequence(0, end, [.. _items.Select(item => item.ToNode(end))])
            : new SettingsNode.Map(0, end, [.. _entries.Select(entry => entry.Value is { } value
                ? new SettingsNode.Entry(entry.Name, entry.Start, value.End, value)
                : new SettingsNode.Entry(entry.Name, 0, end, entry.Below!.ToNode(end)))]);
    }
}
