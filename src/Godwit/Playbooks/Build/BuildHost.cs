using Godwit.Agents;
using Godwit.Budgets;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Egress;
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
    private readonly RunNetwork _network;

    private BuildHost(
        DurableRun run, RunSigner signer, RunGround ground, BuildTrees trees, SandboxGate gate, AgentWorld agents, RunNetwork network)
        : base(run) => (_signer, _ground, _trees, _gate, _agents, _network) = (signer, ground, trees, gate, agents, network);

    /// <inheritdoc/>
    public override ModelPipeline? Models => _agents.Services.Models;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> NotHeld => _ground.Sandbox.NotHeld;

    /// <summary>Starts a run.</summary>
    public static async Task<BuildHost> StartAsync(RunStart start, BuildGoal goal, CancellationToken cancellation)
    {
        AgentWorld.Require([.. goal.Agents], goal.Dollars is not null, start.Store, start.Models, goal.Providers);
        var onto = await start.Source.HeadBranchAsync(cancellation);
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
                    Onto = onto,
                    Models = start.Models,
                };
                return CreateAsync(ground, start, input, input, services => (new BuildPlaybook(services), new BuildPlaybook(services).Catalogue()));
            },
            cancellation);
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _agents.DisposeAsync();
        _gate.Dispose();
        _trees.Dispose();
        _network.Dispose();
        _ground.Sandbox.Dispose();
        _signer.Dispose();
    }

    /// <summary>Makes a run of a playbook that works on a goal of this kind.</summary>
    /// <param name="ground">What it stands on.</param>
    /// <param name="start">What it is started with.</param>
    /// <param name="build">How to build and check, who works, and the commit that it starts from.</param>
    /// <param name="input">The playbook's own input.</param>
    /// <param name="playbook">Makes the playbook, and all that it may start.</param>
    internal static Task<BuildHost> CreateAsync<TIn, TOut>(
        RunGround ground, RunStart start, BuildInput build, TIn input, Func<BuildServices, (Playbook<TIn, TOut> Root, PlaybookCatalogue All)> playbook) =>
        WireAsync(ground, build, (signer, services) =>
        {
            var (root, all) = playbook(services);
            return DurableRun.CreateAsync(ground.Folder, signer, all, root, input, build.Goal.Seed, start.Options);
        });

    /// <summary>Takes up a run of a playbook that works on a goal of this kind.</summary>
    /// <param name="resume">What it is resumed with.</param>
    /// <param name="build">How to build and check, who works, and the commit that it starts from.</param>
    /// <param name="playbooks">All that the run may start.</param>
    /// <exception cref="JournalException">It can't be owned or isn't what was written.</exception>
    /// <exception cref="ArgumentException">A larger budget is wanted, and it has none.</exception>
    internal static async Task<RunHost> OpenAsync(RunResume resume, BuildInput build, Func<RunGround, BuildServices, PlaybookCatalogue> playbooks) =>
        resume.Raise is { IsEmpty: false }
            ? throw new ArgumentException($"{resume.Folder.Id} has no budget that could be raised; start another run")
            : await RunGround.ResumeAsync(resume, build.Sandbox, ground => WireAsync(ground, build, (signer, services) =>
                Task.FromResult(DurableRun.Open(resume.Folder, signer, playbooks(ground, services), resume.Options))));

    /// <summary>Puts together all that a run on a goal of this kind needs.</summary>
    private static async Task<BuildHost> WireAsync(RunGround ground, BuildInput input, Func<RunSigner, BuildServices, Task<DurableRun>> open)
    {
        var (folder, repository, sandbox, goal) = (ground.Folder, ground.Repository, ground.Sandbox, input.Goal);
        var signer = RunSigner.Of(folder);
        Directory.CreateDirectory(folder.Trees);
        var network = ground.Network(goal.Network);
        var trees = new BuildTrees(folder, repository, sandbox, network, goal, input.BaseCommit);
        var gate = new SandboxGate(folder, repository, sandbox, trees, goal, input.BaseCommit);
        var tests = await TestsAsync(repository, input);
        var agents = AgentWorld.Make(NeedsOf(ground, network, input, trees, tests));
        try
        {
            var world = new BuildWorld(folder, repository, goal, ground.Store);
            var services = new BuildServices(gate, world, new BranchPublisher(repository), agents.Services) { Network = network };
            var host = new BuildHost(await open(signer, services), signer, ground, trees, gate, agents, network);
            network.TakeUp(host.Run);
            await agents.TakeUpAsync(host.Run);
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

    private static AgentNeeds NeedsOf(
        RunGround ground, RunNetwork network, BuildInput input, BuildTrees trees, IReadOnlySet<string> tests) => new()
    {
        Store = ground.Store,
        Folder = ground.Folder,
        Repository = ground.Repository,
        Sandbox = ground.Sandbox,
        Template = trees.Template,
        LayAsync = (task, path, cancellation) => trees.LayAsync(task.BaseCommit, path, cancellation),
        Agents = [.. input.Goal.Agents],
        UserWords = input.Goal.Title,
        Limits = new BudgetLimits { Dollars = input.Goal.Dollars, Tokens = input.Goal.Tokens },
        Models = input.Models,
        Gateways = ground.Gateways,
        Network = network,
        Providers = input.Goal.Providers,
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
