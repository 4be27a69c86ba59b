using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Identity;
using Godwit.Models;

namespace Godwit.Bench;

/// <summary>
/// The command centre on a run of 1,000 agents and 100,000 entries beside 1,000 runs that rest: what a snapshot costs, and what fifty who
/// watch cost the server while 500 entries a second are written.
/// </summary>
internal static class CentreBench
{
    private const int Agents = 1000;
    private const int Turns = 49;
    private const int Runs = 1000;
    private const int Watchers = 50;
    private const int EntriesPerSecond = 500;
    private const int Seconds = 20;

    public static async Task RunAsync(string godwit)
    {
        using var scratch = new Scratch();
        var home = scratch.File("home");
        var large = new RunFolder(Path.Combine(home, "runs", "large"));
        await MakeAsync(large, new TalkInput(Agents, Turns, Pause: 0));
        var small = new RunFolder(Path.Combine(home, "runs", "small-0"));
        await MakeAsync(small, new TalkInput(1, 2, Pause: 0));
        for (var copy = 1; copy < Runs; copy++)
        {
            Copy(small.Path, Path.Combine(home, "runs", $"small-{copy}"));
        }

        var cold = List(godwit, home);
        var warm = Scratch.Median([.. Enumerable.Range(0, 5).Select(_ => List(godwit, home))]);
        Console.WriteLine($"godwit list, {Runs + 1} runs: {cold:0.00} s the first time, then {warm:0.00} s");
        using var server = Start(godwit, home, "serve", "--port", "0");
        using var client = await Client.PairAsync((await server.StandardOutput.ReadLineAsync())!);
        var begun = Stopwatch.GetTimestamp();
        var first = await client.GetAsync("/api/runs/large");
        var opened = Scratch.Seconds(begun);
        var times = new List<double>();
        for (var ask = 0; ask < 20; ask++)
        {
            begun = Stopwatch.GetTimestamp();
            await client.GetAsync("/api/runs/large");
            times.Add(1000 * Scratch.Seconds(begun));
        }

        using var json = JsonDocument.Parse(first);
        Console.WriteLine(
            $"snapshot of {json.RootElement.GetProperty("state").GetProperty("agents").GetArrayLength()} agents, {Entries(large)} entries: {opened:0.00} s " +
            $"when it is opened, then {Scratch.Median(times):0} ms; {first.Length >> 10} KiB, {Zipped(first) >> 10} KiB as gzip; " +
            $"the server's memory {Memory(server) >> 10} MiB");
        await using var page = await CentrePage.OpenAsync(Link(godwit, home));
        await (page?.SeeAsync("large") ?? Task.CompletedTask);
        await WatchAsync(server, client, home, page);
        server.Kill();
        await server.WaitForExitAsync();
    }

