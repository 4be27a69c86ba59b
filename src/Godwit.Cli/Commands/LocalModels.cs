using System.Net.Http.Json;
using System.Text.Json;

namespace Godwit.Cli.Commands;

/// <summary>A model that a server on this machine offers.</summary>
/// <param name="Server">The server's name.</param>
/// <param name="Url">Where it speaks OpenAI's chat completions.</param>
/// <param name="Model">The model, as the server names it.</param>
internal sealed record LocalModel(string Server, string Url, string Model);

/// <summary>Finds model servers on this machine: a newcomer with one needs no key and no file.</summary>
internal static class LocalModels
{
    /// <summary>
    /// The servers that people run, on the ports that they take unless told otherwise (each project's own documentation).
    /// </summary>
    public static readonly IReadOnlyList<(string Server, string Url)> Usual =
        [
            ("Ollama", "http://127.0.0.1:11434/v1"),
            ("LM Studio", "http://127.0.0.1:1234/v1"),
            ("llama.cpp", "http://127.0.0.1:8080/v1"),
            ("vLLM", "http://127.0.0.1:8000/v1"),
        ];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Asks each server for its models.</summary>
    public static async Task<IReadOnlyList<LocalModel>> FindAsync(
        IEnumerable<(string Server, string Url)> servers, CancellationToken cancellation)
    {
        using var http = new HttpClient { Timeout = Patience };
        var found = new List<LocalModel>();
        foreach (var (server, url) in servers)
        {
            try
            {
                var list = await http.GetFromJsonAsync<JsonElement>($"{url}/models", cancellation);
                found.AddRange(
                    list.GetProperty("data").EnumerateArray()
                        .Select(model => new LocalModel(server, url, model.GetProperty("id").GetString() ?? ""))
                        .Where(model => model.Model.Length > 0));
            }
            catch (Exception error) when (
                error is HttpRequestException or JsonException or KeyNotFoundException or InvalidOperationException
                    || (error is TaskCanceledException && !cancellation.IsCancellationRequested))
            {
                // Nothing listens there, or something else does.
            }
        }

        return found;
    }

    /// <summary>What makes a model the worker, for models.yaml.</summary>
    public static string Yaml(LocalModel model) => $$"""
        providers:
          local: { dialect: compatible, url: "{{model.Url}}" }
        models:
          local-worker: { provider: local, id: {{JsonSerializer.Serialize(model.Model)}} }
        roles: { worker: [local-worker] }

        """;
}
