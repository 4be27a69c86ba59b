using System.Text.Json;

namespace Godwit.Tools;

/// <summary>The arguments of a tool call, as a model wrote them.</summary>
public sealed class ToolArguments
{
    private readonly JsonElement _root;

    private ToolArguments(JsonElement root) => _root = root;

    /// <summary>Reads arguments.</summary>
    /// <exception cref="ToolException">They are no JSON object.</exception>
    public static ToolArguments Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json.Length == 0 ? "{}" : json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new ToolArguments(document.RootElement.Clone())
                : throw new ToolException($"the arguments are a JSON {document.RootElement.ValueKind}; send an object");
        }
        catch (JsonException error)
        {
            throw new ToolException($"the arguments are no JSON ({error.Message}); send them again as one JSON object");
        }
    }

    /// <summary>A text that must be there.</summary>
    public string Text(string name) =>
        Find(name, JsonValueKind.String)?.GetString() ?? throw new ToolException($"'{name}' is missing; it must be a string");

    /// <summary>A text, or null.</summary>
    public string? TextOrNull(string name) => Find(name, JsonValueKind.String)?.GetString();

    /// <summary>A whole number, or null.</summary>
    public int? Number(string name) => Find(name, JsonValueKind.Number) is not { } number
        ? null
        : number.TryGetInt32(out var value)
            ? value
            : throw new ToolException($"'{name}' is {number.GetRawText()}; it must be a whole number");

    /// <summary>Yes or no; no where it isn't there.</summary>
    public bool Flag(string name) => _root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    /// <summary>A list of objects; empty where it isn't there, and what is no object is left out.</summary>
    public IReadOnlyList<ToolArguments> Objects(string name) => Find(name, JsonValueKind.Array) is { } list
        ? [.. list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object).Select(item => new ToolArguments(item))]
        : [];

    private JsonElement? Find(string name, JsonValueKind kind)
    {
        if (!_root.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return value.ValueKind == kind ? value : throw new ToolException($"'{name}' is a JSON {value.ValueKind}; it must be a {kind}");
    }
}
