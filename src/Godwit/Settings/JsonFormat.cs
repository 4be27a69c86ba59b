using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Godwit.Settings;

/// <summary>JSON, and JSON with comments and trailing commas.</summary>
internal sealed partial class JsonFormat : SettingsFormat
{
    /// <summary>JSON text without needless escapes.</summary>
    public static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public override string? Empty => "{}\n";

    public override SettingsNode Parse(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var reader = new Utf8JsonReader(
            bytes, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        try
        {
            reader.Read();
            var root = Node(ref reader, bytes);
            while (reader.Read())
            {
                throw new FormatException(
                    $"something follows the JSON value at {Place(text, CharsBefore(bytes, (int)reader.TokenStartIndex))}");
            }

            return root;
        }
        catch (JsonException error)
        {
            throw new FormatException(
                $"this is no JSON at line {error.LineNumber + 1}, column {error.BytePositionInLine + 1}: " +
                $"{error.Message.Split(" LineNumber:")[0]}");
        }
    }

    public override string Encode(SettingsValue value, SettingsNode.Scalar? old)
    {
        RequireFinite(value, "JSON");
        if (value.IsText || old is { Value.IsText: true } && Number().IsMatch(value.Text))
        {
            return JsonSerializer.Serialize(value.Text, Relaxed);
        }

        return value.Text is "null" or "true" or "false" || Number().IsMatch(value.Text) ? value.Text
            : double.TryParse(
                value.Text, NumberStyles.Float, CultureInfo.InvariantCulture,
                out var number) ? number.ToString("R", CultureInfo.InvariantCulture)
            : throw new FormatException($"'{value.Text}' is no JSON value; quote it to make it text");
    }

    public override string Insert(string text, SettingsNode.Map map, string name, SettingsValue value)
    {
        var entry = $"{JsonSerializer.Serialize(name, Relaxed)}: {Encode(value, null)}";
        if (map.Entries.Count == 0)
        {
            return $"{text[..(map.Start + 1)]}{entry}{text[(map.End - 1)..]}";
        }

        // After the last entry, as it stands: on a line of its own where that one has one.
        var last = map.Entries[^1];
        var start = text.LastIndexOf('\n', last.Start) + 1;
        var indent = text[start..last.Start];
        var between = string.IsNullOrWhiteSpace(indent) && text[..last.Start].Contains('\n', StringComparison.Ordinal)
            ? (text.Contains("\r\n", StringComparison.Ordinal) ? ",\r\n" : ",\n") + indent : ", ";
        return $"{text[..last.End]}{between}{entry}{text[last.End..]}";
    }

    public override string Remove(string text, SettingsNode.Map map, SettingsNode.Entry entry)
    {
        var index = map.Entries.ToList().IndexOf(entry);
        if (map.Entries.Count == 1)
        {
            return text[..(map.Start + 1)] + text[(map.End - 1)..].TrimStart();
        }

        return index < map.Entries.Count - 1
            ? text[..entry.Start] + text[map.Entries[index + 1].Start..]
            : text[..map.Entries[index - 1].End] + text[entry.End..];
    }

    private static SettingsNode Node(ref Utf8JsonReader reader, byte[] bytes)
    {
        var start = CharsBefore(bytes, (int)reader.TokenStartIndex);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var entries = new List<SettingsNode.Entry>();
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    var (name, from) = (reader.GetString()!, CharsBefore(bytes, (int)reader.TokenStartIndex));
                    reader.Read();
                    var value = Node(ref reader, bytes);
                    entries.Add(new SettingsNode.Entry(name, from, value.End, value));
                }

                return new SettingsNode.Map(start, CharsBefore(bytes, (int)reader.BytesConsumed), entries);
            case JsonTokenType.StartArray:
                var items = new List<SettingsNode>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(Node(ref reader, bytes));
                }

                return new SettingsNode.Sequence(start, CharsBefore(bytes, (int)reader.BytesConsumed), items);
            case JsonTokenType.String:
                return new SettingsNode.Scalar(
                    start, CharsBefore(bytes, (int)reader.BytesConsumed), new SettingsValue(reader.GetString()!, true), '"');
            default:
                return new SettingsNode.Scalar(
                    start, CharsBefore(bytes, (int)reader.BytesConsumed),
                    new SettingsValue(Encoding.UTF8.GetString(reader.ValueSpan), false), '\0');
        }
    }

    private static int CharsBefore(byte[] bytes, int at) => Encoding.UTF8.GetCharCount(bytes, 0, at);

    [GeneratedRegex(@"^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$")]
    private static partial Regex Number();
}
