using Godwit.Agents;
using Godwit.Budgets;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Identity;
using Godwit.Models;
using Godwit.Playbooks.Review;
using Godwit.Runs;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Build;

/// <summary>A run of the build playbook with everything around it: clone, sandbox, gate, agents, keys.</summary>
internal sealed class BuildHost : RunHost
{
    private readonly RunSigner _signer;
    private readonly RunGround _ground;
    private readonly BuildTrees _trees;
    private readonly SandboxGate _gate;
    private readonly AgentWorld _agents;

    private BuildHost(DurableRun run, RunSigner signer, RunGround ground, BuildTrees trees, SandboxGate gate, AgentWorld agents)
        : base(run) => (_signer, _ground, _trees, _gate, _agents) = (signer, ground, trees, gate, agents);

    /// <inheritdoc/>
    public override Cassette? Cassette => _agents.Services.Models.Cassette;

    /// <summary>Starts a run.</summary>
    public static async Task<BuildHost> StartAsync(RunStart start, BuildGoal goal, CancellationToken cancellation)
    {
        AgentWorld.Require([.. goal.Agents], goal.Dollars is not null, start.Store, start.Models);
        return await RunGround.StartAsync(
            start,
            (ground, commit) =>
            {
                var input = new BuildInput
                {
                    Goal = goal,
                    BaseCommit = commit,
                    Sandbox = ground.Sandbox.Describe(),
                    Branch = $"godwit/{ground.Folder.Id}",
                    Source = start.Source.Root,
                    Models = start.Models,
                };
                return WireAsync(ground, input, (signer, services) =>
                {
                    var playbook = new BuildPlaybook(services);
                    return DurableRun.CreateAsync(ground.Folder, signer, playbook.Catalogue(), playbook, input, goal.Seed, start.Options);
                });
            },
            cancellation);
    }

    /// <summary>Takes up a run.</summary>
    /// <exception cref="JournalException">It can't be owned or isn't what was written.</exception>
    public static async Task<BuildHost> ResumeAsync(RunResume resume)
    {
        BuildInput input;
        using (var reader = JournalReader.Open(resume.Folder))
        {
            input = RootProcess.Input<BuildInput>(reader, "build");
        }

        return await RunGround.ResumeAsync(resume, input.Sandbox, ground => WireAsync(ground, input, (signer, services) =>
            Task.FromResult(DurableRun.Open(resume.Folder, signer, new BuildPlaybook(services).Catalogue(), resume.Options))));
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _agents.DisposeAsync();
        _gate.Dispose();
        _trees.Dispose();
        _ground.Sandbox.Dispose();
        _signer.Dispose();
    }

    /// <summary>Puts together all that a run on a goal of this kind needs.</summary>
    /// <param name="ground">What it stands on.</param>
    /// <param name="input">How to build and check, who works, and the commit that it starts from.</param>
    /// <param name="open">Makes or opens the durable run.</param>
    internal static async Task<BuildHost> WireAsync(RunGround ground, BuildInput input, Func<RunSigner, BuildServices, Task<DurableRun>> open)
    {
        var (folder, repository, sandbox, goal) = (ground.Folder, ground.Repository, ground.Sandbox, input.Goal);
        var signer = RunSigner.Of(folder);
        Directory.CreateDirectory(folder.Trees);
        var trees = new BuildTrees(folder, repository, sandbox, goal, input.BaseCommit);
        var gate = new SandboxGate(folder, repository, sandbox, trees, goal, input.BaseCommit);
        var tests = await TestsAsync(repository, input);
        var agents = AgentWorld.Make(NeedsOf(ground, input, trees, tests));
        try
        {
            var world = new BuildWorld(folder, repository, goal, ground.Store);
            var services = new BuildServices(gate, world, new BranchPublisher(repository), agents.Services);
            var host = new BuildHost(await open(signer, services), signer, ground, trees, gate, agents);
            agents.TakeUp(host.Run);
            return host;
        }
        catch
        {
            await agents.DisposeAsync();
            gate.Dispose();
            trees.Dispose();
            signer.Dispose();
            throw;
        }
    }

    private static AgentNeeds NeedsOf(RunGround ground, BuildInput input, BuildTrees trees, IReadOnlySet<string> tests) => new()
    {
        Store = ground.Store,
        Folder = ground.Folder,
        Repository = ground.Repository,
        Sandbox = ground.Sandbox,
        Template = trees.Template,
        LayAsync = (task, path, cancellation) => trees.LayAsync(task.BaseCommit, path, cancellation),
        Agents = [.. input.Goal.Agents],
        Limits = new BudgetLimits { Dollars = input.Goal.Dollars, Tokens = input.Goal.Tokens },
        Models = input.Models,
        Gateways = ground.Gateways,
        PeopleCanBeReached = input.Models.Mailbox is not null || ground.IsAttended,
        ScopeOf = task => ScopeOf(task, tests),
        Forms = [new PlanForm(input.Goal), new WorkForm(), new ReviewForm(), new ConfirmForm()],
        Time = ground.Time,
    };

    /// <summary>The tests that the base has.</summary>
    private static async Task<IReadOnlySet<string>> TestsAsync(RunRepository repository, BuildInput input)
    {
        var tests = new Glob(input.Goal.Tests);
        var files = await repository.FilesAsync(input.BaseCommit, "", CancellationToken.None);
        return files.Select(file => file.Path).Where(tests.Matches).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>A worker's scope is what is taken of its files; a planner's and a reviewer's are thrown away.</summary>
    private static TreeScope ScopeOf(AgentTask task, IReadOnlySet<string> tests)
    {
        if (task.Scope is not { } globs)
        {
            return TreeScope.Whole;
        }

        var scope = new Glob(globs);
        return new TreeScope(path => scope.Matches(path) && !tests.Contains(path) && !TreeScope.IsCache(path))
        {
            Harvests = true,
            Objection = path => tests.Contains(path) ? "; but it is a test that was there before, and your change of it isn't taken"
                : scope.Matches(path) ? null : $"; but it is outside of your scope, {string.Join(", ", globs)}, and isn't taken",
        };
    }
}
