using System.Text.Json;
using System.Text.Json.Nodes;

namespace Godwit.Models;

/// <summary>Fields of a request that change what it costs beyond what the catalogue's prices and the cap on the reply say.</summary>
internal static class DearerRequest
{
    // Tiers that cost what the catalogue says, or less. OpenAI calls its dearer one priority, or fast; Anthropic's own speed is
    // called fast.
    private static readonly string[] Tiers = ["auto", "default", "standard", "standard_only", "flex"];

    /// <summary>Why a request can't be bounded; null where it can.</summary>
    public static string? Find(JsonObject request) =>
        GatewayProtocol.Text(request["service_tier"]) is { } tier
            && !Tiers.Contains(tier) ? $"service_tier {tier} has prices of its own, which the catalogue doesn't know; ask without it"
        : GatewayProtocol.Text(request["speed"]) is { } speed
            && speed != "standard" ? $"speed {speed} has prices of its own, which the catalogue doesn't know; ask without it"
        : GatewayProtocol.Text(request["inference_geo"]) is { } place
            && place != "global" ? $"inference_geo {place} has prices of its own, which the catalogue doesn't know; ask without it"
        : request["models"] is JsonArray { Count: > 0 }
            || request["provider"] is JsonObject { Count: > 0 } ? "which model and provider answers is the role's to say; ask " +
            "without models and provider"
        : request["plugins"] is JsonArray { Count: > 0 } ? "a plugin of the provider's adds what can't be counted; switch it off"
        : IsAbove(request["n"], 1) || IsAbove(request["best_of"], 1) ? "n above 1 has no single cap; ask once for each answer"
        : request["prediction"] is JsonObject ? "what is rejected of a prediction is billed beyond the cap; ask without it"
        : request["modalities"] is JsonArray kinds
            && kinds.Any(
                kind => GatewayProtocol.Text(kind) is { } name
                    && name != "text") ? "other modalities than text have prices of their own, which the catalogue doesn't " +
                    "know; ask without them"
        : Compacts(request["context_management"]) ? "a summary that the provider makes by itself is billed beside the reply; " +
        "cut the conversation yourself"
        : null;

    private static bool IsAbove(JsonNode? node, double most) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.GetValue<JsonElement>().GetDouble() > most;

    private static bool Compacts(JsonNode? node) => node switch
    {
        JsonObject part =>
            GatewayProtocol.Text(part["type"])?.StartsWith("compact", StringComparison.Ordinal) == true
                || part.Any(pair => Compacts(pair.Value)),
        JsonArray list => list.Any(Compacts),
        _ => false,
    };
}
