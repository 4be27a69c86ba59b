using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Godwit.Identity;
using Godwit.Tests.Durable;

namespace Godwit.Tests.Server;

/// <summary>A browser as the server sees it: a key, a token, and signed requests.</summary>
internal sealed class CentreClient : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private long _counter;

    public CentreClient(string address) => Http = new HttpClient { BaseAddress = new Uri(address) };

    public HttpClient Http { get; }

    public string Device { get; private set; } = "";

    public string Boot { get; private set; } = "";

    public string PublicKey => Convert.ToBase64String(_key.ExportSubjectPublicKeyInfo());

    /// <summary>Pairs with a link and takes a token.</summary>
    public static async Task<CentreClient> PairAsync(string link, string name = "a test")
    {
        var parts = link.Split("/#pair=");
        var client = new CentreClient(parts[0]);
        var paired = await client.Http.PostAsJsonAsync("/api/pair", new { code = parts[1], key = client.PublicKey, name });
        paired.EnsureSuccessStatusCode();
        client.Device = (await ReadAsync(paired)).GetProperty("id").GetString()!;
        Assert.Equal(System.Net.HttpStatusCode.OK, await client.TakeTokenAsync());
        return client;
    }

    public async Task<System.Net.HttpStatusCode> TakeTokenAsync()
    {
        var nonce = await ReadAsync(await Http.GetAsync("/api/nonce"));
        Boot = nonce.GetProperty("boot").GetString()!;
        var value = nonce.GetProperty("value").GetString()!;
        var reply = await Http.PostAsJsonAsync("/api/token", new { device = Device, nonce = value, signature = Sign($"token\n{Boot}\n{value}") });
        if (reply.IsSuccessStatusCode)
        {
            Http.DefaultRequestHeaders.Authorization =
                new AuthenticationHeaderValue("Bearer", (await ReadAsync(reply)).GetProperty("value").GetString());
        }

        return reply.StatusCode;
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        var reply = await Http.GetAsync(path);
        Assert.True(reply.IsSuccessStatusCode, $"{path}: {(int)reply.StatusCode} {await reply.Content.ReadAsStringAsync()}");
        return await ReadAsync(reply);
    }

    public Task<HttpResponseMessage> SendAsync(string path, object body, string method = "POST") => Http.SendAsync(Signed(path, body, method));

    /// <summary>A signed request, which a test may then change.</summary>
    public HttpRequestMessage Signed(string path, object body, string method = "POST")
    {
        var (text, counter) = (JsonSerializer.Serialize(body), (++_counter).ToString(CultureInfo.InvariantCulture));
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = new StringContent(text, Encoding.UTF8, "application/json") };
        request.Headers.Add("Godwit-Device", Device);
        request.Headers.Add("Godwit-Counter", counter);
        request.Headers.Add("Godwit-Signature", Sign($"{method}\n{path}\n{hash}\n{Boot}\n{counter}"));
        return request;
    }

    /// <summary>A request as a run keeps it.</summary>
    public SignedRequest SignedForm(string path, string body)
    {
        var request = new SignedRequest(Device, PublicKey, "POST", path, body, Boot, (++_counter).ToString(CultureInfo.InvariantCulture), "");
        return request with { Signature = Sign(request.Statement) };
    }

    /// <summary>What a run asks first, once it asks something.</summary>
    public async Task<JsonElement> AskAsync(string run)
    {
        JsonElement asks = default;
        await Eventually.TrueAsync(
            async () => (asks = (await GetAsync($"/api/runs/{run}")).GetProperty("state").GetProperty("asks")).GetArrayLength() > 0,
            $"{run} asks something");
        return asks[0];
    }

    /// <summary>An answer to something that was read.</summary>
    public static object Answer(JsonElement ask, bool grant, string? words = null) => new
    {
        id = ask.GetProperty("id").GetString(),
        hash = ask.GetProperty("hash").GetString(),
        grant,
        words,
        plan = (object?)null,
    };

    public static async Task<JsonElement> ReadAsync(HttpResponseMessage reply) =>
        JsonDocument.Parse(await reply.Content.ReadAsStringAsync()).RootElement.Clone();

    public void Dispose()
    {
        Http.Dispose();
        _key.Dispose();
    }

    private string Sign(string text) => Convert.ToBase64String(_key.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256));
}
