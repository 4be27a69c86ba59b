using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Godwit.Tests.Models;

/// <summary>Providers in moods that real ones were seen in, and requests that real clients send.</summary>
public sealed class GatewayMoodTests : GatewayFixture
{
    private const string Whole = """{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}]}""";
    private const string First =
        "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"hel\"},\"finish_reason\":null}]}\n\n";
    private const string Error = "data: {\"error\":{\"code\":502,\"message\":\"upstream overloaded\",\"type\":\"server_error\"}}\n\n";

    [Theory]
    [InlineData(First + Error, "/v1/chat/completions", "m")]
    [InlineData(First + Error + "data: [DONE]\n\n", "/v1/chat/completions", "m")]
    [InlineData("event: message_start\ndata: " +
    "{\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":11,\"output_tokens\":1}}}\n\nevent: " +
    "content_block_delta\ndata: " +
    "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hel\"}}\n\nevent: " +
    "error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"upstream " +
    "overloaded\"}}\n\n", "/v1/messages", "c")]
    public async Task Stream_ErrorAfterTheFirstWord_ReachesTheCallerAsTheDialectHasIt(string stream, string path, string model)
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply { Body = stream });
        await ServeAsync(server);
        var body = Chat(stream: true);
        body["model"] = model;
        using var answer = await PostAsync(path, body);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.Contains("hel", text, StringComparison.Ordinal);
        Assert.Contains("upstream overloaded", text, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    /// <summary>
    /// Before the first word it is a failed call, and so is an error that stands where an answer should: another model is asked,
    /// and nothing is booked.
    /// </summary>
    [Theory]
    [InlineData("data: {\"error\":{\"code\":429,\"message\":\"rate limited upstream\"}}\n\n", true)]
    [InlineData("data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"},\"finish_reason\":null}]}\n\n" + Error, true)]
    [InlineData("""{"error":{"code":502,"message":"the provider behind failed"}}""", false)]
    [InlineData("""{"error":{"message":"the account is out of credit","type":"insufficient_quota"}}""", false)]
    public async Task Answer_ErrorInPlaceOfWords_IsTriedElsewhereAndCostsNothing(string failed, bool stream)
    {
        var good =
            stream ? First + "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n"
            : Whole.Replace(
                "\"choices\"", "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2},\"choices\"", StringComparison.Ordinal);
        using var server = new ScriptedProvider(
            request => new ScriptedReply { Body = request["model"]!.ToString() == "first" ? failed : good });
        await ServeAsync(
            server, dollars: 1,
            models: "models: { a: { provider: chat, id: first, input: 5, output: 30, max_output: 100 }, b: { provider: chat, " +
            "id: second, input: 5, output: 30, max_output: 100 } }\nroles: { worker: [a, b] }");
        using var answer = await PostAsync("/v1/chat/completions", Chat(stream: stream));
        Assert.Contains("hel", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains(server.Requests, request => request["model"]!.ToString() == "second");
        Assert.Equal((10 * 5 + 2 * 30) / 1_000_000m, Run!.Spent.Dollars);
    }

    [Theory]
    [InlineData(200, """{"error":{"code":502,"message":"the provider behind failed"}}""", 502)]
    [InlineData(429, """{"error":{"message":"the account is out of credit","type":"insufficient_quota","code":"insufficient_quota"}}""", 429)]
    public async Task Answer_OnlyErrors_TheProvidersWordsReachTheCaller(int status, string words, int told)
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply { Status = status, Body = words });
        await ServeAsync(server);
        using var answer = await PostAsync("/v1/chat/completions", Chat());
        Assert.Equal(told, (int)answer.StatusCode);
        Assert.Equal(words, await answer.Content.ReadAsStringAsync());
        Assert.Equal(0, Run!.Spent.Dollars);
    }

    [Fact]
    public async Task Answer_WithoutACount_CountsByGodwitsOwnUnderABudgetOfTokens()
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply { Body = Whole });
        await ServeAsync(server, tokens: 10_000, models: "models: { local: { provider: chat, id: x } }\nroles: { worker: [local] }");
        using var answer = await PostAsync("/v1/chat/completions", Chat());
        Assert.Equal(Whole, await answer.Content.ReadAsStringAsync());
        Assert.InRange(Run!.Spent.Tokens, 20, 300);
    }

    /// <summary>A picture's bytes are no text, and no worst case is above what the model takes.</summary>
    [Fact]
    public async Task Request_LargePicture_IsReservedAsAPicture()
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("a cat"));
        await ServeAsync(server, dollars: 0.10m, maxOutput: 100);
        var picture = "data:image/png;base64," + Convert.ToBase64String(new byte[760_000]);
        using var answer = await PostAsync("/v1/chat/completions", new JsonObject
        {
            ["model"] = "m", ["max_tokens"] = 50,
            ["messages"] = new JsonArray(
                new JsonObject
                {
                    ["role"] = "user",
                    ["content"] = new JsonArray(
                        new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = picture } }),
                }),
        });
        Assert.NotEqual(HttpStatusCode.PaymentRequired, answer.StatusCode);
        Assert.Contains(
            picture, server.Requests[0].ToJsonString().Replace("\\u002B", "+", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("max_completion_tokens", 50)]
    [InlineData("max_tokens", 50)]
    [InlineData("max_tokens", -1)]
    [InlineData("max_tokens", 0)]
    [InlineData(null, 0)]
    public async Task Request_WithoutABudget_KeepsTheCapsThatTheClientSent(string? name, int value)
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("ok"));
        await ServeAsync(server);
        var body = Chat();
        body.Remove("max_tokens");
        if (name is not null)
        {
            body[name] = value;
        }

        using var answer = await PostAsync("/v1/chat/completions", body);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        foreach (var known in (string[])["max_tokens", "max_completion_tokens"])
        {
            Assert.Equal(known == name ? value : null, server.Requests[0][known]?.GetValue<int>());
        }
    }

    [Fact]
    public async Task Request_ProviderTakesNotWhatTheGatewayAdds_IsSentWithoutIt()
    {
        using var server = new ScriptedProvider(request => request["stream_options"] is not null
            ? new ScriptedReply { Status = 422, Body = """{"error":{"message":"stream_options is not taken here"}}""" }
            : request["max_tokens"] is not null ? new ScriptedReply { Status = 400, Body = """{"error":{"message":"max_tokens is not taken here"}}""" } : new ScriptedReply("ok"));
        await ServeAsync(server, dollars: 1);
        var body = Chat(stream: true);
        body.Remove("max_tokens");
        using var answer = await PostAsync("/v1/chat/completions", body);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(1000, server.Requests[^1]["max_completion_tokens"]!.GetValue<int>());
    }

    /// <summary>Any other field makes another request: it is asked anew, and its answer is its own.</summary>
    [Theory]
    [InlineData("logprobs", "true")]
    [InlineData("stream_options", """{"include_usage":true}""")]
    [InlineData("presence_penalty", "1.5")]
    public async Task Request_AnotherFieldAfterACallerHasGone_IsAskedAnew(string field, string value)
    {
        using var gate = new ManualResetEventSlim();
        using var server = new ScriptedProvider(_ =>
        {
            gate.Wait(TimeSpan.FromSeconds(10));
            return new ScriptedReply("ok");
        });
        await ServeAsync(server);
        using (var leaving = new CancellationTokenSource())
        {
            var message = new HttpRequestMessage(HttpMethod.Post, $"{Server!.Address}/v1/chat/completions")
            {
                Content = new StringContent(Chat().ToJsonString()),
            };
            message.Headers.TryAddWithoutValidation("x-api-key", Key);
            var gone = Http.SendAsync(message, leaving.Token);
            await Godwit.Tests.Durable.Eventually.TrueAsync(() => server.Requests.Count == 1, "the first is out");
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        }

        gate.Set();
        var other = Chat();
        other[field] = JsonNode.Parse(value);
        using var answer = await PostAsync("/v1/chat/completions", other);
        await answer.Content.ReadAsStringAsync();
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task Request_CompressedBody_ModelByNameEmbeddingsAndCounts_Work()
    {
        using var server = new ScriptedProvider(request => request["input"] is not null
            ? new ScriptedReply { Body = """{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1]}],"usage":{"prompt_tokens":3,"total_tokens":3}}""" }
            : new ScriptedReply { Body = """{"input_tokens": 42}""" });
        await ServeAsync(server, dollars: 1);
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionMode.Compress, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes("""{"model":"m","input":"embed this"}"""));
        }

        var message = new HttpRequestMessage(HttpMethod.Post, $"{Server!.Address}/v1/embeddings")
        {
            Content = new ByteArrayContent(packed.ToArray()),
        };
        message.Content.Headers.ContentEncoding.Add("gzip");
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        message.Headers.TryAddWithoutValidation("x-api-key", Key);
        using (var embedded = await Http.SendAsync(message))
        {
            Assert.Contains("0.1", await embedded.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(3 * 5 / 1_000_000m, Run!.Spent.Dollars);
        using var counted = await PostAsync(
            "/v1/messages/count_tokens", new JsonObject { ["model"] = "c", ["messages"] = new JsonArray() });
        Assert.Contains("42", await counted.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("\"id\":\"m\"", await Http.GetStringAsync($"{Server.Address}/v1/models/m"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await Http.GetAsync($"{Server.Address}/v1/models/none")).StatusCode);
    }

    [Fact]
    public async Task Request_PlainTextDocument_GoesThrough()
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("read"));
        await ServeAsync(server);
        using var answer = await PostAsync("/v1/messages", (JsonObject)JsonNode.Parse("""
            {"model":"c","max_tokens":9,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"words"}},{"type":"text","text":"sum up"}]}]}
            """)!);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }
}
