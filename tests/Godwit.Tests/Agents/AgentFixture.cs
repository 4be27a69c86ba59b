using System.Text.Json.Nodes;
using Godwit.Agents;
using Godwit.Budgets;
using Godwit.Durable;
using Godwit.Guardian;
using Godwit.Identity;
using Godwit.Durable.Journal;
using Godwit.Egress;
using Godwit.Models;
using Godwit.Sandbox;
using Godwit.Tests.Models;
using Godwit.Tools;
using Godwit.Workspaces;

namespace Godwit.Tests.Agents;

/// <summary>A world of agents on real files, with a scripted model over real HTTP.</summary>
public abstract class AgentFixture : IAsyncDisposable
{
    private SandboxRunner? _sandbox;
    private BackgroundJobs? _jobs;

    protected AgentFixture()
    {
        var user = Path.Combine(Root.FullName, "user");
        Directory.CreateDirectory(Path.Combine(user, "src"));
        File.WriteAllText(Path.Combine(user, "src", "a.txt"), "one\ntwo\nthree\n");
        File.WriteAllText(Path.Combine(user, "b.txt"), "b\n");
        Clone = new RunRepository(Path.Combine(Root.FullName, "run", "repository.git"));
        Folder = new RunFolder(Path.Combine(Root.FullName, "run"));
    }

    internal DirectoryInfo Root { get; } = Directory.CreateTempSubdirectory("godwit-test-");

    internal RunRepository Clone { get; }

    internal RunFolder Folder { get; }

    internal string? Ripgrep { get; set; }

    /// <summary>What keeps commands apart. Default nothing.</summary>
    internal SandboxKind Walls { get; set; }

    /// <summary>What commands may reach. Default nothing.</summary>
    internal RunNetwork Network { get; set; } = RunNetwork.None;

    public async ValueTask DisposeAsync()
    {
        if (_jobs is not null)
        {
            await _jobs.DisposeAsync();
        }

        _sandbox?.Dispose();
        Root.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    internal async Task<AgentTask> TaskAsync(string name = "agent-1", int turns = 60)
    {
        var source = await SourceRepository.FindAsync(Path.Combine(Root.FullName, "user"), CancellationToken.None);
        var commit = Directory.Exists(Clone.Path)
            ? (await Git.RunAsync(Clone.Path, ["rev-parse", "refs/godwit/base"], CancellationToken.None))
            : await Clone.CloneAsync(source, "HEAD", CancellationToken.None);
        return new AgentTask
        {
            Name = name,
            Goal = "Make two into TWO",
            Constraints = ["leave b.txt alone"],
            Budget = $"run/agents/{name}",
            BaseCommit = commit,
            BaseTree = await Clone.TreeAsync(commit, CancellationToken.None),
            Turns = turns,
        };
    }

    internal AgentServices Services(ScriptedProvider server, decimal dollars = 100, long context = 0, int maxOutput = 1000)
    {
        var catalogue = ModelCatalogue.Merge([("test", $$"""
            providers: { x: { url: "{{server.Address}}/v1" } }
            models: { m: { provider: x, id: scripted, input: 5, output: 30, max_output: {{maxOutput}}, context: {{context}} } }
            roles: {worker: [m], guardian: [m]}
            """)]);
        var drivers = new ModelDrivers(catalogue, TimeProvider.System);
        _sandbox ??= new SandboxRunner(Walls, Path.Combine(Root.FullName, "assets"), TimeProvider.System);
        var template = new SandboxCommand { Shell = "", Tree = "" };
        _jobs ??= new BackgroundJobs(_sandbox, Network, template, Path.Combine(Root.FullName, "jobs"), TimeProvider.System);
        return new AgentServices(
            new ModelPipeline(catalogue, drivers.Of, null, TimeProvider.System),
            new BudgetLedger(new Dictionary<string, BudgetLimits> { ["run"] = new() { Dollars = dollars } }),
            [
                new ListTool(),
                new ReadTool(),
                new SearchTool(Ripgrep),
                new EditTool(),
                new WriteTool(),
                new RunTool(_sandbox, Network, template, new CommandSlots(1), _jobs),
                new JobTool(_jobs),
                .. Network.RulesOf(NetworkUse.Agents).Count > 0 ? [new FetchTool(Network)] : (ITool[])[],
            ],
            Network.RulesOf(NetworkUse.Agents).Count > 0 ? Gatekeeper.Load().WithNetwork() : Gatekeeper.Load(),
            new AgentTrees(
                task => new AgentTree(
                    task.Name, Path.Combine(Folder.Path, "trees", task.Name), task.BaseTree, task.BaseCommit, Clone, _sandbox.OwnerOfFiles)));
    }

    internal async Task<AgentResult> RunAsync(AgentServices services, AgentTask task)
    {
        using var signer = RunSigner.Of(Folder);
        var playbook = new AgentPlaybook(services);
        await using var run = await DurableRun.CreateAsync(
            Folder, signer, new PlaybookCatalogue(playbook, new SegmentPlaybook(services)), playbook, task, 7);
        return (await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(60))).Result<AgentResult>();
    }

    /// <summary>Answers by how many tool results the conversation has: a script of turns.</summary>
    internal static Func<JsonNode, ScriptedReply> Turns(params ScriptedReply[] replies) => request =>
        replies[Math.Min(replies.Length - 1, request["messages"]!.AsArray().Count(message => message!["role"]!.GetValue<string>() == "assistant"))];

    internal static string LastToolResult(JsonNode request) =>
        request["messages"]!.AsArray().Last(message => message!["role"]!.GetValue<string>() == "tool")!["content"]!.ToString();
}
