using System.Net;
using System.Text.Json;
using Godwit.Identity;
using Godwit.Runs;
using Godwit.Server.Centre;
using Godwit.Tests.Durable;

namespace Godwit.Tests.Server;

/// <summary>The recorded runs, played: what the centre makes of real journals.</summary>
public sealed class RecordingTests : IAsyncLifetime
{
    private static readonly string Tapes = Path.Combine(Repository.Root, "examples", "recordings");

    private Recordings _recordings = null!;
    private CentreServer _server = null!;
    private CentreClient _owner = null!;

    public async ValueTask InitializeAsync()
    {
        _recordings = await Recordings.PlayAsync(Tapes, TimeSpan.FromSeconds(1));
        var program = Path.Combine(Repository.Root, "artifacts", "godwit", "Godwit.Cli");
        var options = new CentreOptions(new Godwit.Playbooks.RunKinds(), _recordings.Store, program, "")
        {
            IsRecording = true,
        };
        _server = await CentreServer.StartAsync(options);
        _owner = await CentreClient.PairAsync(_server.NewLink(DeviceRole.Own));
        await Eventually.TrueAsync(
            async () => (await _owner.GetAsync("/api/runs")).GetProperty("runs") is { } runs && runs.GetArrayLength() == Directory.GetFiles(Tapes).Length
                && runs.EnumerateArray().All(run => run.GetProperty("state").GetString() is not ("running" or "waiting")),
            "all recordings have ended");
    }

    public async ValueTask DisposeAsync()
    {
        _owner?.Dispose();
        await (_server?.DisposeAsync() ?? default);
        await (_recordings?.DisposeAsync() ?? default);
    }

    [Fact]
    public async Task Play_ToTheEnd_IsWhatWasRecordedAndCantBeChanged()
    {
        var fleet = await _owner.GetAsync("/api/runs");
        Assert.True(fleet.GetProperty("is_recording").GetBoolean());
        var kinds = fleet.GetProperty("runs").EnumerateArray().Select(run => run.GetProperty("playbook").GetString()).ToHashSet();
        Assert.Superset(new HashSet<string?> { "build", "draft", "optimise" }, kinds);
        foreach (var run in fleet.GetProperty("runs").EnumerateArray().Where(run => run.GetProperty("playbook").GetString() is "build" or "optimise"))
        {
            Assert.Equal("verified", run.GetProperty("state").GetString());
        }

        var build = Run(fleet, "build");
        var refused = await _owner.SendAsync($"/api/runs/{build}/say", new { agent = (string?)null, words = "hello" });
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Contains("this is a recording", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, (await _owner.SendAsync("/api/delete", new { runs = new[] { build } })).StatusCode);
    }

    /// <summary>An agent's changes, its work over time and what was spent stand in the journal and in the run's clone.</summary>
    [Fact]
    public async Task Run_ThatHasEnded_TellsChangesAndTimes()
    {
        var build = Run(await _owner.GetAsync("/api/runs"), "build");
        var state = (await _owner.GetAsync($"/api/runs/{build}")).GetProperty("state");
        var worker = state.GetProperty("agents").EnumerateArray().Select(agent => agent.GetProperty("name").GetString()!)
            .First(name => name.Contains("-worker-", StringComparison.Ordinal) && !name.Contains("contract", StringComparison.Ordinal));
        var changes = await _owner.GetAsync($"/api/runs/{build}/changes?agent={worker}");
        Assert.Contains("+++ b/examples/build-notes/notes/", changes.GetProperty("patch").GetString(), StringComparison.Ordinal);
        Assert.False(changes.GetProperty("is_cut").GetBoolean());
        Assert.Contains("+++ b/", (await _owner.GetAsync($"/api/runs/{build}/changes")).GetProperty("patch").GetString(), StringComparison.Ordinal);
        var reviewer = worker.Replace("-worker-", "-nobody-", StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await _owner.Http.GetAsync($"/api/runs/{build}/changes?agent={reviewer}")).StatusCode);

