using System.Text;
using System.Text.Json.Nodes;
using Godwit.Durable;
using Godwit.Playbooks;
using Godwit.Playbooks.Gateway;
using Godwit.Runs;
using Godwit.Server;

namespace Godwit.Tests.Models;

/// <summary>A gateway over real HTTP, with scripted providers behind it.</summary>
public abstract class GatewayFixture : IAsyncDisposable
{
    internal DirectoryInfo Root { get; } = Directory.CreateTempSubdirectory("godwit-test-");

    internal CancellationTokenSource Stop { get; } = new();

    internal HttpClient Http { get; } = new();

    internal GatewayRun? Run { get; private set; }

    internal GatewayServer? Server { get; private set; }

    internal string Key { get; private set; } = "";

    public async ValueTask DisposeAsync()
    {
        await Stop.CancelAsync();
        if (Server is not null)
        {
            await Server.DisposeAsync();
            await Run!.DisposeAsync();
        }

        Http.Dispose();
        Stop.Dispose();
        Root.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    internal async Task ServeAsync(
        ScriptedProvider server, decimal? dollars = null, int maxOutput = 1000, double patience = 120, long? tokens = null,
        string? models = null)
    {
        var store = new RunStore(Root.FullName);
        File.WriteAllText(store.Models, $$"""
            providers:
              chat: { dialect: compatible, url: "{{server.Address}}/v1" }
              messages: { dialect: anthropic, url: "{{server.Address}}" }
            {{models ?? $$"""
            models:
              m: { provider: chat, id: scripted, input: 5, output: 30, max_output: {{maxOutput}} }
              c: { provider: messages, id: scripted, input: 5, output: 30, max_output: {{maxOutput}} }
            roles: { worker: [m, c] }
            """}}
            """);
        Run = await GatewayRun.StartAsync(
            store, new GatewayInput { Dollars = dollars, Tokens = tokens, PatienceSeconds = patience }, new DurableOptions());
        _ = Run.Run.RunAsync(Stop.Token);
        Key = (await Run.Client).Token;
        Server = await GatewayServer.StartAsync(Run.Gateway, 0);
    }

    internal async Task<HttpResponseMessage> PostAsync(string path, JsonObject body, string? key = null)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, Server!.Address + path)
        {
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        message.Headers.TryAddWithoutValidation("x-api-key", key ?? Key);
        return await Http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
    }

    internal static JsonObject Chat(string text = "hello", bool stream = false) => new()
    {
        ["model"] = "anything", ["stream"] = stream, ["max_tokens"] = 400,
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }),
    };
}
