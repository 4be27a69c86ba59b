using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Godwit.Agents;
using Godwit.Identity;
using Godwit.Server.Centre;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Godwit.Tests.Server;

/// <summary>Runs over the Model Context Protocol, with its own client: by HTTP with a program's token, and by standard input and output.</summary>
public sealed class McpTests : IAsyncDisposable
{
    private static readonly ApprovalAsked Delete = new("T1-worker", "approval/T1-worker/1/0", "run", "{\"command\":\"rm -rf build\"}", "deletes");

    private readonly CentreFixture _centre = new();

    public ValueTask DisposeAsync() => _centre.DisposeAsync();

    [Fact]
    public async Task Http_WithAProgramsToken_WatchesSpeaksAndReports()
    {
        var (folder, ends) = await _centre.AskingAsync("asks", Delete, ["first", "second"]);
        await _centre.ServeAsync(time: TimeProvider.System);
        using var owner = await _centre.PairAsync();
        await owner.AskAsync(folder.Id);
        await using var client = await ConnectAsync(await TokenAsync("own"));
        var tools = (await client.ListToolsAsync()).Select(tool => tool.Name).Order(StringComparer.Ordinal);
        Assert.Equal(["list_goals", "list_runs", "plan_run", "report", "say", "start_run", "watch_run"], tools);

        var listed = await CallAsync(client, "list_runs", []);
        Assert.Equal(folder.Id, listed.GetProperty("runs")[0].GetProperty("run").GetString());
        var first = await CallAsync(client, "watch_run", new() { ["run"] = folder.Id });
        Assert.Equal("approval", first.GetProperty("asks")[0].GetProperty("kind").GetString());
        Assert.Contains(first.GetProperty("rows").EnumerateArray(), row => row.GetProperty("text").GetString() == "second");

        // What it says is in the journal as a program's, and whoever waits for news gets them.
        var head = first.GetProperty("head").GetString();
        var news = CallAsync(client, "watch_run", new() { ["run"] = folder.Id, ["after"] = head, ["wait_seconds"] = 30 });
        await CallAsync(client, "say", new() { ["run"] = folder.Id, ["words"] = "Keep the old build." });
        Assert.NotEqual(head, (await news).GetProperty("head").GetString());
        var again = await CallAsync(client, "watch_run", new() { ["run"] = folder.Id, ["after"] = head });
        Assert.DoesNotContain(again.GetProperty("rows").EnumerateArray(), row => row.GetProperty("text").GetString() == "second");

        var report = await CallAsync(client, "report", new() { ["run"] = folder.Id });
        Assert.Contains("## asking", report.GetProperty("markdown").GetString(), StringComparison.Ordinal);
        var unknown = await client.CallToolAsync("watch_run", new Dictionary<string, object?> { ["run"] = "nowhere" });
        Assert.True(unknown.IsError);
        Assert.Contains("there is no run 'nowhere'", ((TextContentBlock)unknown.Content[0]).Text, StringComparison.Ordinal);

        await owner.SendAsync($"/api/runs/{folder.Id}/answer", CentreClient.Answer(await owner.AskAsync(folder.Id), grant: true, words: "fine"));
        Assert.Equal(Godwit.Durable.RunState.Completed, (await ends).State);
    }