        var timeline = await _owner.GetAsync($"/api/runs/{build}/timeline");
        var lane = timeline.GetProperty("lanes").EnumerateArray().Single(one => one.GetProperty("agent").GetString() == worker);
        var (from, to) = (timeline.GetProperty("from").GetDateTimeOffset(), timeline.GetProperty("to").GetDateTimeOffset());
        Assert.All(lane.GetProperty("worked").EnumerateArray(), span =>
        {
            Assert.InRange(span.GetProperty("from").GetDateTimeOffset(), from, to);
            Assert.InRange(span.GetProperty("to").GetDateTimeOffset(), span.GetProperty("from").GetDateTimeOffset(), to);
        });
        Assert.NotEqual(0, lane.GetProperty("worked").GetArrayLength());
    }

    /// <summary>Words are found in all runs, each line is the one that was said, and a file that is gone or broken is made again.</summary>
    [Fact]
    public async Task Search_OverAllRuns_FindsLinesAndFollowsWhatIsThere()
    {
        var file = Path.Combine(_recordings.Store.Home, "index.db");
        await File.WriteAllTextAsync(file, "this is no database, and is longer than a header of one, so that it is read as one");
        var found = await FoundAsync("sqlite pinned");
        Assert.NotEmpty(found);
        Assert.All(found, hit => Assert.Contains("\u0002", hit.GetProperty("text").GetString(), StringComparison.Ordinal));
        foreach (var hit in found.Where(hit => hit.GetProperty("agent").GetString() != "").Take(10))
        {
            var run = hit.GetProperty("run").GetString();
            var whole = await _owner.GetAsync($"/api/runs/{run}/rows/{hit.GetProperty("seq").GetInt64()}/{hit.GetProperty("part").GetInt32()}");
            Assert.Contains("pinned", whole.GetProperty("text").GetString(), StringComparison.OrdinalIgnoreCase);
        }

        var one = found[0].GetProperty("run").GetString()!;
        Assert.Empty(await FoundAsync("nobodyhaseversaidthis"));
        Assert.NotEmpty(await FoundAsync("\" OR text:*"));

        _recordings.Store.Delete(_recordings.Store.Find(one));
        await Eventually.TrueAsync(
            async () => (await FoundAsync("pinned")).TrueForAll(hit => hit.GetProperty("run").GetString() != one), "the deleted run isn't found any more");

        // A run that can't be read keeps none of the others from being found, and the file can go while the server runs.
        var broken = Directory.CreateDirectory(Path.Combine(_recordings.Store.Home, "runs", "a-broken-one"));
        await File.WriteAllTextAsync(Path.Combine(broken.FullName, "journal.db"), new string('x', 5000));
        File.Delete(file);
        await Eventually.TrueAsync(() => File.Exists(file), "the index is made anew");
        Assert.NotEmpty(await FoundAsync("export"));
    }

    [Fact]
    public async Task Usage_ByEachPart_IsWhatTheRunsHaveSpent()
    {
        var build = Run(await _owner.GetAsync("/api/runs"), "build");
        var agents = (await _owner.GetAsync($"/api/runs/{build}")).GetProperty("state").GetProperty("agents");
        var calls = agents.EnumerateArray().Sum(agent => agent.GetProperty("calls").GetInt64());
        JsonElement usage = default;
        await Eventually.TrueAsync(
            async () => (usage = await _owner.GetAsync("/api/usage?by=run&days=3650")).GetProperty("pending").GetInt32() == 0, "all runs are read");
        var mine = usage.GetProperty("rows").EnumerateArray().Single(row => row.GetProperty("name").GetString() == build);
        Assert.Equal(calls, mine.GetProperty("calls").GetInt64());
        Assert.True(mine.GetProperty("tokens").GetInt64() > 0);
        var all = usage.GetProperty("rows").EnumerateArray().Sum(row => row.GetProperty("calls").GetInt64());
        foreach (var by in (string[])["agent", "role", "model", "day"])
        {
            var rows = (await _owner.GetAsync($"/api/usage?by={by}&days=3650")).GetProperty("rows").EnumerateArray().ToList();
            Assert.Equal(all, rows.Sum(row => row.GetProperty("calls").GetInt64()));
            Assert.All(rows, row => Assert.NotEqual("", row.GetProperty("name").GetString()));
        }

        Assert.Equal(HttpStatusCode.BadRequest, (await _owner.Http.GetAsync("/api/usage?by=run;drop&days=1")).StatusCode);
        var disks = await _owner.GetAsync("/api/disk");
        Assert.All(disks.EnumerateArray(), disk => Assert.InRange(disk.GetProperty("bytes").GetInt64(), 10_000, 100_000_000));
    }

    private static string Run(JsonElement fleet, string playbook) => fleet.GetProperty("runs").EnumerateArray()
        .First(run => run.GetProperty("playbook").GetString() == playbook).GetProperty("run").GetString()!;

    private async Task<List<JsonElement>> FoundAsync(string words)
    {
        JsonElement found = default;
        await Eventually.TrueAsync(
            async () => (found = await _owner.GetAsync($"/api/search?words={Uri.EscapeDataString(words)}")).GetProperty("pending").GetInt32() == 0,
            "all runs are read");
        return [.. found.GetProperty("hits").EnumerateArray()];
    }
}
