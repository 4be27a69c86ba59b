using Godwit.Agents;
using Godwit.Budgets;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Egress;
using Godwit.Guardian;
using Godwit.Identity;
using Godwit.Models;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Tools;
using Godwit.Workspaces;

namespace Godwit.Bench;

/// <summary>What a fleet starts from.</summary>
internal sealed record AgentFleetInput(int Agents, string Commit, string Tree);

/// <summary>Agents beside each other, each on a tree of its own.</summary>
internal sealed record AgentFleet(AgentServices Services) : Playbook<AgentFleetInput, string>("bench/agents")
{
    public override async Task<string> RunAsync(IDurableContext context, AgentFleetInput input)
    {
        var ends = await Task.WhenAll(
            Enumerable.Range(1, input.Agents)
                .Select(number => context.ChildAsync($"agent/{number}", new AgentPlaybook(Services), new AgentTask
        {
            Name = $"{number}", Goal = $"Work as agent {number}", Budget = $"run/agents/{number}", BaseCommit = input.Commit,
            BaseTree = input.Tree, Turns = 3000, ToolCalls = 3000,
        })));
        return string.Join('\n', ends.Select(end => end.Require()).Select(end => $"{end.End} {end.Turns} {end.Tree}"));
    }
}

/// <summary>A tool that does nothing, in the place of the sandbox.</summary>
internal sealed class NoTool : ITool
{
    public ToolSpec Spec { get; } = new("run", "does nothing", """{"type":"object","properties":{"command":{"type":"string"}}}""");

    public ToolEffects EffectsOf(ToolArguments arguments) => ToolEffects.None;

    public Task<ToolOutput> RunAsync(ToolContext context, ToolArguments arguments, CancellationToken cancellation) =>
        Task.FromResult(new ToolOutput($"exit code 0 {arguments.Text("command")}"));
}

/// <summary>The world of a fleet in a folder: a small repository, its clone, models, budgets and tools.</summary>
internal sealed class FleetWorld : IDisposable
{
    private const int Files = 40;
    private readonly ModelDrivers? _drivers;

    private FleetWorld(RunFolder folder, RunRepository repository, SandboxRunner sandbox, AgentServices services, ModelDrivers? drivers)
    {
        _drivers = drivers;
        Folder = folder;
        Repository = repository;
        Sandbox = sandbox;
        Services = services;
    }

    public RunFolder Folder { get; }

    public RunRepository Repository { get; }

    public SandboxRunner Sandbox { get; }

    public AgentServices Services { get; }

    public PlaybookCatalogue Playbooks => new([new AgentFleet(Services), .. AgentPlaybook.All(Services)]);

    public static FleetWorld Make(RunFolder folder, bool real, IModelDriver? driver = null)
    {
        var catalogue = ModelCatalogue.Load().With($$"""
            providers: { bench: { url: "{{ScriptedModel.Address}}/v1" } }
            models: { bench: { provider: bench, input: 1, output: 1, max_output: 1000 } }
            roles: { worker: [bench] }
            """);
        var drivers = new ModelDrivers(catalogue, TimeProvider.System);
        var sandbox = new SandboxRunner(SandboxKind.Bubblewrap, Path.Combine(folder.Path, "assets"), TimeProvider.System);
        var repository = new RunRepository(folder.Repository);
        Directory.CreateDirectory(folder.Trees);
        ITool tool = real
            ? new RunTool(
                sandbox, RunNetwork.None, new SandboxCommand { Shell = "", Tree = "" }, new CommandSlots(Environment.ProcessorCount),
                new BackgroundJobs(sandbox, RunNetwork.None, new SandboxCommand { Shell = "", Tree = "" }, "", TimeProvider.System))
            : new NoTool();
        return new FleetWorld(folder, repository, sandbox, new AgentServices(
            new ModelPipeline(catalogue, driver is null ? drivers.Of : _ => driver, null, TimeProvider.System),
            new BudgetLedger(new Dictionary<string, BudgetLimits> { ["run"] = new() { Dollars = 1000 } }), [tool], Gatekeeper.Load(),
            new AgentTrees(
                task => new AgentTree(
                    task.Name, Path.Combine(folder.Trees, task.Name), task.BaseTree, task.BaseCommit, repository,
                    sandbox.OwnerOfFiles))), drivers);
    }

    public async Task<AgentFleetInput> CloneAsync(int agents)
    {
        var user = Path.Combine(Folder.Path, "user");
        Directory.CreateDirectory(user);
        for (var number = 0; number < Files; number++)
        {
            await File.WriteAllTextAsync(
                Path.Combine(user, $"file{number}.txt"), string.Concat(Enumerable.Repeat($"line of file {number}\n", 50)));
        }

        var commit = await Repository.CloneAsync(
            await SourceRepository.FindAsync(user, CancellationToken.None), "HEAD", CancellationToken.None);
        return new AgentFleetInput(agents, commit, await Repository.TreeAsync(commit, CancellationToken.None));
    }

    public async Task<DurableRun> CreateAsync(AgentFleetInput input) =>
        await DurableRun.CreateAsync(Folder, RunSigner.Of(Folder), Playbooks, new AgentFleet(Services), input, 1);

    public void Dispose()
    {
        _drivers?.Dispose();
        Sandbox.Dispose();
    }
}
