namespace Godwit.Models;

/// <summary>Takes a provider's key out of what it answers: some proxies repeat a request's headers.</summary>
/// <param name="key">The key; null where there is none.</param>
internal sealed class KeyRedaction(string? key)
{
    private const string InPlaceOfKey = "(key)";

    /// <summary>A text without the key.</summary>
    public string Of(string text) => key is { Length: > 0 } ? text.Replace(key, InPlaceOfKey, StringComparison.Ordinal) : text;
}
