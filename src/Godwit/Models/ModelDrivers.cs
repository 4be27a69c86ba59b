using System.Collections.Concurrent;
using Godwit.Identity;

namespace Godwit.Models;

/// <summary>The drivers of a catalogue's providers, made when they are first needed. Keys stay in here.</summary>
/// <param name="catalogue">The providers.</param>
/// <param name="time">The clock.</param>
public sealed class ModelDrivers(ModelCatalogue catalogue, TimeProvider time) : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<IModelDriver>> _drivers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<ProviderConnection>> _plain = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<HttpClient> _connections = [];

    /// <summary>The driver of a provider.</summary>
    /// <exception cref="ModelException">It isn't in the catalogue, or its key isn't to be had.</exception>
    public IModelDriver Of(string provider) =>
        _drivers.GetOrAdd(provider, name => new Lazy<IModelDriver>(() => Make(name), LazyThreadSafetyMode.PublicationOnly)).Value;

    /// <summary>A provider's plain connection, for callers that speak its dialect themselves.</summary>
    /// <exception cref="ModelException">It isn't in the catalogue, isn't reached by HTTP, or its key isn't to be had.</exception>
    internal ProviderConnection ConnectionOf(string provider) =>
        _plain.GetOrAdd(provider, name => new Lazy<ProviderConnection>(() => Connect(name), LazyThreadSafetyMode.PublicationOnly)).Value;

    /// <summary>Why a provider can't be asked, as far as that is known without asking; null where nothing is known to be wrong.</summary>
    public string? Lacks(string provider)
    {
        try
        {
            Of(provider);
            return null;
        }
        catch (ModelException lack)
        {
            return lack.Message;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var connection in _connections)
        {
            connection.Dispose();
        }
    }

    private IModelDriver Make(string name)
    {
        var provider = catalogue.Providers.GetValueOrDefault(name)
            ?? throw new ModelException(ModelFailure.Rejected, $"there is no provider '{name}'");
        if (provider.Dialect == "mailbox")
        {
            return new MailboxDriver(provider.Url ?? throw Wrong(name, "a mailbox needs url: FOLDER"), time);
        }

        var (http, key) = Open(name, provider, repaired: provider.Dialect == "compatible");
        var address = provider.Url is null ? null : AddressOf(name, provider.Url);
        IModelDriver driver = provider.Dialect switch
        {
            "anthropic" => new AnthropicDriver(http, address, key),
            "openai" or "compatible" =>
                new OpenAIChatDriver(http, address ?? throw Wrong(name, "it needs url: ADDRESS"), key, provider.Dialect == "compatible"),
            "responses" => new OpenAIResponsesDriver(http, address ?? throw Wrong(name, "it needs url: ADDRESS"), key),
            _ => throw Wrong(name, $"'{provider.Dialect}' is no dialect; use compatible, openai, responses, anthropic or mailbox"),
        };
        return key is { Length: > 0 } ? new RedactingDriver(driver, new KeyRedaction(key)) : driver;
    }

    private static Uri AddressOf(string provider, string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
        ? address
        : throw Wrong(provider, $"'{url}' is no address of http or https");

    private ProviderConnection Connect(string name)
    {
        var provider = catalogue.Providers.GetValueOrDefault(name)
            ?? throw new ModelException(ModelFailure.Rejected, $"there is no provider '{name}'");
        if (provider.Dialect == "mailbox")
        {
            throw Wrong(name, "a mailbox answers Godwit's own agents only; outside programs need a provider that is reached by HTTP");
        }

        var (http, key) = Open(name, provider);
        var address = provider.Url
            ?? (provider.Dialect == "anthropic" ? "https://api.anthropic.com" : throw Wrong(name, "it needs url: ADDRESS"));
        return new ProviderConnection(http, provider.Dialect, AddressOf(name, address), key);
    }

    private (HttpClient Http, string? Key) Open(string name, ModelProvider provider, bool repaired = false)
    {
        var key = Key(name, provider);
        HttpMessageHandler handler = new FailureHandler(name, new KeyRedaction(key), time);
        var http = new HttpClient(repaired ? new ChatRepair(handler) : handler) { Timeout = TimeSpan.FromMinutes(15) };
        _connections.Add(http);
        return (http, key);
    }

    private static string? Key(string name, ModelProvider provider)
    {
        if (provider.KeyFile is { } file)
        {
            try
            {
                return SecretFile.Read(file);
            }
            catch (FormatException missing)
            {
                throw Wrong(name, missing.Message);
            }
        }

        return provider.Key is null
            ? null
            : Environment.GetEnvironmentVariable(provider.Key) is { Length: > 0 } key
                ? key
                : throw Wrong(name, $"{provider.Key} isn't set; export it, or give the provider key_file: FILE");
    }

    private static ModelException Wrong(string provider, string what) => new(ModelFailure.Rejected, $"provider '{provider}': {what}");
}
