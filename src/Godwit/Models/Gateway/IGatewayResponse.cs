namespace Godwit.Models;

/// <summary>A request as the gateway gets it, whatever serves it.</summary>
/// <param name="Path">Without the base address and the version, such as <c>/chat/completions</c>.</param>
/// <param name="Query">With its question mark; empty for none.</param>
/// <param name="Token">What the caller sent as its key.</param>
/// <param name="Headers">Those that go on to the provider.</param>
/// <param name="Body">The body.</param>
public sealed record GatewayRequest(
    string Path, string Query, string Token, IReadOnlyList<KeyValuePair<string, string>> Headers, ReadOnlyMemory<byte> Body);

/// <summary>Where an answer of the gateway goes.</summary>
public interface IGatewayResponse
{
    /// <summary>Whether something has been sent.</summary>
    bool HasStarted { get; }

    /// <summary>Ended when the caller has gone.</summary>
    CancellationToken Gone { get; }

    /// <summary>Sends the head.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="contentType">Of the body.</param>
    /// <param name="retryAfter">When the caller had better come back; null where nobody says.</param>
    Task StartAsync(int status, string contentType, TimeSpan? retryAfter = null);

    /// <summary>Sends a part of the body, now. Does nothing when the caller has gone.</summary>
    Task WriteAsync(ReadOnlyMemory<byte> part);

    /// <summary>Breaks the answer off so that the caller sees that it isn't whole.</summary>
    void Abort();
}
