using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Godwit.Search;

namespace Godwit.Playbooks.Optimise;

/// <summary>
/// A settings file as runs wrote it that began before figures were told apart: JSON, formatted anew, or lines of <c>NAME=value</c>. Such a
/// run ends as it began, because what it has measured is known by these bytes.
/// </summary>
/// <param name="path">From the goal's folder; its ending says which form it has.</param>
internal sealed class FirstParameterFile(string path) : IParameterFile
{
    private static readonly JsonSerializerOptions Indented =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private bool IsJson => path.EndsWith(".json", StringComparison.OrdinalIgnoreCase);

    /// <summary>The parameters' values in a file; those that it doesn't hold are left out.</summary>
    /// <exception cref="FormatException">The file can't be read.</exception>
    public IReadOnlyDictionary<string, string> Read(byte[]? content, SearchSpace space)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        if (content is null)
        {
            return values;
        }

        if (!IsJson)
        {
            foreach (var line in Lines(content))
            {
                if (Assignment(line) is { } pair && space.Find(pair.Name) is not null)
                {
                    values[pair.Name] = pair.Value;
                }
            }

            return values;
        }

        var root = ParseJson(content);
        foreach (var parameter in space.Parameters)
        {
            JsonNode? node = root;
            foreach (var name in parameter.Name.Split('.'))
            {
                node = (node as JsonObject)?[name];
            }

            if (node is JsonValue value)
            {
                values[parameter.Name] = value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();
            }
        }

        return values;
    }

    /// <summary>The file with a point's values; a parameter that is not active in the point is taken out.</summary>
    public byte[] Write(byte[]? content, SearchSpace space, IReadOnlyDictionary<string, string> point) =>
        IsJson ? WriteJson(content, space, point) : WriteLines(content, space, point);

    private byte[] WriteJson(byte[]? content, SearchSpace space, IReadOnlyDictionary<string, string> point)
    {
        var root = content is null ? [] : ParseJson(content);
        foreach (var parameter in space.Parameters)
        {
            var names = parameter.Name.Split('.');
            var holder = root;
            foreach (var name in names[..^1])
            {
                if (holder[name] is not JsonObject inner)
                {
                    holder[name] = inner = [];
                }

                holder = inner;
            }

            if (point.TryGetValue(parameter.Name, out var value))
            {
                holder[names[^1]] = Typed(parameter, value);
            }
            else
            {
                holder.Remove(names[^1]);
            }
        }

        return Encoding.UTF8.GetBytes(root.ToJsonString(Indented) + "\n");
    }

    private static byte[] WriteLines(byte[]? content, SearchSpace space, IReadOnlyDictionary<string, string> point)
    {
        var lines = content is null ? [] : Lines(content).ToList();
        lines.RemoveAll(line => Assignment(line) is { } pair && space.Find(pair.Name) is not null && !point.ContainsKey(pair.Name));
        foreach (var (name, value) in point.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var index = lines.FindIndex(line => Assignment(line)?.Name == name);
            if (index >= 0)
            {
                lines[index] = $"{name}={value}";
            }
            else
            {
                lines.Add($"{name}={value}");
            }
        }

        return Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n")));
    }

    private static JsonNode Typed(Parameter parameter, string value) => parameter switch
    {
        BooleanParameter => JsonValue.Create(value == "true"),
        IntParameter => JsonValue.Create(long.Parse(value, CultureInfo.InvariantCulture)),
        RealParameter => JsonValue.Create(double.Parse(value, CultureInfo.InvariantCulture)),
        _ when long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => JsonValue.Create(whole),
        _ when double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) => JsonValue.Create(real),
        _ => JsonValue.Create(value),
    };

    private JsonObject ParseJson(byte[] content)
    {
        try
        {
            return JsonNode.Parse(
                content,
                documentOptions: new JsonDocumentOptions
                {
                    CommentHandling = JsonCommentHandling.Skip,
                    AllowTrailingCommas = true,
                }) as JsonObject
                ?? throw new FormatException($"{path} is JSON, but no object");
        }
        catch (JsonException error)
        {
            throw new FormatException($"{path} is no JSON: {error.Message}");
        }
    }

    private static IEnumerable<string> Lines(byte[] content) => Encoding.UTF8.GetString(content).TrimEnd('\n').Split('\n');

    private static (string Name, string Value)? Assignment(string line)
    {
        var equals = line.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && line[0] != '#' ? (line[..equals].Trim(), line[(equals + 1)..].Trim()) : null;
    }
}
