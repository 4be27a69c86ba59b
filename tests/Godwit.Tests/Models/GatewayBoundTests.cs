using System.Net;
using System.Text.Json.Nodes;

namespace Godwit.Tests.Models;

/// <summary>What a caller of the gateway can spend at most, and what is refused because nobody could say.</summary>
public sealed class GatewayBoundTests : GatewayFixture
{
    [Theory]
    [InlineData("/v1/chat/completions", "{\"model\":\"m\",\"messages\":[]}", "wrong", 401, "doesn't know this key")]
    [InlineData("/v1/elsewhere", "{}", null, 404, "godwit serves")]
    [InlineData("/v1/chat/completions", "{\"model\":\"c\",\"messages\":[]}", null, 400, "can't be asked by /chat/completions")]
    [InlineData("/v1/chat/completions", "{\"model\":\"m\",\"messages\":[],\"n\":3}", null, 400, "n above 1")]
    [InlineData("/v1/chat/completions", "{\"model\":\"m\",\"messages\":[],\"n\":2.0}", null, 400, "n above 1")]
    [InlineData("/v1/chat/completions", "{\"model\":\"m\",\"messages\":[],\"service_tier\":\"priority\"}", null, 400, "prices of its own")]
    [InlineData("/v1/responses", "{\"model\":\"m\",\"input\":[],\"service_tier\":\"fast\"}", null, 400, "prices of its own")]
    [InlineData("/v1/messages", "{\"model\":\"c\",\"max_tokens\":9,\"messages\":[],\"speed\":\"fast\"}", null, 400, "prices of its own")]
    [InlineData("/v1/messages", "{\"model\":\"c\",\"max_tokens\":9,\"messages\":[],\"context_management\":{\"edits\":[{\"type\":\"compact_20260112\"}]}}", null, 400, "billed beside the reply")]
    [InlineData("/v1/chat/completions", "{\"model\":\"m\",\"messages\":[],\"models\":[\"dear\"]}", null, 400, "the role's to say")]
    [InlineData("/v1/chat/completions", "{\"model\":\"m\",\"messages\":[],\"plugins\":[{\"id\":\"web\"}]}", null, 400, "adds what can't be counted")]
    [InlineData("/v1/chat/completions", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x/y.png\"}}]}]}", null, 400, "send it inline")]
    [InlineData("/v1/chat/completions", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"HTTPS://x/y.png\"}}]}]}", null, 400, "send it inline")]
    [InlineData("/v1/messages", "{\"model\":\"c\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"document\",\"source\":{\"type\":\"base64\",\"data\":\"JVBERg==\"}}]}]}", null, 400, "send its text")]
    [InlineData("/v1/messages", "{\"model\":\"c\",\"max_tokens\":9,\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}],\"messages\":[]}", null, 400, "tool web_search_20250305 runs at the provider")]
    [InlineData("/v1/responses", "{\"model\":\"m\",\"input\":[{\"type\":\"item_reference\",\"id\":\"r\"}]}", null, 400, "send it inline")]
    [InlineData("/v1/chat/completions", "{\"model\":\"m\",\"messages\":[],\"web_search_options\":{}}", null, 400, "asks by itself")]
    [InlineData("/v1/messages", "{\"model\":\"c\",\"max_tokens\":9,\"messages\":[],\"mcp_servers\":[{\"url\":\"https://x\"}]}", null, 400, "asks by itself")]
    [InlineData("/v1/responses", "{\"model\":\"m\",\"input\":[],\"prompt\":{\"id\":\"p\"}}", null, 400, "send the whole of it")]
    [InlineData("/v1/responses", "{\"model\":\"m\",\"input\":[],\"previous_response_id\":\"r\"}", null, 400, "send the whole of it")]
    public async Task Request_CantBeServed_OneLineInTheDialectsForm(string path, string body, string? key, int status, string words)
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("never"));
        await ServeAsync(server);
        using var answer = await PostAsync(path, JsonNode.Parse(body)!.AsObject(), key);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Contains(
            words, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["error"]!["message"]!.GetValue<string>(),
            StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Request_NameTwice_IsNoRequest()
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("never"));
        await ServeAsync(server);
        using var message = new HttpRequestMessage(HttpMethod.Post, $"{Server!.Address}/v1/chat/completions")
        {
            Content = new StringContent("{\"model\":\"m\",\"model\":\"n\",\"messages\":[]}"),
        };
        message.Headers.TryAddWithoutValidation("x-api-key", Key);
        using var answer = await Http.SendAsync(message);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("has a name twice", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    /// <summary>A count in a stream's first part isn't all of it, and one that can't be is none.</summary>
    [Theory]
    [InlineData("data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":null}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":1}}\n\n", true)]
    [InlineData("{\"object\":\"chat.completion\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":-1000000,\"completion_tokens\":1}}", false)]
    public async Task Answer_CountIsntAllOrCantBe_IsBookedAtItsWorstCase(string body, bool stream)
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply { Body = body });
        await ServeAsync(server, dollars: 10);
        try
        {
            using var answer = await PostAsync("/v1/chat/completions", Chat(stream: stream));
            await answer.Content.ReadAsStringAsync();
        }
        catch (HttpRequestException)
        {
            // A stream that has begun can only be broken off.
        }

        await Godwit.Tests.Durable.Eventually.TrueAsync(() => Run!.Spent.Dollars > 0.01m, "its worst case is booked");
    }

    [Fact]
    public async Task Budget_ManyCallersAtOnce_TheProviderBillsNearlyAllAndNeverMore()
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("ok") { OutputTokens = 90 });
        await ServeAsync(server, dollars: 0.20m, maxOutput: 100);
        var statuses = await Task.WhenAll(Enumerable.Range(0, 150).Select(async number =>
        {
            using var answer = await PostAsync("/v1/chat/completions", Chat($"{number}", number % 2 == 0));
            await answer.Content.ReadAsByteArrayAsync();
            return (int)answer.StatusCode;
        }));
        Assert.Equal([200, 402], statuses.Distinct().Order());
        Assert.InRange(server.Billed, 0.18m, 0.20m);
        Assert.Equal(server.Billed, Run!.Spent.Dollars);
    }

    [Theory]
    [InlineData(0, 32_000, 32_000)]
    [InlineData(1000, 32_000, 1000)]
    [InlineData(1000, null, 1000)]
    [InlineData(0, null, 8192)]
    [InlineData(128_000, null, 32_768)]
    [InlineData(128_000, 100_000, 100_000)]
    public async Task Request_Cap_IsTheCallersUnlessTheModelCantGiveSoMuch(int maxOutput, int? asked, int sent)
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("ok"));
        await ServeAsync(server, dollars: 1000, maxOutput: maxOutput);
        var body = Chat();
        body["max_tokens"] = asked;
        using var answer = await PostAsync("/v1/chat/completions", body);
        Assert.Equal(sent, server.Requests[0]["max_tokens"]!.GetValue<int>());
    }

    [Theory]
    [InlineData(null, 0, 0)]
    [InlineData("5m", 1000, 0.25)]
    [InlineData("1h", 1000, 1)]
    public async Task Messages_WriteToTheCache_CostsAsTheProviderBillsIt(string? kept, int written, double share)
    {
        var usage = new JsonObject
        {
            ["input_tokens"] = 10,
            ["cache_read_input_tokens"] = 0,
            ["cache_creation_input_tokens"] = written,
            ["output_tokens"] = 20,
            ["cache_creation"] = new JsonObject { ["ephemeral_1h_input_tokens"] = kept == "1h" ? written : 0 },
        };
        using var server = new ScriptedProvider(_ => new ScriptedReply
        {
            Body = new JsonObject
            {
                ["id"] = "m",
                ["type"] = "message",
                ["role"] = "assistant",
                ["model"] = "s",
                ["content"] = new JsonArray(),
                ["stop_reason"] = "end_turn",
                ["usage"] = usage.DeepClone(),
            }.ToJsonString(),
        });
        await ServeAsync(server);
        var text = new JsonObject { ["type"] = "text", ["text"] = new string('x', 1000) };
        if (kept is not null)
        {
            text["cache_control"] = new JsonObject { ["type"] = "ephemeral", ["ttl"] = kept };
        }

        using var answer = await PostAsync(
            "/v1/messages",
            new JsonObject
            {
                ["model"] = "c",
                ["max_tokens"] = 20,
                ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = new JsonArray(text) }),
            });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(((10 + written + written * (decimal)share) * 5 + 20 * 30) / 1_000_000, Run!.Spent.Dollars);
    }

    [Theory]
    [InlineData(503, null)]
    [InlineData(429, "3600")]
    public async Task Request_NoProviderAnswers_CallerIsToldAfterAWhileAndNothingIsBooked(int status, string? retryAfter)
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply { Status = status, RetryAfter = retryAfter });
        await ServeAsync(server, dollars: 1, patience: 1);
        using var answer = await PostAsync("/v1/chat/completions", Chat());
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(retryAfter, answer.Headers.RetryAfter?.ToString());
        Assert.True(server.Requests.Count > 1 || retryAfter is not null, "it wasn't tried again");
        Assert.Equal(0, Run!.Spent.Dollars);
    }
}