    private static async Task WatchAsync(Process server, Client client, string home, CentrePage? page)
    {
        var live = new RunFolder(Path.Combine(home, "runs", "live"));
        var writing = MakeAsync(live, new TalkInput(10, EntriesPerSecond * ((2 * Seconds) + 10) / 20, Pause: 20.0 / EntriesPerSecond));
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);
        await client.GetAsync("/api/runs/live");
        using var over = new CancellationTokenSource();
        var watching = Enumerable.Range(0, Watchers).Select(_ => client.CountAsync("/api/events?run=live", over.Token)).ToList();
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        var (used, begun, entries) = (server.TotalProcessorTime, Stopwatch.GetTimestamp(), Entries(live));
        await Task.Delay(TimeSpan.FromSeconds(Seconds), TimeProvider.System);
        server.Refresh();
        var busy = (server.TotalProcessorTime - used).TotalSeconds / Scratch.Seconds(begun);
        var rate = (Entries(live) - entries) / Scratch.Seconds(begun);
        await over.CancelAsync();
        var seen = await Task.WhenAll(watching);
        Console.WriteLine(
            $"{Watchers} who watch a run of {rate:0} entries/s: the server is busy for {busy:P1} of a core; {seen.Min()} to {seen.Max()} rows each");
        await (page?.WatchAsync("live", Seconds / 2) ?? Task.CompletedTask);
        await writing;
    }

    private static string Link(string godwit, string home)
    {
        using var process = Start(godwit, home, "link");
        return process.StandardOutput.ReadToEnd().Trim();
    }

    private static async Task MakeAsync(RunFolder folder, TalkInput input)
    {
        Directory.CreateDirectory(folder.Path);
        var playbook = new Talk();
        await using var run = await DurableRun.CreateAsync(
            folder, RunSigner.Of(folder), new PlaybookCatalogue(playbook, new TalkingAgent()), playbook, input, 1);
        await run.RunAsync();
    }

    private static long Entries(RunFolder folder)
    {
        using var reader = JournalReader.Open(folder);
        var low = 0L;
        for (var step = 1L << 20; step > 0; step >>= 1)
        {
            low += reader.HashOf(low + step) is null ? 0 : step;
        }

        return low;
    }

    private static double List(string godwit, string home)
    {
        var begun = Stopwatch.GetTimestamp();
        using var process = Start(godwit, home, "list");
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return Scratch.Seconds(begun);
    }

    private static Process Start(string godwit, string home, params string[] arguments)
    {
        var info = new ProcessStartInfo(Path.GetFullPath(godwit), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment["GODWIT_HOME"] = home;
        return Process.Start(info)!;
    }

    private static long Memory(Process process)
    {
        var line = File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith("VmRSS", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
    }

    private static long Zipped(string text)
    {
        using var buffer = new MemoryStream();
        using (var zip = new GZipStream(buffer, CompressionLevel.Optimal, leaveOpen: true))
        {
            zip.Write(Encoding.UTF8.GetBytes(text));
        }

        return buffer.Length;
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    private sealed record Turn(int Number, double Pause);

    private sealed record TalkInput(int Agents, int Turns, double Pause);

    /// <summary>Agents that talk: an answer and a result a turn.</summary>
    private sealed record Talk() : Playbook<TalkInput, int>("bench/talk")
    {
        public override async Task<int> RunAsync(IDurableContext context, TalkInput input)
        {
            var agents = Enumerable.Range(1, input.Agents).Select(number => context.ChildAsync(
                $"agent/{number}", new TalkingAgent(),
                () => new AgentTask
                {
                    Name = $"T{number}-worker-1-1",
                    Goal = $"Do part {number} of the work, and say what you did.",
                    Budget = $"run/T{number}",
                    BaseCommit = JsonSerializer.Serialize(input),
                    BaseTree = "",
                })).ToList();
            return (await Task.WhenAll(agents)).Length;
        }
    }

    private sealed record TalkingAgent() : Playbook<AgentTask, AgentResult>("agent")
    {
        public override async Task<AgentResult> RunAsync(IDurableContext context, AgentTask task)
        {
            var input = JsonSerializer.Deserialize<TalkInput>(task.BaseCommit)!;
            var (reply, results) = (new StepOptions { Topic = AgentTopic.Reply }, new StepOptions { Topic = AgentTopic.Results });
            for (var turn = 1; turn <= input.Turns; turn++)
            {
                await context.StepAsync($"turn/{turn}/reply", Effect.Repeatable, new Turn(turn, input.Pause), ReplyAsync, reply);
                await context.StepAsync($"turn/{turn}/tools", Effect.Repeatable, turn, Results, results);
            }

            return new AgentResult { Tree = "", Summary = "the work is done" };
        }

        private static async Task<ModelStepResult> ReplyAsync(Turn asked, Attempt attempt, CancellationToken cancellation)
        {
            await Task.Delay(TimeSpan.FromSeconds(asked.Pause), TimeProvider.System, cancellation);
            var (text, path) = ($"I look at file {asked.Number} now.", $"{{\"path\":\"file{asked.Number}.txt\"}}");
            return new ModelStepResult(
                new ModelReply(
                    "m", [new MessagePart.Text(text), new MessagePart.ToolCall($"c{asked.Number}", "read", path)], StopReason.ToolUse,
                    new ModelUsage(1000, 0, 40)),
                Charge.None);
        }

        private static Task<IReadOnlyList<Tools.ToolOutput>> Results(int turn, Attempt attempt, CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<Tools.ToolOutput>>([new Tools.ToolOutput(string.Concat(Enumerable.Repeat($"line of file {turn}\n", 20)))]);
    }

    private sealed class Client : IDisposable
    {
        private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        private readonly HttpClient _http;

        private Client(string address) => _http = new HttpClient { BaseAddress = new Uri(address), Timeout = Timeout.InfiniteTimeSpan };

        public static async Task<Client> PairAsync(string link)
        {
            var parts = link.Split("/#pair=");
            var client = new Client(parts[0]);
            var key = Convert.ToBase64String(client._key.ExportSubjectPublicKeyInfo());
            var device = await ReadAsync(await client._http.PostAsJsonAsync("/api/pair", new { code = parts[1], key, name = "bench" }));
            var nonce = await ReadAsync(await client._http.GetAsync("/api/nonce"));
            var text = $"token\n{nonce.GetProperty("boot").GetString()}\n{nonce.GetProperty("value").GetString()}";
            var signature = Convert.ToBase64String(client._key.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256));
            var token = await ReadAsync(await client._http.PostAsJsonAsync(
                "/api/token", new { device = device.GetProperty("id").GetString(), nonce = nonce.GetProperty("value").GetString(), signature }));
            client._http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.GetProperty("value").GetString());
            return client;
        }

        public Task<string> GetAsync(string path) => _http.GetStringAsync(path);

        /// <summary>How many rows come until it is ended.</summary>
        public async Task<int> CountAsync(string path, CancellationToken over)
        {
            var rows = 0;
            try
            {
                using var reply = await _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, over);
                using var reader = new StreamReader(await reply.Content.ReadAsStreamAsync(over));
                while (await reader.ReadLineAsync(over) is { } line)
                {
                    rows += line.StartsWith("data: [", StringComparison.Ordinal) ? line.Split("\"seq\":").Length - 1 : 0;
                }
            }
            catch (OperationCanceledException)
            {
            }

            return rows;
        }

        public void Dispose()
        {
            _http.Dispose();
            _key.Dispose();
        }

        private static async Task<JsonElement> ReadAsync(HttpResponseMessage reply) =>
            JsonDocument.Parse(await reply.EnsureSuccessStatusCode().Content.ReadAsStringAsync()).RootElement.Clone();
    }
}
