using System.Net.Http.Headers;

namespace Godwit.Models;

/// <summary>A connection to a provider by its plain protocol, with its key.</summary>
/// <param name="http">The connection; ends in a <see cref="FailureHandler"/>.</param>
/// <param name="dialect">The provider's dialect.</param>
/// <param name="address">The base address.</param>
/// <param name="key">The key; null where none is needed.</param>
internal sealed class ProviderConnection(HttpClient http, string dialect, Uri address, string? key)
{
    private readonly KeyRedaction _redaction = new(key);

    public HttpClient Http => http;

    /// <summary>A text without the key, which some proxies repeat.</summary>
    public string WithoutKey(string text) => _redaction.Of(text);

    /// <summary>A request with the provider's key in the place of the caller's.</summary>
    public HttpRequestMessage Message(string path, string query, byte[] body, IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        var version = dialect == "anthropic" ? "/v1" : "";
        var message = new HttpRequestMessage(HttpMethod.Post, new Uri($"{address.ToString().TrimEnd('/')}{version}{path}{query}"))
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        foreach (var (name, value) in headers)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        if (dialect == "anthropic")
        {
            message.Headers.TryAddWithoutValidation("x-api-key", key ?? "none");
        }
        else
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key ?? "none");
        }

        return message;
    }
}
