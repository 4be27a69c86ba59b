namespace Godwit.Models;

/// <summary>What went wrong with a call of a model.</summary>
public enum ModelFailure
{
    /// <summary>Too many requests, or tokens, a minute: the provider asks to wait.</summary>
    RateLimited,

    /// <summary>The provider is overloaded, down or can't be reached; nothing was billed.</summary>
    Unavailable,

    /// <summary>The answer broke off after the request had been taken: it may have been billed.</summary>
    Broken,

    /// <summary>The conversation is longer than the model's context.</summary>
    ContextOverflow,

    /// <summary>The request, or its key, isn't accepted; asking again won't help.</summary>
    Rejected,
}

/// <summary>A call of a model failed.</summary>
/// <param name="kind">How.</param>
/// <param name="message">One line that names the provider.</param>
/// <param name="retryAfter">How long the provider asks to wait.</param>
/// <param name="status">The HTTP status that it answered with.</param>
/// <param name="body">What it answered, without the key.</param>
public sealed class ModelException(
    ModelFailure kind, string message, TimeSpan? retryAfter = null, int? status = null, string? body = null) : Exception(message)
{
    /// <summary>The HTTP status that the provider answered with; null where it didn't answer.</summary>
    public int? Status { get; } = status;

    /// <summary>What it answered, without the key; null where it didn't answer.</summary>
    public string? Body { get; } = body;

    /// <summary>It came as an answer: the provider is there, and repeating the call for long is of no use.</summary>
    public bool IsAnswer { get; init; }

    /// <summary>How it failed.</summary>
    public ModelFailure Kind { get; } = kind;

    /// <summary>How long the provider asks to wait; null where it doesn't say.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;
}

/// <summary>Waiting for a model was ended while no call was out: nothing can have been billed.</summary>
/// <param name="cancellation">What ended it.</param>
internal sealed class WaitEndedException(CancellationToken cancellation) : OperationCanceledException(
    "ended while waiting for a model", cancellation);
