using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Godwit.Bench;

/// <summary>
/// A model server in a process of its own that speaks OpenAI's chat completions, whole and streamed, without any latency. Asked
/// with tools it plays an agent: so many tool calls, one a turn, and then it submits.
/// </summary>
internal sealed class ScriptedModel : IDisposable
{
    public const int Port = 18_080;
    public const int ToolCalls = 14;
    private const int StreamParts = 20;
    private const string Chunk = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":";
    private readonly Process _process;

    private ScriptedModel(Process process) => _process = process;

    public static string Address => $"http://127.0.0.1:{Port}";

    public static async Task<ScriptedModel> StartAsync()
    {
        var process = Process.Start(Environment.ProcessPath!, ["provider", $"{Port}"]);
        using var http = new HttpClient();
        for (var tries = 0; ; tries++)
        {
            try
            {
                await http.GetStringAsync($"{Address}/count");
                return new ScriptedModel(process);
            }
            catch (HttpRequestException) when (tries < 100)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            }
        }
    }

    /// <summary>How often each conversation was answered at each turn.</summary>
    public static async Task<Dictionary<string, int>> CountsAsync()
    {
        using var http = new HttpClient();
        return JsonSerializer.Deserialize<Dictionary<string, int>>(await http.GetStringAsync($"{Address}/count"))!;
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    public static async Task ServeAsync(int port)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenLocalhost(port));
        var app = builder.Build();
        var counts = new ConcurrentDictionary<string, int>();
        app.Run(async context =>
        {
            if (context.Request.Method == "GET")
            {
                await context.Response.WriteAsync(JsonSerializer.Serialize(counts));
                return;
            }

            using var body = await JsonDocument.ParseAsync(context.Request.Body);
            var request = body.RootElement;
            context.Response.ContentType = "application/json";
            if (request.TryGetProperty("tools", out var tools) && tools.GetArrayLength() > 0)
            {
                await context.Response.WriteAsync(Agent(request, counts));
            }
            else if (request.TryGetProperty("stream", out var stream) && stream.GetBoolean())
            {
                context.Response.ContentType = "text/event-stream";
                for (var part = 0; part < StreamParts; part++)
                {
                    await context.Response.WriteAsync(
                        Chunk + "[{\"index\":0,\"delta\":{\"content\":\"some " +
                        "words \"},\"finish_reason\":null}]}\n\n");
                    await context.Response.Body.FlushAsync();
                }

                await context.Response.WriteAsync(
                    Chunk + "[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
                await context.Response.WriteAsync(
                    Chunk + "[],\"usage\":{\"prompt_tokens\":50,\"completion_tokens\":40,\"total_tokens\":90}}\n\ndata: [DONE]\n\n");
            }
            else
            {
                await context.Response.WriteAsync(
                    Reply("\"" + string.Concat(Enumerable.Repeat("some words ", StreamParts)) + "\"", "null", "stop"));
            }
        });
        await app.RunAsync();
    }

    private static string Agent(JsonElement request, ConcurrentDictionary<string, int> counts)
    {
        var messages = request.GetProperty("messages");
        if (messages[1].GetProperty("content").ToString() is var asked && asked.Contains("Plan this work", StringComparison.Ordinal))
        {
            counts.AddOrUpdate("planner/1", 1, (_, count) => count + 1);
            var plan = JsonSerializer.Serialize(Plan(asked));
            return Reply("null", $$"""[{"id":"call_1","type":"function","function":{"name":"submit","arguments":{{plan}} } }]""", "tool_calls");
        }

        var turn = messages.EnumerateArray().Count(message => message.GetProperty("role").GetString() == "assistant") + 1;
        var name = messages[1].GetProperty("content").ToString();
        name = name[(name.IndexOf("agent ", StringComparison.Ordinal) + 6)..].Split('\n')[0];
        counts.AddOrUpdate($"{name}/{turn}", 1, (_, count) => count + 1);

        // Three of four look, one writes.
        var call = turn > ToolCalls
            ? """{"name":"submit","arguments":"{\"summary\":\"done\"}"}"""
            : turn % 4 == 0
                ? $$"""{"name":"run","arguments":"{\"command\":\"echo {{turn}} >> witness-{{name}}.txt\"}"}"""
                : $$"""{"name":"run","arguments":"{\"command\":\"grep -c . file{{turn}}.txt\"}"}""";
        return Reply("null", $$"""[{"id":"call_{{turn}}","type":"function","function":{{call}}}]""", "tool_calls");
    }

    /// <summary>A task for each agent that the goal asks for.</summary>
    private static string Plan(string asked)
    {
        var count = int.Parse(asked[(asked.IndexOf("A swarm of ", StringComparison.Ordinal) + 11)..].Split(' ')[0]);
        return JsonSerializer.Serialize(new
        {
            reason = "one each",
            tasks = Enumerable.Range(1, count).Select(number => new
            {
                id = $"T{number}",
                intent = $"Work as agent {number}\nWrite witness-{number}.txt.",
                scope = new[] { $"witness-{number}.txt" },
                checks = new[] { $"test -f witness-{number}.txt" },
                asserts = (string[])(number == 1 ? ["A1"] : number == count ? ["A2"] : []),
                share = 0.8 / count,
            }),
        });
    }

    private static string Reply(string content, string calls, string finish) => new StringBuilder()
        .Append("""{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":""")
        .Append('"').Append(finish).Append('"')
        .Append(""","message":{"role":"assistant","content":""").Append(content).Append(calls == "null" ? "" : ",\"tool_calls\":" + calls)
        .Append("""}}],"usage":{"prompt_tokens":50,"completion_tokens":40,"total_tokens":90}}""").ToString();
}
