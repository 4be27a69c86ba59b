using System.Text.Json;
using System.Text.Json.Nodes;

namespace Godwit.Agents;

/// <summary>Reads what a program prints: its words and what it did, for the transcript. All of it is a claim.</summary>
internal static class ProgramOutput
{
    private const int LastLines = 20;

    /// <summary>The lines of the transcript: says, calls, gets or failed.</summary>
    public static IReadOnlyList<(string What, string Text)> Lines(string events, string output)
    {
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return events == "text"
            ? [("says", string.Join('\n', lines.TakeLast(LastLines)))]
            : [.. lines.Select(Parse).OfType<JsonObject>().SelectMany(line => events switch
            {
                "codex" => Codex(line),
                "claude" => Claude(line),
                _ => OpenCode(line),
            })];
    }

    private static IEnumerable<(string, string)> Codex(JsonObject line)
    {
        if (Text(line["type"]) is "turn.failed" or "error")
        {
            return [("failed", Text(line["error"]?["message"]) ?? Text(line["message"]) ?? "")];
        }

        if (Text(line["type"]) != "item.completed" || line["item"] is not JsonObject item)
        {
            return [];
        }

        return Text(item["type"]) switch
        {
            "agent_message" => [("says", Text(item["text"]) ?? "")],
            "command_execution" =>
                [
                    ("calls", Text(item["command"]) ?? ""),
                    (item["exit_code"]?.ToString() == "0" ? "gets" : "failed", Text(item["aggregated_output"]) ?? ""),
                ],
            "file_change" =>
                [("calls", $"changes {string.Join(", ", item["changes"]?.AsArray().Select(change => Text(change?["path"])) ?? [])}")],
            "error" => [("failed", Text(item["message"]) ?? "")],
            _ => [],
        };
    }

    private static IEnumerable<(string, string)> Claude(JsonObject line) =>
        Text(line["type"]) is "assistant" or "user" && line["message"]?["content"] is JsonArray parts
        ? parts.OfType<JsonObject>().SelectMany(part => (IEnumerable<(string, string)>)(Text(part["type"]) switch
        {
            "text" => [("says", Text(part["text"]) ?? "")],
            "tool_use" => [("calls", $"{Text(part["name"])} {part["input"]?.ToJsonString()}")],
            "tool_result" =>
                [
                    (part["is_error"]?.GetValueKind() == JsonValueKind.True ? "failed" : "gets", part["content"] is JsonArray texts ? string.Join('\n', texts.Select(text => Text(text?["text"]))) : Text(part["content"]) ?? ""),
                ],
            _ => [],
        }))
        : [];

    private static IEnumerable<(string, string)> OpenCode(JsonObject line) => (Text(line["type"]), line["part"]) switch
    {
        ("text", JsonObject part) => [("says", Text(part["text"]) ?? "")],
        ("tool_use", JsonObject part) =>
            [
                ("calls", $"{Text(part["tool"])} {part["state"]?["input"]?.ToJsonString()}"),
                (Text(part["state"]?["status"]) == "error" ? "failed" : "gets", Text(part["state"]?["output"]) ?? Text(part["state"]?["error"]) ?? ""),
            ],
        ("error", _) =>
            [("failed", Text(((line["error"] as JsonObject)?["data"] as JsonObject)?["message"]) ?? line["error"]?.ToJsonString() ?? "")],
        _ => [],
    };

    private static string? Text(JsonNode? node) => (node as JsonValue)?.TryGetValue<string>(out var text) == true ? text : null;

    private static JsonNode? Parse(string line)
    {
        try
        {
            return JsonNode.Parse(line);
        }
        catch (JsonException)
        {
            // Programs print words between their events, and a long output is cut in its middle.
            return null;
        }
    }
}
