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

    public string? Location { get; init; }

    public string? Body { get; init; }

    public bool CutOff { get; init; }

    /// <summary>Ends the connection in the middle of the answer.</summary>
    public bool Breaks { get; init; }

    public int OutputTokens { get; init; } = 20;
}

/// <summary>
/// A model server on loopback that speaks OpenAI's chat completions and responses and Anthropic's messages, whole and streamed, and
/// keeps its own count of what it bills: a token for every four bytes of the request.
/// </summary>
internal sealed class ScriptedProvider : IDisposable
{
    private readonly HttpListener _listener;
    private readonly Func<JsonNode, ScriptedReply> _answer;
    private readonly Lock _gate = new();
    private readonly Task _serving;

    public ScriptedProvider(Func<JsonNode, ScriptedReply> answer)
    {
        _answer = answer;
        for (var tries = 0; ; tries++)
        {
            var port = System.Security.Cryptography.RandomNumberGenerator.GetInt32(20_000, 60_000);

            // One that couldn't start is of no further use.
            _listener = new HttpListener();
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

            var dialect = ScriptedDialect.Of(context.Request.Url!.AbsolutePath);
            var streams = reply.Body is null && reply.Status == 200 && request["stream"]?.GetValue<bool>() == true;
            var body = reply.Body
                ?? (streams ? dialect.Stream(reply, text.Length / 4, request) : dialect.Whole(reply, text.Length / 4).ToJsonString());
            context.Response.StatusCode = reply.Status;
            context.Response.ContentType = streams
                || body.StartsWith("data:", StringComparison.Ordinal)
                || body.StartsWith("event:", StringComparison.Ordinal)
                ? "text/event-stream"
                : "application/json";
            if (reply.RetryAfter is not null)
            {
                context.Response.Headers["Retry-After"] = reply.RetryAfter;
            }

            if (reply.Location is not null)
            {
                context.Response.RedirectLocation = reply.Location;
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
}
