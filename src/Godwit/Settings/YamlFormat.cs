using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Godwit.Settings;

/// <summary>YAML: its first document.</summary>
internal sealed partial class YamlFormat : SettingsFormat
{
    public override string? Empty => "";

    public override SettingsNode Parse(string text)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return stream.Documents.Count == 0 ? new SettingsNode.Map(0, text.Length, []) : Node(stream.Documents[0].RootNode, text);
        }
        catch (YamlException error)
        {
            throw new FormatException(
                $"this is no YAML at line {error.Start.Line}, column {error.Start.Column}: " +
                $"{error.InnerException?.Message ?? error.Message}");
        }
    }

    /// <summary>What a plain scalar stands for in YAML 1.2's core schema.</summary>
    public static SettingsValue Plain(string text) => text is "" or "~" or "null" or "Null" or "NULL" ? new SettingsValue("null", false)
        : text is "true" or "True" or "TRUE" or "false" or "False" or "FALSE" ? new SettingsValue(text.ToLowerInvariant(), false)
        : new SettingsValue(text, !Literal().IsMatch(text));

    public override string Encode(SettingsValue value, SettingsNode.Scalar? old)
    {
        var quote = old?.Quote ?? '\0';
        if (!value.IsText && (quote == '\0' || !Literal().IsMatch(value.Text)))
        {
            return value.Text;
        }

        var plain = quote == '\0' && Plain(value.Text) == new SettingsValue(value.Text, true) && Safe().IsMatch(value.Text);
        return plain ? value.Text
            : quote == '\''
                || (
                    quote == '\0'
                        && !value.Text.Contains('\n', StringComparison.Ordinal)) ? $"'{value.Text.Replace("'", "''", StringComparison.Ordinal)}'"
            : System.Text.Json.JsonSerializer.Serialize(value.Text, JsonFormat.Relaxed);
    }

    public override string Insert(string text, SettingsNode.Map map, string name, SettingsValue value)
    {
        var line = $"{Encode(new SettingsValue(name, true), null)}: {Encode(value, null)}";
        if (map.Entries.Count == 0 && map.Start == 0)
        {
            return AppendLine(text, line);
        }

        if (map.Entries.Count == 0 || (map.Start < text.Length && text[map.Start] == '{'))
        {
            throw new FormatException($"'{name}' isn't there, and can't be added to a mapping in braces; write it there");
        }

        var first = map.Entries[0];
        var indent = text[(text.LastIndexOf('\n', Math.Max(first.Start - 1, 0)) + 1)..first.Start];
        if (indent.Trim().Length > 0)
        {
            throw new FormatException(
                $"'{name}' isn't there, and can't be added where its mapping begins in the middle of a line; write it there");
        }

        var last = map.Entries[^1].End;
        var end = text.IndexOf('\n', Math.Max(last - 1, 0));
        return end < 0
            ? AppendLine(text, indent + line)
            : text[..(end + 1)] + AppendLine("", indent + line).Replace(
                "\n", text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n", StringComparison.Ordinal) + text[(end + 1)..];
    }

    private static SettingsNode Node(YamlNode node, string text)
    {
        var (start, end) = ((int)node.Start.Index, (int)node.End.Index);
        switch (node)
        {
            case YamlMappingNode map:
                return new SettingsNode.Map(start, end, [.. map.Children.Where(pair => pair.Key is YamlScalarNode).Select(pair =>
                    new SettingsNode.Entry(
                        ((YamlScalarNode)pair.Key).Value ?? "", (int)pair.Key.Start.Index, (int)pair.Value.End.Index,
                        Node(pair.Value, text)))]);
            case YamlSequenceNode sequence:
                return new SettingsNode.Sequence(start, end, [.. sequence.Children.Select(child => Node(child, text))]);
            case YamlScalarNode scalar:
                var quote = scalar.Style switch { ScalarStyle.DoubleQuoted => '"', ScalarStyle.SingleQuoted => '\'', _ => '\0' };
                var simple = scalar.Anchor.IsEmpty
                    && scalar.Tag.IsEmpty
                    && scalar.Style is not (ScalarStyle.Literal or ScalarStyle.Folded)
                    && (quote == '\0' || (start < text.Length && text[start] == quote));
                return new SettingsNode.Scalar(
                    start, end,
                    quote == '\0' && scalar.Style == ScalarStyle.Plain
                        ? Plain(scalar.Value ?? "")
                        : new SettingsValue(scalar.Value ?? "", true),
                    quote, simple && end > start);
            default:
                return new SettingsNode.Scalar(start, end, new SettingsValue(node.ToString() ?? "", true), '\0', canBeReplaced: false);
        }
    }

    [GeneratedRegex(@"^(null|true|false|~|[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$")]
    private static partial Regex Literal();

    // A plain scalar that no context reads as anything else; flow indicators too, because it may stand in a flow.
    [GeneratedRegex(@"^[\w./+$%^=<~-][\w./ +$%^=<>~()@-]*(?<! )$")]
    private static partial Regex Safe();
}
