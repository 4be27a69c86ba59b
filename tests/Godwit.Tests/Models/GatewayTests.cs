#pragma warning disable OPENAI001 // The SDK marks the responses protocol as new.
using System.ClientModel;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Anthropic;
using Godwit.Durable;
using Godwit.Models;
using Godwit.Playbooks;
using Godwit.Playbooks.Gateway;
using Godwit.Server;
using Microsoft.Extensions.AI;
using OpenAI;

namespace Godwit.Tests.Models;

/// <summary>The gateway over real HTTP, with the providers' own SDKs as its callers and scripted providers behind it.</summary>
public sealed class GatewayTests : IAsyncDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("godwit-test-");
    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _http = new();
    private GatewayRun? _run;
    private GatewayServer? _server;
    private string _key = "";

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_server is not null)
        {
            await _server.DisposeAsync();
            await _run!.DisposeAsync();
        }

        _http.Dispose();
        _stop.Dispose();
        _root.Delete(recursive: true);
    }

    private async Task ServeAsync(ScriptedProvider server, decimal? dollars = null, int maxOutput = 1000, double patience = 120)
    {
        var store = new RunStore(_root.FullName);
        File.WriteAllText(store.Models, $$"""
            providers:
              chat: { dialect: compatible, url: "{{server.Address}}/v1" }
              messages: { dialect: anthropic, url: "{{server.Address}}" }
            models:
              m: { provider: chat, id: scripted, input: 5, output: 30, max_output: {{maxOutput}} }
              c: { provider: messages, id: scripted, input: 5, output: 30, max_output: {{maxOutput}} }
            roles: { worker: [m, c] }
            """);
        _run = await GatewayRun.StartAsync(store, new GatewayInput { Dollars = dollars, PatienceSeconds = patience }, new DurableOptions());
        _ = _run.Run.RunAsync(_stop.Token);
        _key = (await _run.Client).Token;
        _server = await GatewayServer.StartAsync(_run.Gateway, 0);
    }

    private async Task<HttpResponseMessage> PostAsync(string path, JsonObject body, string? key = null)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, _server!.Address + path) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
        message.Headers.TryAddWithoutValidation("x-api-key", key ?? _key);
        return await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
    }

    private static JsonObject Chat(string text = "hello", bool stream = false) => new()
    {
        ["model"] = "anything", ["stream"] = stream, ["max_tokens"] = 400, ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }),
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ChatCompletions_BySdk_WordsCallsAndCostArrive(bool stream)
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("well, all is well", ("read", """{"path":"b"}""")));
        await ServeAsync(server);
        var client = new OpenAI.Chat.ChatClient("m", new ApiKeyCredential(_key), new OpenAIClientOptions { Endpoint = new Uri($"{_server!.Address}/v1") });
        var words = new StringBuilder();
        var calls = new List<string>();
        if (stream)
        {
            await foreach (var update in client.CompleteChatStreamingAsync(new OpenAI.Chat.UserChatMessage("hello")))
            {
                words.Append(string.Concat(update.ContentUpdate.Select(part => part.Text)));
                calls.AddRange(update.ToolCallUpdates.Select(call => call.FunctionArgumentsUpdate.ToString()));
            }
        }
        else
        {
            var completion = (await client.CompleteChatAsync(new OpenAI.Chat.UserChatMessage("hello"))).Value;
            words.Append(completion.Content[0].Text);
            calls.AddRange(completion.ToolCalls.Select(call => call.FunctionArguments.ToString()));
        }

        Assert.Equal(("well, all is well", """{"path":"b"}"""), (words.ToString(), string.Concat(calls)));
        Assert.Equal(server.Billed, _run!.Spent.Dollars);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Messages_BySdk_WordsCallsAndCostArrive(bool stream)
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("well, all is well", ("read", """{"path":"b"}""")));
        await ServeAsync(server);
        var client = new AnthropicClient { ApiKey = _key, BaseUrl = _server!.Address!, MaxRetries = 0 }.AsIChatClient("c", 400);
        var response = stream ? await client.GetStreamingResponseAsync("hello").ToChatResponseAsync() : await client.GetResponseAsync("hello");
        Assert.Equal("well, all is well", response.Text);
        Assert.Equal("b", response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().Single().Arguments!["path"]!.ToString());
        Assert.Equal(20, response.Usage!.OutputTokenCount);
        Assert.Equal(server.Billed, _run!.Spent.Dollars);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Responses_BySdk_WordsCallsAndCostArrive(bool stream)
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("well, all is well", ("read", """{"path":"b"}""")));
        await ServeAsync(server);
        var client = new OpenAI.Responses.ResponsesClient(new ApiKeyCredential(_key), new OpenAI.Responses.ResponsesClientOptions { Endpoint = new Uri($"{_server!.Address}/v1") });
        OpenAI.Responses.ResponseResult? result = null;
        if (stream)
        {
            var words = new StringBuilder();
            await foreach (var update in await client.CreateResponseStreamingAsync("m", "hello"))
            {
                words.Append((update as OpenAI.Responses.StreamingResponseOutputTextDeltaUpdate)?.Delta);
                result = (update as OpenAI.Responses.StreamingResponseCompletedUpdate)?.Response ?? result;
            }

            Assert.Equal("well, all is well", words.ToString());
        }
        else
        {
            result = (await client.CreateResponseAsync("m", "hello")).Value;
        }

        Assert.Equal("well, all is well", result!.GetOutputText());
        Assert.Equal("""{"path":"b"}""", result.OutputItems.OfType<OpenAI.Responses.FunctionCallResponseItem>().Single().FunctionArguments.ToString());
        Assert.Equal(server.Billed, _run!.Spent.Dollars);
    }

    [Fact]
    public async Task Request_FieldsThatNobodyKnows_PassThroughUntouched()
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("ok"));
        await ServeAsync(server);
        var body = Chat();
        body["of_the_future"] = JsonNode.Parse("""{"a":[1.50,"ü",null],"b":1e3}""");
        using var answer = await PostAsync("/v1/chat/completions?beta=true", body);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var sent = server.Requests[0].DeepClone().AsObject();
        Assert.Equal(("scripted", 400), (sent["model"]!.GetValue<string>(), sent["max_tokens"]!.GetValue<int>()));
        Assert.Equal("""{"a":[1.50,"ü",null],"b":1e3}""", sent["of_the_future"]!.ToJsonString(new System.Text.Json.JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        body["model"] = "scripted";
        Assert.True(JsonNode.DeepEquals(body, sent), sent.ToJsonString());
    }

    [Theory]
    [InlineData("/v1/chat/completions", "{\"model\":\"m\",\"messages\":[]}", "wrong", 401, "doesn't know this key")]
    [InlineData("/v1/elsewhere", "{}", null, 404, "godwit serves")]
    [InlineData("/v1/chat/completions", "{\"model\":\"c\",\"messages\":[]}", null, 400, "can't be asked by /chat/completions")]
    [InlineData("/v1/chat/completions", "{\"model\":\"m\",\"messages\":[],\"n\":3}", null, 400, "n above 1")]
    [InlineData("/v1/chat/completions", "{\"model\":\"m\",\"messages\":[],\"service_tier\":\"priority\"}", null, 400, "prices of its own")]
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
        Assert.Contains(words, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Answer_ThatTheProviderRefuses_ComesBackInItsOwnWordsAndCostsNothing()
    {
        const string Words = """{"error":{"message":"maximum context length is 8192","code":"context_length_exceeded"}}""";
        using var server = new ScriptedProvider(_ => new ScriptedReply { Status = 400, Body = Words });
        await ServeAsync(server);
        using var answer = await PostAsync("/v1/chat/completions", Chat());
        Assert.Equal((400, Words), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        Assert.Equal(Charge.None, _run!.Spent);
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
        Assert.Equal(server.Billed, _run!.Spent.Dollars);
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
        await ServeAsync(server, maxOutput: maxOutput);
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
        var usage = new JsonObject { ["input_tokens"] = 10, ["cache_read_input_tokens"] = 0, ["cache_creation_input_tokens"] = written, ["output_tokens"] = 20, ["cache_creation"] = new JsonObject { ["ephemeral_1h_input_tokens"] = kept == "1h" ? written : 0 } };
        using var server = new ScriptedProvider(_ => new ScriptedReply
        {
            Body = new JsonObject { ["id"] = "m", ["type"] = "message", ["role"] = "assistant", ["model"] = "s", ["content"] = new JsonArray(), ["stop_reason"] = "end_turn", ["usage"] = usage.DeepClone() }.ToJsonString(),
        });
        await ServeAsync(server);
        var text = new JsonObject { ["type"] = "text", ["text"] = new string('x', 1000) };
        if (kept is not null)
        {
            text["cache_control"] = new JsonObject { ["type"] = "ephemeral", ["ttl"] = kept };
        }

        using var answer = await PostAsync("/v1/messages", new JsonObject { ["model"] = "c", ["max_tokens"] = 20, ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = new JsonArray(text) }) });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(((10 + written + written * (decimal)share) * 5 + 20 * 30) / 1_000_000, _run!.Spent.Dollars);
    }

    [Theory]
    [InlineData(503, null)]
    [InlineData(429, "3600")]
    public async Task Request_NoProviderAnswers_CallerIsToldAfterAWhileAndNothingIsBooked(int status, string? retryAfter)
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply { Status = status, RetryAfter = retryAfter });
        await ServeAsync(server, dollars: 1, patience: 1);
        using var answer = await PostAsync("/v1/chat/completions", Chat());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains($"chat answered {status}", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.True(server.Requests.Count > 1 || retryAfter is not null, "it wasn't tried again");
        Assert.Equal(0, _run!.Spent.Dollars);
    }

    [Fact]
    public async Task Stream_CountThatWasNotAskedFor_IsNotPassedOn()
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("ok"));
        await ServeAsync(server);
        using var answer = await PostAsync("/v1/chat/completions", Chat(stream: true));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.DoesNotContain("usage", text, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
        Assert.Equal(server.Billed, _run!.Spent.Dollars);
    }

    [Fact]
    public async Task Stream_BreaksOff_TheCallerSeesItAndTheRepeatIsBookedOnce()
    {
        var calls = 0;
        using var server = new ScriptedProvider(_ => new ScriptedReply(new string('w', 4000)) { Breaks = ++calls == 1 });
        await ServeAsync(server);
        using (var answer = await PostAsync("/v1/chat/completions", Chat(stream: true)))
        {
            await Assert.ThrowsAnyAsync<Exception>(() => answer.Content.ReadAsStringAsync());
        }

        await Godwit.Tests.Durable.Eventually.TrueAsync(() => _run!.Spent.Dollars > 0, "the broken call is booked");
        var broken = _run!.Spent.Dollars;
        using var again = await PostAsync("/v1/chat/completions", Chat(stream: true));
        Assert.Contains("[DONE]", await again.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        // The broken one may have been billed in full: it counts at its worst case, the repeat at what it was billed.
        Assert.Equal(server.Billed / 2, _run.Spent.Dollars - broken);
        Assert.True(_run.Spent.Dollars >= server.Billed);
    }

    [Fact]
    public async Task Caller_LeavesBeforeTheAnswer_ItsRepeatIsAnsweredFromTheJournal()
    {
        using var gate = new ManualResetEventSlim();
        using var server = new ScriptedProvider(_ =>
        {
            gate.Wait(TimeSpan.FromSeconds(20));
            return new ScriptedReply("at last");
        });
        await ServeAsync(server);
        using var leaving = new Leaving();
        var asking = _run!.Gateway.HandleAsync(new GatewayRequest("/chat/completions", "", _key, [], Encoding.UTF8.GetBytes(Chat().ToJsonString())), leaving);
        await Godwit.Tests.Durable.Eventually.TrueAsync(() => server.Requests.Count == 1, "the call");
        leaving.Leave();
        var repeat = PostAsync("/v1/chat/completions", Chat());
        gate.Set();
        await asking;
        using var again = await repeat;
        Assert.Contains("at last", await again.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Single(server.Requests);
        Assert.Equal(server.Billed, _run!.Spent.Dollars);
    }

    /// <summary>A caller that goes when the test says so.</summary>
    private sealed class Leaving : IGatewayResponse, IDisposable
    {
        private readonly CancellationTokenSource _gone = new();

        public bool HasStarted => false;

        public CancellationToken Gone => _gone.Token;

        public void Leave() => _gone.Cancel();

        public Task StartAsync(int status, string contentType) => Task.CompletedTask;

        public Task WriteAsync(ReadOnlyMemory<byte> part) => Task.CompletedTask;

        public void Abort()
        {
        }

        public void Dispose() => _gone.Dispose();
    }
}
