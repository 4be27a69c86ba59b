using Godwit.Durable;

namespace Godwit.Models;

/// <summary>A model in the catalogue. Prices are in US dollars a million tokens.</summary>
public sealed record ModelEntry
{
    private const decimal Million = 1_000_000;

    /// <summary>Its name in Godwit's files.</summary>
    public required string Name { get; init; }

    /// <summary>The provider that serves it.</summary>
    public required string Provider { get; init; }

    /// <summary>The provider's own name for it.</summary>
    public required string Id { get; init; }

    /// <summary>The longest conversation in tokens; 0 where it isn't known.</summary>
    public long Context { get; init; }

    /// <summary>The longest reply in tokens; 0 where it isn't known.</summary>
    public int MaxOutput { get; init; }

    /// <summary>Price of input; null where it isn't known.</summary>
    public decimal? Input { get; init; }

    /// <summary>Price of input from the provider's cache; null for that of input.</summary>
    public decimal? CachedInput { get; init; }

    /// <summary>Price of output; null where it isn't known.</summary>
    public decimal? Output { get; init; }

    /// <summary>How good the user takes it to be, from 0 to 100; 0 where nobody has said.</summary>
    public int Quality { get; init; }

    /// <summary>Whether a money budget can hold it.</summary>
    public bool IsPriced => Input is not null && Output is not null;

    /// <summary>The most that a request can cost: all input uncached, the reply at its cap.</summary>
    public Charge WorstCase(ModelRequest request)
    {
        var (input, output) = (TokenBound.Of(request, Name), Capped(request).MaxOutput);
        return new Charge((input * (Input ?? 0) + output * (Output ?? 0)) / Million, input + output);
    }

    /// <summary>The request with a reply no longer than the model can give.</summary>
    internal ModelRequest Capped(ModelRequest request) =>
        MaxOutput > 0 && MaxOutput < request.MaxOutput ? request with { MaxOutput = MaxOutput } : request;

    /// <summary>What a call cost by the provider's own count.</summary>
    public Charge Cost(ModelUsage usage) => new(
        ((usage.Input - usage.CachedInput + usage.Surcharge) * (Input ?? 0) + usage.CachedInput * (CachedInput ?? Input ?? 0) + usage.Output * (Output ?? 0)) / Million,
        usage.Input + usage.Output);
}
