#pragma warning disable OPENAI001 // The SDK marks the responses protocol as new.
using System.ClientModel;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Anthropic;
using Godwit.Durable;
using Godwit.Models;
using Microsoft.Extensions.AI;
using OpenAI;

namespace Godwit.Tests.Models;

/// <summary>The gateway over real HTTP, with the providers' own SDKs as its callers and scripted providers behind it.</summary>
public sealed class GatewayTests : GatewayFixture
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ChatCompletions_BySdk_WordsCallsAndCostArrive(bool stream)
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("well, all is well", ("read", """{"path":"b"}""")));
        await ServeAsync(server);
        var client = new OpenAI.Chat.ChatClient(
            "m", new ApiKeyCredential(Key), new OpenAIClientOptions { Endpoint = new Uri($"{Server!.Address}/v1") });
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
        Assert.Equal(server.Billed, Run!.Spent.Dollars);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Messages_BySdk_WordsCallsAndCostArrive(bool stream)
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("well, all is well", ("read", """{"path":"b"}""")));
        await ServeAsync(server);
        var client = new AnthropicClient { ApiKey = Key, BaseUrl = Server!.Address!, MaxRetries = 0 }.AsIChatClient("c", 400);
        var response = stream
            ? await client.GetStreamingResponseAsync("hello").ToChatResponseAsync()
            : await client.GetResponseAsync("hello");
        Assert.Equal("well, all is well", response.Text);
        Assert.Equal(
            "b",
            response.Messages.SelectMany(message => message.Contents)
                .OfType<FunctionCallContent>()
                .Single().Arguments!["path"]!
                .ToString());
        Assert.Equal(20, response.Usage!.OutputTokenCount);
        Assert.Equal(server.Billed, Run!.Spent.Dollars);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Responses_BySdk_WordsCallsAndCostArrive(bool stream)
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("well, all is well", ("read", """{"path":"b"}""")));
        await ServeAsync(server);
        var client = new OpenAI.Responses.ResponsesClient(
            new ApiKeyCredential(Key), new OpenAI.Responses.ResponsesClientOptions { Endpoint = new Uri($"{Server!.Address}/v1") });
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
        Assert.Equal(server.Billed, Run!.Spent.Dollars);
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

    [Fact]
    public async Task Answer_ThatTheProviderRefuses_ComesBackInItsOwnWordsAndCostsNothing()
    {
        const string Words = """{"error":{"message":"maximum context length is 8192","code":"context_length_exceeded"}}""";
        using var server = new ScriptedProvider(_ => new ScriptedReply { Status = 400, Body = Words });
        await ServeAsync(server);
        using var answer = await PostAsync("/v1/chat/completions", Chat());
        Assert.Equal((400, Words), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        Assert.Equal(Charge.None, Run!.Spent);
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
        Assert.Equal(server.Billed, Run!.Spent.Dollars);
    }

    [Fact]
    public async Task Stream_BreaksOff_TheCallerSeesItAndTheRepeatIsBookedOnce()
    {
        var calls = 0;
        using var server = new ScriptedProvider(_ => new ScriptedReply(new string('w', 4000)) { Breaks = ++calls == 1 });
        await ServeAsync(server);

        // The reset may overtake the answer's head on its way: then sending fails, not reading.
        await Assert.ThrowsAnyAsync<HttpRequestException>(async () =>
        {
            using var answer = await PostAsync("/v1/chat/completions", Chat(stream: true));
            await answer.Content.ReadAsStringAsync();
        });

        await Godwit.Tests.Durable.Eventually.TrueAsync(() => Run!.Spent.Dollars > 0, "the broken call is booked");
        var broken = Run!.Spent.Dollars;
        using var again = await PostAsync("/v1/chat/completions", Chat(stream: true));
        Assert.Contains("[DONE]", await again.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        // The broken one may have been billed in full: it counts at its worst case, the repeat at what it was billed.
        Assert.Equal(server.Billed / 2, Run.Spent.Dollars - broken);
        Assert.True(Run.Spent.Dollars >= server.Billed);
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
        var asking = Run!.Gateway.HandleAsync(
            new GatewayRequest("/chat/completions", "", Key, [], Encoding.UTF8.GetBytes(Chat().ToJsonString())), leaving);
        await Godwit.Tests.Durable.Eventually.TrueAsync(() => server.Requests.Count == 1, "the call");
        leaving.Leave();
        var repeat = PostAsync("/v1/chat/completions", Chat());
        gate.Set();
        await asking;
        using var again = await repeat;
        Assert.Contains("at last", await again.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Single(server.Requests);
        Assert.Equal(server.Billed, Run!.Spent.Dollars);
    }

    /// <summary>A caller that goes when the test says so.</summary>
    private sealed class Leaving : IGatewayResponse, IDisposable
    {
        private readonly CancellationTokenSource _gone = new();

        public bool HasStarted => false;

        public CancellationToken Gone => _gone.Token;

        public void Leave() => _gone.Cancel();

        public Task StartAsync(int status, string contentType, TimeSpan? retryAfter = null) => Task.CompletedTask;

        public Task WriteAsync(ReadOnlyMemory<byte> part) => Task.CompletedTask;

        public void Abort()
        {
        }

        public void Dispose() => _gone.Dispose();
    }
}
