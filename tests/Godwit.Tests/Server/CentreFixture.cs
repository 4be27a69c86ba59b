using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
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

    internal async Task<CentreServer> ServeAsync(string? root = null, string web = "", TimeProvider? time = null, int port = 0)
    {
        var options = new CentreOptions(new RunKinds(), Store, Path.Combine(Repository.Root, "artifacts", "godwit", "Godwit.Cli"), web)
        {
            Root = root,
            Time = time ?? Time,
            Port = port,
        };
        Server = await CentreServer.StartAsync(options);
        return Server;
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
        var control = RunControl.Listen(run, stop);
        _open.AddRange([control, run]);
        return (folder, run.RunAsync(stop.Token));
    }

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }

        foreach (var one in _open)
        {
            await one.DisposeAsync();
        }

        _runs.Dispose();
        _home.Delete(recursive: true);
    }
}
