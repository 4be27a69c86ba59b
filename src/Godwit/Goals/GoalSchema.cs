using System.Text;
using System.Text.Json.Nodes;

namespace Godwit.Goals;

/// <summary>What people and editors are told of goal files, made of the keys that the kinds of runs read.</summary>
public static class GoalSchema
{
    /// <summary>The documentation of all keys, in Markdown.</summary>
    public static string Markdown(IEnumerable<GoalKey> keys)
    {
        var text = new StringBuilder(
            "# Every key of a goal file\n\nMade from the reader (`godwit schema --markdown`). Fractions are written 5% or " +
            "0.05, durations 500ms, 20s, 2m or 1h.\n\n| key | type | default | meaning | example |\n|---|---|---|---|---|\n");
        foreach (var key in keys)
        {
            var values = key.Values is null ? "" : $": {string.Join(", ", key.Values)}";
            text.Append(
                System.Globalization.CultureInfo.InvariantCulture,
                $"| `{key.Path}` | {key.Type}{values} | {key.Default} | {key.Meaning} | " +
                $"`{key.Example.Replace("|", "\\|", StringComparison.Ordinal)}` |\n");
        }

        return text.ToString();
    }

    /// <summary>The JSON schema (draft 2020-12) of goal files, for editors.</summary>
    public static string Json(IEnumerable<GoalKey> keys)
    {
        var root = Object();
        root["$schema"] = "https://json-schema.org/draft/2020-12/schema";
        root["title"] = "A goal file of Godwit";
        foreach (var key in keys)
        {
            var parts = key.Path.Split('.');
            var holder = root;
            foreach (var part in parts[..^1])
            {
                holder = part == "*"
                    ? (JsonObject)(holder["additionalProperties"] as JsonObject ?? (holder["additionalProperties"] = Object()))
                    : Below((JsonObject)holder["properties"]![part]!);
            }

            ((JsonObject)holder["properties"]!)[parts[^1]] = TypeOf(key);
            if (key.Default == "required")
            {
                var required = holder["required"] as JsonArray ?? [];
                required.Add(parts[^1]);
                holder["required"] = required.DeepClone();
            }
        }

        return root.ToJsonString(
            new System.Text.Json.JsonSerializerOptions
            {
                WriteIndented = true,
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }) + "\n";
    }

    private static JsonObject Object() =>
        new() { ["type"] = "object", ["additionalProperties"] = false, ["properties"] = new JsonObject() };

    /// <summary>The object in a type that may be one among others.</summary>
    private static JsonObject Below(JsonObject type) =>
        type["anyOf"] is JsonArray choices ? choices.OfType<JsonObject>().First(choice => choice["properties"] is not null) : type;

    private static JsonObject TypeOf(GoalKey key)
    {
        var type = key.Type switch
        {
            "text" => new JsonObject { ["type"] = new JsonArray("string", "number", "boolean") },
            "number" => new JsonObject { ["type"] = "number" },
            "whole" => new JsonObject { ["type"] = "integer" },
            "fraction" or "duration" => new JsonObject { ["type"] = new JsonArray("string", "number") },
            "flag" => new JsonObject { ["type"] = "boolean" },
            "list" => new JsonObject
            {
                ["anyOf"] = new JsonArray(
                    new JsonObject
                    {
                        ["type"] = "array",
                        ["items"] = new JsonObject { ["type"] = new JsonArray("string", "number", "boolean", "null") },
                    },
                    new JsonObject { ["type"] = "string" }),
            },
            "points" => new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "object" } },
            "text or map" => new JsonObject { ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "string" }, Object()) },
            _ => Object(),
        };
        if (key.Type == "maps")
        {
            // One object, or a list of objects of the same keys: editors complete in the first, and accept the second.
            type = new JsonObject
            {
                ["anyOf"] = new JsonArray(
                    Object(), new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "object" } }),
            };
        }

        if (key.Path == "parameters.space")
        {
            type["additionalProperties"] = Object();
        }

        type["description"] = $"{key.Meaning}{(key.Default.Length > 0 ? $" Default: {key.Default}." : "")} Example: {key.Example}";
        if (key.Values is { } values)
        {
            type["enum"] = new JsonArray([.. values.Select(value => (JsonNode)value)]);
            type.Remove("type");
        }

        return type;
    }
}
