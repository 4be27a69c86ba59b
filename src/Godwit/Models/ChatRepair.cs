using System.Text.Json;
using System.Text.Json.Nodes;

namespace Godwit.Models;

/// <summary>
/// Stands between OpenAI's SDK and servers that speak its dialect nearly: a reason to stop that the SDK doesn't know, or none, and
/// times with fractions would make it throw an answer away that was paid for.
/// </summary>
/// <param name="inner">Sends.</param>
internal sealed class ChatRepair(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private static readonly string[] Known = ["stop", "length", "tool_calls", "content_filter", "function_call"];

    // DeepSeek's word for an answer that it broke off.
    private const string BrokenOff = "insufficient_system_resource";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        var response = await base.SendAsync(request, cancellation);
        var type = response.Content.Headers.ContentType;
        var body = await response.Content.ReadAsByteArrayAsync(cancellation);
        response.Content = new ByteArrayContent(Repaired(body)) { Headers = { ContentType = type } };
        return response;
    }

    private static byte[] Repaired(byte[] body)
    {
        try
        {
            if (JsonNode.Parse(body) is not JsonObject answer)
            {
                return body;
            }

            foreach (var choice in (answer["choices"] as JsonArray)?.OfType<JsonObject>() ?? [])
            {
                var reason = GatewayProtocol.Text(choice["finish_reason"]);
                choice["finish_reason"] = Known.Contains(reason) ? reason : reason == BrokenOff ? "length" : "stop";
            }

            if (answer["created"] is JsonValue created && created.GetValueKind() == JsonValueKind.Number)
            {
                answer["created"] = (long)created.GetValue<JsonElement>().GetDouble();
            }

            return JsonSerializer.SerializeToUtf8Bytes(answer);
        }
        catch (JsonException)
        {
            // The SDK says what is wrong with it.
            return body;
        }
    }
}
