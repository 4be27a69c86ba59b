using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using Godwit.Tests.Models;

namespace Godwit.Tests.Cli;

/// <summary><c>godwit gateway</c>, as a program finds it: an address and a key on standard output, a bill at the end.</summary>
public sealed class GatewayCommandTests : IDisposable
{
    private readonly Program _godwit = new();

    public void Dispose() => _godwit.Dispose();

    [Fact]
    public async Task Gateway_StoppedAfterACall_SaysWhatItHasSpent()
    {
        using var provider = new ScriptedProvider(_ => new ScriptedReply("hello yourself"));
        Directory.CreateDirectory(_godwit.Home);
        await File.WriteAllTextAsync(Path.Combine(_godwit.Home, "models.yaml"), $$"""
            providers: { chat: { dialect: compatible, url: "{{provider.Address}}/v1" } }
            models: { m: { provider: chat, id: scripted, input: 5, output: 30, max_output: 1000 } }
            roles: { worker: [m] }
            """);
        using var gateway = _godwit.Start("gateway", "--port", "0", "--dollars", "0.02", "--json");
        var errors = gateway.StandardError.ReadToEndAsync();
        var told = new StringBuilder();
        while (!told.ToString().TrimEnd().EndsWith('}') && await gateway.StandardOutput.ReadLineAsync() is { } line)
        {
            told.AppendLine(line);
        }

        var (address, key) = (
            JsonDocument.Parse(told.ToString()).RootElement.GetProperty("address").GetString()!,
            JsonDocument.Parse(told.ToString()).RootElement.GetProperty("key").GetString()!);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(address, key, 400));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(address, "another key", 400));

        // Its worst case would pass what is left.
        Assert.NotEqual(HttpStatusCode.OK, await AskAsync(address, key, 1000));
        Assert.Single(provider.Requests);

        // Not SIGINT: whoever starts the tests in the background has it ignored, here too.
        using (var terminate = Process.Start("kill", ["-TERM", $"{gateway.Id}"]))
        {
            await terminate.WaitForExitAsync();
        }

        Assert.True(gateway.WaitForExit(TimeSpan.FromSeconds(30)));
        Assert.Equal(0, gateway.ExitCode);
        Assert.Contains("1 calls answered, ", await errors, StringComparison.Ordinal);
        Assert.Equal(
            1,
            _godwit.RunJson("list").EnumerateArray()
                .Count(run => run.GetProperty("run").GetString()!.StartsWith("gateway", StringComparison.Ordinal)));
    }

    private static async Task<HttpStatusCode> AskAsync(string address, string key, int mostTokens)
    {
        using var http = new HttpClient();
        using var message = new HttpRequestMessage(HttpMethod.Post, $"{address}/v1/chat/completions");
        message.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        message.Content = new StringContent(
            $$"""{"model":"m","max_tokens":{{mostTokens}},"messages":[{"role":"user","content":"hello"}]}""", Encoding.UTF8, "application/json");
        using var answer = await http.SendAsync(message);
        return answer.StatusCode;
    }
}
