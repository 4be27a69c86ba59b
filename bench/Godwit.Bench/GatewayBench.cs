using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Godwit.Bench;

/// <summary>The gateway with metering, journal and budget, beside Portkey's, on the same provider with the same load, in turn.</summary>
internal static class GatewayBench
{
    private const int Connections = 32;
    private const int Rounds = 3;
    private const int Seconds = 5;

    public static async Task RunAsync(string? portkey)
    {
        using var model = await ScriptedModel.StartAsync();
        using var scratch = new Scratch();
        Directory.CreateDirectory(scratch.File("home"));
        await File.WriteAllTextAsync(Path.Combine(scratch.File("home"), "models.yaml"), $$"""
            providers: { bench: { url: "{{ScriptedModel.Address}}/v1" } }
            models: { bench: { provider: bench, id: m, input: 1, output: 1, max_output: 1000 } }
            roles: { worker: [bench] }
            """);
        var start = new ProcessStartInfo(Path.Combine(Repository(), "godwit"), ["gateway", "--port", "0", "--dollars", "100000", "--json"])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["GODWIT_HOME"] = scratch.File("home");
        using var ours = Process.Start(start)!;
        var told = JsonDocument.Parse(await ReadObjectAsync(ours.StandardOutput)).RootElement;
        using var theirs = portkey is null
            ? null
            : Process.Start(
                new ProcessStartInfo(
                    "node", [Path.Combine(portkey, "node_modules/@portkey-ai/gateway/build/start-server.js"), "--port=18787", "--headless"])
                {
                    RedirectStandardOutput = true,
                });
        try
        {
            List<Target> targets =
            [
                new("provider itself", ScriptedModel.Address, []),
                new(
                    "godwit gateway", told.GetProperty("address").GetString()!,
                    [("Authorization", $"Bearer {told.GetProperty("key").GetString()}")]),
            ];
            if (theirs is not null)
            {
                targets.Add(
                    new(
                        "portkey", "http://127.0.0.1:18787",
                        [
                            ("Authorization", "Bearer none"),
                            ("x-portkey-provider", "openai"),
                            ("x-portkey-custom-host", $"{ScriptedModel.Address}/v1"),
                        ]));
                await Task.Delay(TimeSpan.FromMilliseconds(3000), TimeProvider.System);
            }

            foreach (var stream in (bool[])[false, true])
            {
                var rates = targets.ToDictionary(target => target.Name, _ => new List<double>());
                foreach (var target in targets)
                {
                    await LoadAsync(target, stream, 2);
                }

                for (var round = 0; round < Rounds; round++)
                {
                    foreach (var target in targets)
                    {
                        rates[target.Name].Add(await LoadAsync(target, stream, Seconds));
                    }
                }

                foreach (var target in targets)
                {
                    Console.WriteLine(
                        $"{(stream ? "stream" : "whole"),-7} {target.Name,-16} {Scratch.Median(rates[target.Name]),8:N0} /s " +
                        $"({string.Join(", ", rates[target.Name].Select(rate => $"{rate:N0}"))})");
                }
            }
        }
        finally
        {
            theirs?.Kill(entireProcessTree: true);
            using var end = Process.Start("kill", ["-INT", $"{ours.Id}"]);
            await ours.WaitForExitAsync();
        }
    }

    private static async Task<double> LoadAsync(Target target, bool stream, int seconds)
    {
        using var handler = new SocketsHttpHandler { MaxConnectionsPerServer = Connections };
        using var http = new HttpClient(handler);
        var body = Encoding.UTF8.GetBytes($$"""{"model":"m","stream":{{(stream ? "true" : "false")}},"max_tokens":100,"messages":[{"role":"system","content":"You are brief."},{"role":"user","content":"{{new string('x', 400)}}"}]}""");
        var start = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, Connections).Select(async _ =>
        {
            var count = 0;
            while (Scratch.Seconds(start) < seconds)
            {
                using var message = new HttpRequestMessage(HttpMethod.Post, $"{target.Address}/v1/chat/completions")
                {
                    Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
                };
                foreach (var (name, value) in target.Headers)
                {
                    message.Headers.TryAddWithoutValidation(name, value);
                }

                using var answer = await http.SendAsync(message);
                var text = await answer.Content.ReadAsStringAsync();
                count += answer.IsSuccessStatusCode && text.Contains("some words", StringComparison.Ordinal)
                    ? 1
                    : throw new InvalidOperationException($"{target.Name}: {answer.StatusCode} {text}");
            }

            return count;
        }));
        return counts.Sum() / Scratch.Seconds(start);
    }

    private static async Task<string> ReadObjectAsync(StreamReader reader)
    {
        var text = new StringBuilder();
        while (await reader.ReadLineAsync() is { } line)
        {
            text.Append(line);
            if (line == "}")
            {
                break;
            }
        }

        return text.ToString();
    }

    private static string Repository()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Godwit.slnx")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return folder;
    }

    private sealed record Target(string Name, string Address, IReadOnlyList<(string Name, string Value)> Headers);
}
