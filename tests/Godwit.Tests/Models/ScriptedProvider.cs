using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Godwit.Tests.Models;

/// <summary>What a scripted provider answers with.</summary>
/// <param name="Text">Its words.</param>
/// <param name="Calls">Tool calls.</param>
internal sealed record ScriptedReply(string? Text = null, params (string Name, string Arguments)[] Calls)
{
    public int Status { get; init; } = 200;

    public string? RetryAfter { get; init; }

    public string? Body { get; init; }

    public bool CutOff { get; init; }

    /// <summary>Ends the connection in the middle of the answer.</summary>
    public bool Breaks { get; init; }

    public int OutputTokens { get; init; } = 20;
}

/// <summary>
/// A model server on loopback that speaks OpenAI's chat completions and Anthropic's messages, and keeps its own count of what it
/// bills: a token for every four bytes of the request.
/// </summary>
internal sealed class ScriptedProvider : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Func<JsonNode, ScriptedReply> _answer;
    private readonly Lock _gate = new();
    private readonly Task _serving;

    public ScriptedProvider(Func<JsonNode, ScriptedReply> answer)
    {
        _answer = answer;
        for (var tries = 0; ; tries++)
        {
            var port = System.Security.Cryptography.RandomNumberGenerator.GetInt32(20_000, 60_000);
            _listener.Prefixes.Clear();
            _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
            try
            {
                _listener.Start();
                Address = $"http://127.0.0.1:{port}";
                break;
            }
            catch (HttpListenerException) when (tries < 20)
            {
            }
        }

        _serving = ServeAsync();
    }

    public string Address { get; }

    public List<JsonNode> Requests { get; } = [];

    public List<string> Keys { get; } = [];

    public decimal Billed { get; private set; }

    public decimal InputPrice { get; init; } = 5;

    public decimal OutputPrice { get; init; } = 30;

    public void Dispose()
    {
        _listener.Stop();
        _serving.Wait(TimeSpan.FromSeconds(5));
        _listener.Close();
    }

    private async Task ServeAsync()
    {
        var open = new List<Task>();
        try
        {
            while (_listener.IsListening)
            {
                var context = await _listener.GetContextAsync();
                open.Add(Task.Run(() => AnswerAsync(context)));
            }
        }
        catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
        {
        }

        await Task.WhenAll(open);
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            using var reader = new StreamReader(context.Request.InputStream);
            var text = await reader.ReadToEndAsync();
            var request = JsonNode.Parse(text)!;
            ScriptedReply reply;
            lock (_gate)
            {
                Requests.Add(request);
                Keys.Add(context.Request.Headers["Authorization"] ?? context.Request.Headers["x-api-key"] ?? "");
                reply = _answer(request);
                if (reply.Status == 200)
                {
                    Billed += (text.Length / 4 * InputPrice + reply.OutputTokens * OutputPrice) / 1_000_000;
                }
            }

            var anthropic = context.Request.Url!.AbsolutePath.EndsWith("/messages", StringComparison.Ordinal);
            var body = reply.Body ?? (anthropic ? Anthropic(reply, text.Length / 4) : OpenAI(reply, text.Length / 4)).ToJsonString();
            context.Response.StatusCode = reply.Status;
            context.Response.ContentType = "application/json";
            if (reply.RetryAfter is not null)
            {
                context.Response.Headers["Retry-After"] = reply.RetryAfter;
            }

            var bytes = Encoding.UTF8.GetBytes(body);
            context.Response.ContentLength64 = bytes.Length;
            await context.Response.OutputStream.WriteAsync(reply.Breaks ? bytes.AsMemory(0, bytes.Length / 2) : bytes);
            if (reply.Breaks)
            {
                context.Response.Abort();
            }
            else
            {
                context.Response.Close();
            }
        }
        catch (Exception error) when (error is HttpListenerException or ObjectDisposedException or IOException or InvalidOperationException)
        {
            // The caller has gone.
        }
    }

    private static JsonObject OpenAI(ScriptedReply reply, int input) => new()
    {
        ["id"] = "c1", ["object"] = "chat.completion", ["created"] = 1, ["model"] = "scripted",
        ["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["finish_reason"] = reply.CutOff ? "length" : reply.Calls.Length > 0 ? "tool_calls" : "stop",
            ["message"] = new JsonObject
            {
                ["role"] = "assistant",
                ["content"] = reply.Text,
                ["tool_calls"] = reply.Calls.Length == 0 ? null : new JsonArray([.. reply.Calls.Select((call, index) => new JsonObject
                {
                    ["id"] = $"call_{Guid.NewGuid():N}", ["type"] = "function", ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments },
                })]),
            },
        }),
        ["usage"] = new JsonObject { ["prompt_tokens"] = input, ["completion_tokens"] = reply.OutputTokens, ["total_tokens"] = input + reply.OutputTokens, ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = 3 } },
    };

    private static JsonObject Anthropic(ScriptedReply reply, int input)
    {
        var content = new JsonArray();
        if (reply.Text is not null)
        {
            content.Add(new JsonObject { ["type"] = "text", ["text"] = reply.Text });
        }

        foreach (var (name, arguments) in reply.Calls)
        {
            content.Add(new JsonObject { ["type"] = "tool_use", ["id"] = $"toolu_{Guid.NewGuid():N}", ["name"] = name, ["input"] = JsonNode.Parse(arguments) });
        }

        return new JsonObject
        {
            ["id"] = "msg_1", ["type"] = "message", ["role"] = "assistant", ["model"] = "scripted", ["content"] = content,
            ["stop_reason"] = reply.CutOff ? "max_tokens" : reply.Calls.Length > 0 ? "tool_use" : "end_turn", ["stop_sequence"] = null,
            ["usage"] = new JsonObject { ["input_tokens"] = input - 3, ["cache_read_input_tokens"] = 3, ["cache_creation_input_tokens"] = 0, ["output_tokens"] = reply.OutputTokens },
        };
    }
}
