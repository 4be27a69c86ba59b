using System.Text;
using System.Text.Json.Nodes;

namespace Godwit.Goals;

/// <summary>What people and editors are told of goal files, made of the keys that the kinds of runs read.</summary>
public static class GoalSchema
{
    /// <summary>The documentation of all keys, in Markdown.</summary>
    /// <param name="common">The keys of every goal.</param>
    /// <param name="sections">What each playbook reads beside them.</param>
    public static string Markdown(IReadOnlyList<GoalKey> common, IReadOnlyList<GoalSection> sections)
    {
        var text = new StringBuilder(
            "# Every key of a goal file\n\nMade from the reader (`godwit schema --markdown`). Fractions are written 5% or " +
            "0.05, durations 500ms, 20s, 2m or 1h, " +
            "sizes 64 kB, 10 MB or 1 GiB.\n");
        Append(text, "Every goal", common);
        foreach (var section in sections)
        {
            Append(text, $"`playbook: {section.Names[0]}`", section.Keys);
        }

        return text.ToString();
    }

    /// <summary>The JSON schema (draft 2020-12) of goal files, for editors.</summary>
    /// <param name="common">The keys of every goal.</param>
    /// <param name="sections">What each playbook reads beside them; the first is that of goals that name none.</param>
    public static string Json(IReadOnlyList<GoalKey> common, IReadOnlyList<GoalSection> sections)
    {
        var definitions = new JsonObject();
        var schema = (JsonNode)Reference(sections[0]);
        foreach (var section in sections)
        {
            definitions[section.Names[0]] = Of([.. common, .. section.Keys]);
        }

        foreach (var section in sections.Skip(1).Reverse())
        {
            schema = new JsonObject
            {
                ["if"] = new JsonObject
                {
                    ["properties"] = new JsonObject
                    {
                        ["playbook"] = new JsonObject { ["enum"] = new JsonArray([.. section.Names.Select(name => (JsonNode)name)]) },
                    },
                    ["required"] = new JsonArray("playbook"),
                },
                ["then"] = Reference(section),
                ["else"] = schema,
            };
        }

        var root = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "A goal file of Godwit",
        };
        foreach (var (name, value) in schema.AsObject().ToList())
        {
            schema.AsObject().Remove(name);
            root[name] = value;
        }

        root["$defs"] = definitions;
        return root.ToJsonString(
            new System.Text.Json.JsonSerializerOptions
            {
                WriteIndented = true,
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }) + "\n";
    }

    private static JsonObject Reference(GoalSection section) => new() { ["$ref"] = $"#/$defs/{section.Names[0]}" };

    private static void Append(StringBuilder text, string title, IEnumerable<GoalKey> keys)
    {
        text.Append(
            System.Globalization.CultureInfo.InvariantCulture,
            $"\n## {title}\n\n| key | type | default | meaning | example |\n|---|---|---|---|---|\n");
        foreach (var key in keys)
        {
            var values = key.Values is null ? "" : $": {string.Join(", ", key.Values)}";
            text.Append(
                System.Globalization.CultureInfo.InvariantCulture,
                $"| `{key.Path}` | {key.Type}{values} | {key.Default} | {key.Meaning} | " +
                $"`{key.Example.Replace("|", "\\|", StringComparison.Ordinal)}` |\n");
        }
    }

    private static JsonObject Of(IEnumerable<GoalKey> keys)
    {
        var root = Object();
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

        return root;
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
            "fraction" or "duration" or "size" => new JsonObject { ["type"] = new JsonArray("string", "number") },
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
        if (key.Type is "maps" or "texts or maps")
        {
            // One object, or a list of objects of the same keys: editors complete in the first, and accept the second.
            JsonNode items = key.Type == "maps" ? "object" : new JsonArray("object", "string");
            type = new JsonObject
            {
                ["anyOf"] = new JsonArray(
                    Object(), new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = items } }),
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