    /// <summary>A token is for MCP alone: neither the page's addresses nor what a person answers are open to it.</summary>
    [Fact]
    public async Task Token_OfAProgram_OpensNothingElse()
    {
        var (folder, _) = await _centre.AskingAsync("asks", Delete);
        await _centre.ServeAsync(time: TimeProvider.System);
        var token = await TokenAsync("watch");
        using var http = new HttpClient { BaseAddress = new Uri(_centre.Server.Address) };
        var initialize = new { jsonrpc = "2.0", id = 1, method = "initialize" };
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.PostAsJsonAsync("/mcp", initialize)).StatusCode);
        http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/api/runs")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.PostAsJsonAsync($"/api/runs/{folder.Id}/answer", new { })).StatusCode);
        using var hostile = new HttpRequestMessage(HttpMethod.Post, "/mcp") { Content = JsonContent.Create(initialize), Headers = { Host = "evil.example" } };
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await http.SendAsync(hostile)).StatusCode);

        await using var client = await ConnectAsync(token);
        var said = await client.CallToolAsync("say", new Dictionary<string, object?> { ["run"] = folder.Id, ["words"] = "x" });
        Assert.Contains("may not speak to agents", ((TextContentBlock)said.Content[0]).Text, StringComparison.Ordinal);
        var started = await client.CallToolAsync("start_run", new Dictionary<string, object?> { ["goal"] = "x" });
        Assert.Contains("may not start runs", ((TextContentBlock)started.Content[0]).Text, StringComparison.Ordinal);
        var planned = await client.CallToolAsync("plan_run", new Dictionary<string, object?> { ["goal"] = "x" });
        Assert.Contains("may not plan runs", ((TextContentBlock)planned.Content[0]).Text, StringComparison.Ordinal);

        using var owner = await _centre.PairAsync();
        var devices = await owner.GetAsync("/api/devices");
        var program = devices.EnumerateArray().Single(device => device.GetProperty("name").GetString() == "an agent");
        Assert.Equal("", program.GetProperty("key").GetString());
        Assert.Equal(HttpStatusCode.OK, (await owner.SendAsync($"/api/devices/{program.GetProperty("id").GetString()}", "", "DELETE")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.PostAsJsonAsync("/mcp", initialize)).StatusCode);
    }

    /// <summary>An agent that starts godwit itself: it looks at a goal, starts it, and follows it to its end.</summary>
    [Fact]
    public async Task Stdio_StartsARunAndFollowsItToItsEnd()
    {
        var goals = _centre.RedGoal();
        var transport = new StdioClientTransport(new StdioClientTransportOptions
        {
            Command = Path.Combine(Repository.Root, "artifacts", "godwit", "Godwit.Cli"),
            Arguments = ["mcp", "--root", goals.Parent!.FullName],
            EnvironmentVariables = new Dictionary<string, string?> { ["GODWIT_HOME"] = _centre.Store.Home },
        });
        await using var client = await McpClient.CreateAsync(transport);
        Assert.Equal("red/godwit.yaml", (await CallAsync(client, "list_goals", [])).GetProperty("goals")[0].GetString());
        var plan = await CallAsync(client, "plan_run", new() { ["goal"] = "red" });
        Assert.Equal(0, plan.GetProperty("problems").GetArrayLength());
        var run = (await CallAsync(client, "start_run", new() { ["goal"] = "red" })).GetProperty("run").GetString();
        JsonElement watched = default;
        string? head = null;
        do
        {
            watched = await CallAsync(client, "watch_run", new() { ["run"] = run, ["after"] = head, ["wait_seconds"] = 20 });
            head = watched.GetProperty("head").GetString();
        }
        while (!watched.GetProperty("is_over").GetBoolean());

        Assert.Equal("failed", watched.GetProperty("run").GetProperty("state").GetString());
        File.WriteAllText(Path.Combine(goals.FullName, ".env"), "SECRET=1");
        File.CreateSymbolicLink(Path.Combine(goals.Parent.FullName, "link.yaml"), Path.Combine(goals.FullName, ".env"));
        foreach (var secret in (string[])["red/.env", "link.yaml"])
        {
            var read = await client.CallToolAsync("plan_run", new Dictionary<string, object?> { ["goal"] = secret });
            Assert.True(read.IsError);
            Assert.DoesNotContain("SECRET", ((TextContentBlock)read.Content[0]).Text, StringComparison.Ordinal);
        }

        var outside = await client.CallToolAsync("start_run", new Dictionary<string, object?> { ["goal"] = "../.." });
        Assert.Contains("there is no goal file '../..'", ((TextContentBlock)outside.Content[0]).Text, StringComparison.Ordinal);
    }

    private Task<McpClient> ConnectAsync(string token) => McpClient.CreateAsync(new HttpClientTransport(new HttpClientTransportOptions
    {
        Endpoint = new Uri($"{_centre.Server.Address}/mcp"),
        AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {token}" },
    }));

    private async Task<string> TokenAsync(string role) =>
        (await CentreClient.ReadAsync(await _centre.LocalAsync("program", new { role, name = "an agent" }))).GetProperty("token").GetString()!;

    private static async Task<JsonElement> CallAsync(McpClient client, string tool, Dictionary<string, object?> arguments)
    {
        var reply = await client.CallToolAsync(tool, arguments);
        Assert.False(reply.IsError ?? false, reply.Content.OfType<TextContentBlock>().FirstOrDefault()?.Text);
        return JsonSerializer.SerializeToElement(reply.StructuredContent, McpJsonUtilities.DefaultOptions);
    }
}
