using System.Text.Json.Nodes;

namespace Godwit.Models;

/// <summary>
/// Parts of a request that a provider fetches, reads or searches by itself: how many tokens that makes can't be known beforehand.
/// </summary>
internal static class UncountedContent
{
    private static readonly string[] Addresses = ["url", "image_url", "file_url", "server_url"];
    private static readonly string[] Files = ["document", "file", "input_file"];
    private static readonly string[] HostedTools =
        ["web_search", "web_fetch", "file_search", "mcp", "code_interpreter", "code_execution", "image_generation"];

    /// <summary>Why a request can't be counted; null where it can.</summary>
    public static string? Find(JsonObject request) =>
        request["web_search_options"] is not null || request["mcp_servers"] is JsonArray { Count: > 0 }
        ? "a search or a server that the provider asks by itself adds what can't be counted; switch it off"
        : (request["tools"] as JsonArray)?.OfType<JsonObject>()
            .Select(tool => GatewayProtocol.Text(tool["type"]))
            .FirstOrDefault(
                type => type is not null && HostedTools.Any(hosted => type.StartsWith(hosted, StringComparison.Ordinal))) is { } name
            ? $"tool {name} runs at the provider, and what it adds can't be counted; switch it off"
            : InContent(request["messages"]) ?? InContent(request["input"]) ?? InContent(request["system"]);

    private static string? InContent(JsonNode? node) => node switch
    {
        JsonArray list => list.Select(InContent).FirstOrDefault(found => found is not null),
        JsonObject part => OfPart(part),
        _ => null,
    };

    private static string? OfPart(JsonObject part)
    {
        var type = GatewayProtocol.Text(part["type"]);
        if (type == "tool_use")
        {
            // What a model has written itself is text, whatever it looks like.
            return null;
        }

        if (type == "item_reference"
            || part["file_id"] is JsonValue
            || Addresses.Any(name => GatewayProtocol.Text(part[name])?.StartsWith("http", StringComparison.OrdinalIgnoreCase) == true))
        {
            return "what the provider fetches by itself (an address, or the id of something that it keeps) can't be counted; " +
            "send it inline";
        }

        return Files.Contains(type) && GatewayProtocol.Text(part["source"]?["type"]) is not ("text" or "content")
            ? "a file is billed by its pages, which can't be counted; send its text"
            : part.Select(pair => InContent(pair.Value)).FirstOrDefault(found => found is not null);
    }
}
