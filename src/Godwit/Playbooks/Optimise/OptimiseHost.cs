using Godwit.Agents;
using Godwit.Budgets;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Egress;
using Godwit.Identity;
using Godwit.Models;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Optimise;

/// <summary>A run of the optimise playbook with everything around it: clone, sandbox, measurer, keys.</summary>
internal sealed class OptimiseHost : RunHost
{
    private readonly RunSigner _signer;
    private readonly SandboxRunner _sandbox;
    private readonly SandboxMeasurer _measurer;
    private readonly AgentWorld? _agents;
    private readonly RunNetwork _network;

    private OptimiseHost(
        DurableRun run, RunSigner signer, SandboxRunner sandbox, SandboxMeasurer measurer, AgentWorld? agents, RunNetwork network)
        : base(run)
    {
        _network = network;
        _signer = signer;
        _sandbox = sandbox;
        _measurer = measurer;
        _agents = agents;
    }

    /// <inheritdoc/>
    public override ModelPipeline? Models => _agents?.Services.Models;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> NotHeld => _sandbox.NotHeld;

    /// <inheritdoc/>
    public override SemaphoreSlim Quiet => _measurer.Quiet;

    /// <summary>Starts a run.</summary>
    public static async Task<OptimiseHost> StartAsync(RunStart start, OptimiseGoal goal, CancellationToken cancellation)
    {
        AgentWorld.Require(goal.Agents, goal.Dollars is not null, start.Store, start.Models, goal.Providers);
        return await RunGround.StartAsync(start, BeginAsync, cancellation);

        async Task<OptimiseHost> BeginAsync(RunGround ground, string commit)
        {
            var folder = ground.Folder;
            var parameters = goal.Parameters is null
                ? null
                : await ParameterSource.ReadAsync(folder.Repository, commit, goal, cancellation);
            var input = new OptimiseInput
            {
                Goal = goal,
                BaseCommit = commit,
                BaseFile = parameters?.Content,
                LinkedFile = parameters?.Linked,
                Template = parameters?.Template,
                Sandbox = ground.Sandbox.Describe(),
                Branch = $"godwit/{folder.Id}",
                Source = start.Source.Root,
                Models = start.Models,
            };
            return await WireAsync(ground, input, (signer, playbook) =>
                DurableRun.CreateAsync(folder, signer, playbook.Catalogue(), playbook, input, goal.Seed, start.Options));
        }
    }

    /// <summary>Takes up a run.</summary>
    /// <exception cref="JournalException">It can't be owned or isn't what was written.</exception>
    public static async Task<OptimiseHost> ResumeAsync(RunResume resume, CancellationToken cancellation)
    {
        var (folder, options) = (resume.Folder, resume.Options);
        var raise = BudgetRaise.Of(resume.Raise);
        OptimiseInput input;
        using (var reader = JournalReader.Open(folder))
        {
            input = BudgetRaise.Apply(
                RootProcess.Input<OptimiseInput>(reader, "optimise"),
                [.. RootProcess.Amendments<BudgetRaise>(reader), .. raise is null ? Array.Empty<BudgetRaise>() : [raise]]);
        }

        var looks = raise is null ? 0 : await CandidateCommit.LooksAsync(folder, cancellation);
        return await RunGround.ResumeAsync(resume, input.Sandbox, ground => WireAsync(ground, input, (signer, playbook) =>
            Task.FromResult(raise is null
                ? DurableRun.Open(folder, signer, playbook.Catalogue(), options)
                : DurableRun.OpenAmended(folder, signer, playbook.Catalogue(), reader => raise.Given(reader, looks), options))));
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_agents is not null)
        {
            await _agents.DisposeAsync();
        }

        _measurer.Dispose();
        _network.Dispose();
        _sandbox.Dispose();
        _signer.Dispose();
    }

    /// <summary>Where the parameters' file is, from the top of the repository; null where there is none.</summary>
    internal static string? ParameterFileOf(OptimiseInput input) => input.Goal.Parameters is not { } parameters ? null
        : input.LinkedFile ?? (input.Goal.Harness.Folder.Length == 0 ? parameters.File : $"{input.Goal.Harness.Folder}/{parameters.File}");

    private static async Task<OptimiseHost> WireAsync(
        RunGround ground, OptimiseInput input, Func<RunSigner, OptimisePlaybook, Task<DurableRun>> open)
    {
        var (folder, repository, sandbox) = (ground.Folder, ground.Repository, ground.Sandbox);
        var signer = RunSigner.Of(folder);
        Directory.CreateDirectory(folder.Trees);
        var network = ground.Network(input.Goal.Harness.Network);
        var trees = new HarnessTrees(folder, repository, input.Goal.Harness, sandbox, network, input.BaseCommit);
        var measurer = new SandboxMeasurer(trees, input.Goal.Harness, sandbox, folder);
        var agents = input.Goal.Agents.Count == 0
            ? null
            : AgentWorld.Make(AgentNeedsOf(ground, network, input, trees, measurer));
        var outside = input.Goal.Proposer is { } program ? new OutsideProposer(program, input.Goal.Harness, trees, sandbox) : null;
        try
        {
            var playbook = new OptimisePlaybook(
                new OptimiseServices(
                    measurer, new Delivery(folder, repository, ground.Store), new BranchPublisher(repository), outside, agents?.Services,
                    agents is null ? null : new CodeWorld(folder, repository, trees, input.Goal.Harness, ParameterFileOf(input))));
            var host = new OptimiseHost(await open(signer, playbook), signer, sandbox, measurer, agents, network);
            network.TakeUp(host.Run);
            if (agents is not null)
            {
                await agents.TakeUpAsync(host.Run);
            }

            Processors.LeaveToMeasuring(input.Goal.Harness.Cpus);
            return host;
        }
        catch
        {
            if (agents is not null)
            {
                await agents.DisposeAsync();
            }

            measurer.Dispose();
            signer.Dispose();
            throw;
        }
    }

    private static AgentNeeds AgentNeedsOf(
        RunGround ground, RunNetwork network, OptimiseInput input, HarnessTrees trees, IMeasurer measurer)
    {
        var (goal, parameterFile) = (input.Goal, ParameterFileOf(input));
        return new AgentNeeds
        {
            Store = ground.Store,
            Folder = ground.Folder,
            Repository = ground.Repository,
            Sandbox = ground.Sandbox,
            Template = trees.Template,
            LayAsync = (_, path, cancellation) => trees.LayAsync(path, cancellation),
            Agents = goal.Agents,
            UserWords = goal.Title,
            Limits = new BudgetLimits { Dollars = goal.Dollars, Tokens = goal.Tokens },
            Models = input.Models,
            Gateways = ground.Gateways,
            Network = network,
            Providers = goal.Providers,
            PeopleCanBeReached = goal.Asks switch
            {
                "park" => true,
                "deny" => false,
                _ => input.Models.Mailbox is not null || ground.IsAttended,
            },
            ScopeOf = _ => new TreeScope(IsOwn) { Objection = Objection },
            Tools = slots => [new MeasureTool(measurer, goal, IsOwn, slots)],
            Time = ground.Time,
        };

        bool IsOwn(string path) => trees.IsEditable(path) && path != parameterFile;

        string? Objection(string path)
        {
            if (path == parameterFile)
            {
                return "; but its values are searched beside you: your change of it is left out";
            }

            return trees.IsEditable(path) ? null
                : $"; but the goal lets you change only {string.Join(", ", goal.Harness.Editable)}: a changed file of the base " +
                $"voids your work, and a new one is left out";
        }
    }
}
