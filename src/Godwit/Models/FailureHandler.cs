using System.Globalization;
using System.Net;

namespace Godwit.Models;

/// <summary>Stands below the providers' SDKs and says in one way what failed; retrying is the pipeline's, never an SDK's.</summary>
/// <param name="provider">The provider's name for messages.</param>
/// <param name="redaction">Of the key, which some providers repeat in what they answer to a wrong one.</param>
/// <param name="time">The clock for Retry-After dates.</param>
internal sealed class FailureHandler(string provider, KeyRedaction redaction, TimeProvider time) : DelegatingHandler(
    new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
{
    private const HttpStatusCode Overloaded = (HttpStatusCode)529;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        HttpResponseMessage response;
        try
        {
            response = await base.SendAsync(request, cancellation);
        }
        catch (HttpRequestException error)
        {
            // Before a connection stands nothing can have been billed; afterwards it may have been.
            var kind = IsBeforeConnection(error.HttpRequestError) ? ModelFailure.Unavailable : ModelFailure.Broken;
            throw new ModelException(kind, $"{provider} can't be reached: {error.Message}");
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var body = redaction.Of(await response.Content.ReadAsStringAsync(cancellation));
            throw new ModelException(
                KindOf(response.StatusCode, body), $"{provider} answered {(int)response.StatusCode}: {Short(body)}",
                RetryAfter(response), (int)response.StatusCode, body);
        }
    }

    private static bool IsBeforeConnection(HttpRequestError error) => error
        is HttpRequestError.ConnectionError
        or HttpRequestError.NameResolutionError
        or HttpRequestError.SecureConnectionError
        or HttpRequestError.ProxyTunnelError;

    /// <summary>What a status and the words beside it mean.</summary>
    internal static ModelFailure KindOf(HttpStatusCode status, string body) => status switch
    {
        // Waiting doesn't fill an account.
        HttpStatusCode.TooManyRequests when IsOutOfCredit(body) => ModelFailure.Rejected,
        HttpStatusCode.TooManyRequests => ModelFailure.RateLimited,
        HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge when IsOverflow(body) => ModelFailure.ContextOverflow,

        // A proxy gave up waiting: what stands behind it may go on, and bill.
        HttpStatusCode.RequestTimeout or HttpStatusCode.GatewayTimeout => ModelFailure.Broken,
        HttpStatusCode.Conflict or Overloaded or >= HttpStatusCode.InternalServerError => ModelFailure.Unavailable,
        _ => ModelFailure.Rejected,
    };

    private static bool IsOutOfCredit(string body) =>
        ((string[])["insufficient_quota", "insufficient_credit", "out of credit", "credit balance", "billing_hard_limit", "exceeded your current quota"])
        .Any(words => body.Contains(words, StringComparison.OrdinalIgnoreCase));

    /// <summary>Providers have no common code for it, only words.</summary>
    private static bool IsOverflow(string body) =>
        ((string[])["context_length_exceeded", "prompt is too long", "context window", "maximum context length", "too many tokens"])
        .Any(words => body.Contains(words, StringComparison.OrdinalIgnoreCase));

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        if (response.Headers.TryGetValues("retry-after-ms", out var values)
            && double.TryParse(values.First(), NumberStyles.Float, CultureInfo.InvariantCulture, out var milliseconds))
        {
            return TimeSpan.FromMilliseconds(milliseconds);
        }

        return response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } when date > time.GetUtcNow() => date - time.GetUtcNow(),
            _ => null,
        };
    }

    private static string Short(string body) =>
        body.ReplaceLineEndings(" ") is { Length: > 300 } text ? text[..300] + "..." : body.ReplaceLineEndings(" ");
}
