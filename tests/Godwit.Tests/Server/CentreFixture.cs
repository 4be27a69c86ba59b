using System.Net.Http.Json;
using System.Net.Sockets;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Identity;
using Godwit.Playbooks;
using Godwit.Runs;
using Godwit.Server.Centre;
using Godwit.Tests.Durable;
using Microsoft.Extensions.Time.Testing;

namespace Godwit.Tests.Server;

/// <summary>A centre over a store of its own, and runs that ask a person something.</summary>
public sealed class CentreFixture : IAsyncDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("godwit-centre-");
    private readonly RunFixture _runs = new();
    private readonly List<IAsyncDisposable> _open = [];

    public CentreFixture() => Store = new RunStore(_home.FullName);

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.Parse("2026-11-27T12:00:00Z", null));

    internal RunStore Store { get; }

    internal CentreServer Server { get; private set; } = null!;

    internal async Task<CentreServer> ServeAsync(
        string? root = null, string web = "", TimeProvider? time = null, int port = 0, Func<CentreOptions, CentreOptions>? change = null)
    {
        var options = new CentreOptions(new RunKinds(), Store, Path.Combine(Repository.Root, "artifacts", "godwit", "Godwit.Cli"), web)
        {
            Root = root,
            Time = time ?? Time,
            Port = port,
        };
        Server = await CentreServer.StartAsync(change?.Invoke(options) ?? options);
        return Server;
    }

    /// <summary>Asks by the socket in the user's own folder.</summary>
    internal async Task<HttpResponseMessage> LocalAsync(string what, object body, string socket = "serve.sock")
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(Store.Home, socket)), cancellation);
                return new NetworkStream(connection, ownsSocket: true);
            },
        });
        return await http.PostAsJsonAsync($"http://localhost/local/{what}", body);
    }

    internal Task<CentreClient> PairAsync(DeviceRole role = DeviceRole.Own, string name = "a test") =>
        CentreClient.PairAsync(Server.NewLink(role), name);

    /// <summary>A run that notes words, whose agent wants an action approved, and that ends with what was answered.</summary>
    internal async Task<(RunFolder Folder, Task<RunEnd> Ends)> AskingAsync(
        string name, ApprovalAsked asked, IReadOnlyList<string>? notes = null)
    {
        var task = new AgentTask { Name = asked.Agent, Goal = "Clean up.", Budget = "run/agent", BaseCommit = "", BaseTree = "" };
        var agent = new Script<AgentTask, AgentResult>("agent", async (context, _) =>
        {
            await context.NoteAsync("asked", asked, AgentTopic.Asked);
            var answer = await context.SignalAsync<Approval>("approval", asked.Name, TimeSpan.FromMinutes(10));
            var words = answer is null ? "nobody answered" : $"{answer.Granted}: {answer.Words} ({answer.By})";
            return new AgentResult { Tree = "", Summary = words };
        });
        var root = new Script<string, string>("asking", async (context, input) =>
        {
            foreach (var (note, index) in (notes ?? []).Select((note, index) => (note, index)))
            {
                await context.NoteAsync($"note/{index}", note);
            }

            return (await context.ChildAsync("agent", agent, () => task)).Require().Summary;
        });
        var folder = Store.New(name, TimeProvider.System.GetUtcNow());
        var run = await _runs.CreateAsync(root, "in", others: [agent], folder: folder);
        var stop = new CancellationTokenSource();
        var control = RunControl.Listen(run, stop, request => DeviceOrders.Fault(Store.Home, folder.Id, request));
        _open.AddRange([control, run]);
        return (folder, run.RunAsync(stop.Token));
    }

    /// <summary>A goal in a folder of its own below <c>goals</c>, whose base fails at once, and a model that can't be reached.</summary>
    internal DirectoryInfo RedGoal()
    {
        var goals = Directory.CreateDirectory(Path.Combine(Store.Home, "goals", "red"));
        File.WriteAllText(Path.Combine(Store.Home, "models.yaml"), "providers: {x: {url: \"http://127.0.0.1:9/v1\"}}\n" +
            "models: {m: {provider: x, id: m, input: 1, output: 1}}\nroles: {planner: [m], worker: [m], reviewer: [m]}\n");
        File.WriteAllText(Path.Combine(goals.FullName, "godwit.yaml"), "goal: Never\nplaybook: build\n" +
            "checks: [{name: all, run: 'echo error: broken; exit 1'}]\nacceptance: [{id: A1, says: It holds, run: 'test -e there'}]\n");
        Cli.GitFolder.Of(goals.FullName);
        return goals;
    }

    /// <summary>Lets go of the runs, as their processes would at their end.</summary>
    internal async Task CloseRunsAsync()
    {
        foreach (var one in _open)
        {
            await one.DisposeAsync();
        }

        _open.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }

        await CloseRunsAsync();
        _runs.Dispose();
        _home.Delete(recursive: true);
    }
}
