using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Identity;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Optimise;

/// <summary>A run of the optimise playbook with everything around it: clone, sandbox, measurer, keys.</summary>
public sealed class OptimiseHost : IAsyncDisposable
{
    private readonly RunSigner _signer;
    private readonly SandboxHost _sandbox;
    private readonly SandboxMeasurer _measurer;
    private readonly AgentWorld? _agents;

    private OptimiseHost(
        OptimiseInput input, RunSigner signer, SandboxHost sandbox, SandboxMeasurer measurer, AgentWorld? agents, DurableRun run)
    {
        _agents = agents;
        Input = input;
        _signer = signer;
        _sandbox = sandbox;
        _measurer = measurer;
        Run = run;
    }

    /// <summary>What the run was started with.</summary>
    public OptimiseInput Input { get; }

    /// <summary>The durable run.</summary>
    public DurableRun Run { get; }

    /// <summary>The recording that agents' models are played from or recorded in; null for none.</summary>
    public Models.Cassette? Cassette => _agents?.Services.Models.Cassette;

    /// <summary>Held while a measurement runs; whoever draws takes it first.</summary>
    public SemaphoreSlim Quiet => _measurer.Quiet;

    /// <summary>Starts a run.</summary>
    /// <param name="store">Where runs live.</param>
    /// <param name="source">The user's side.</param>
    /// <param name="goal">The goal.</param>
    /// <param name="kind">How commands are kept apart.</param>
    /// <param name="models">Who answers the agents.</param>
    /// <param name="options">How it is hosted.</param>
    /// <param name="gateways">Serves agents that are programs; null where there can be none.</param>
    /// <param name="cancellation">Ends the start.</param>
    public static async Task<OptimiseHost> StartAsync(
        RunStore store, SourceRepository source, Goal goal, SandboxKind kind, ModelSource models, DurableOptions options,
        IGatewayHost? gateways, CancellationToken cancellation)
    {
        AgentWorld.Require(goal, store, models);
        var sandbox = new SandboxHost(kind, store.SandboxAssets, options.Time);
        var folder = store.New(goal.Name, options.Time.GetUtcNow());
        await RequireAsync(sandbox, folder, cancellation);
        var repository = new RunRepository(folder.Repository);
        var commit = await repository.CloneAsync(source, "HEAD", cancellation);
        var parameters = goal.Parameters is null ? null : await ParameterSource.ReadAsync(folder.Repository, commit, goal, cancellation);
        var input = new OptimiseInput
        {
            Goal = goal,
            BaseCommit = commit,
            BaseFile = parameters?.Content,
            LinkedFile = parameters?.Linked,
            Template = parameters?.Template,
            Sandbox = sandbox.Describe(),
            Branch = $"godwit/{folder.Id}",
            Source = source.Root,
            Models = models,
        };
        return await WireAsync(store, folder, input, sandbox, options, gateways, async (signer, playbook) =>
            await DurableRun.CreateAsync(folder, signer, playbook.Catalogue(), playbook, input, goal.Seed, options));
    }

    /// <summary>Takes up a run.</summary>
    /// <param name="store">Where runs live.</param>
    /// <param name="folder">The run's folder.</param>
    /// <param name="options">How it is hosted.</param>
    /// <param name="gateways">Serves agents that are programs; null where there can be none.</param>
    /// <param name="raise">A larger budget, with which a run goes on that has ended without a result; null for the one that it has.</param>
    /// <exception cref="JournalException">It can't be owned or isn't what was written.</exception>
    public static async Task<OptimiseHost> ResumeAsync(
        RunStore store, RunFolder folder, DurableOptions options, IGatewayHost? gateways = null, BudgetRaise? raise = null)
    {
        OptimiseInput input;
        using (var reader = JournalReader.Open(folder))
        {
            input = BudgetRaise.Apply(
                RootProcess.Input<OptimiseInput>(reader, "optimise"),
                [.. RootProcess.Amendments<BudgetRaise>(reader), .. raise is null ? Array.Empty<BudgetRaise>() : [raise]]);
        }

        var looks = raise is null ? 0 : await CandidateCommit.LooksAsync(folder, CancellationToken.None);
        var kind = input.Sandbox == "none" ? SandboxKind.None : SandboxKind.Bubblewrap;
        return await WireAsync(
            store, folder, input, new SandboxHost(kind, store.SandboxAssets, options.Time), options, gateways, (signer, playbook) =>
            Task.FromResult(raise is null
                ? DurableRun.Open(folder, signer, playbook.Catalogue(), options)
                : DurableRun.OpenAmended(folder, signer, playbook.Catalogue(), reader => raise.Given(reader, looks), options)));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Run.DisposeAsync();
        if (_agents is not null)
        {
            await _agents.DisposeAsync();
        }

        _measurer.Dispose();
        _sandbox.Dispose();
        _signer.Dispose();
    }

    /// <summary>Where the parameters' file is, from the top of the repository; null where there is none.</summary>
    internal static string? ParameterFileOf(OptimiseInput input) => input.Goal.Parameters is not { } parameters ? null
        : input.LinkedFile ?? (input.Goal.Harness.Folder.Length == 0 ? parameters.File : $"{input.Goal.Harness.Folder}/{parameters.File}");

    /// <summary>A run that can't have its sandbox leaves nothing behind.</summary>
    private static async Task RequireAsync(SandboxHost sandbox, RunFolder folder, CancellationToken cancellation)
    {
        try
        {
            await sandbox.RequireAsync(folder.Path, cancellation);
        }
        catch (SandboxException)
        {
            sandbox.Dispose();
            Directory.Delete(folder.Path, recursive: true);
            throw;
        }
    }

    private static async Task<OptimiseHost> WireAsync(
        RunStore store, RunFolder folder, OptimiseInput input, SandboxHost sandbox, DurableOptions options, IGatewayHost? gateways,
        Func<RunSigner, OptimisePlaybook, Task<DurableRun>> open)
    {
        var signer = RunSigner.Of(folder);
        Directory.CreateDirectory(folder.Trees);
        var repository = new RunRepository(folder.Repository);
        var trees = new HarnessTrees(folder, repository, input.Goal.Harness, sandbox, input.BaseCommit);
        var measurer = new SandboxMeasurer(trees, input.Goal.Harness, sandbox, folder);
        var agents = input.Goal.Agents.Count == 0
            ? null
            : AgentWorld.Make(input, store, repository, trees, measurer, sandbox, folder, gateways, options.Time);
        var outside = input.Goal.Proposer is { } program ? new OutsideProposer(program, input.Goal.Harness, trees, sandbox) : null;
        try
        {
            var playbook = new OptimisePlaybook(
                new OptimiseServices(
                    measurer, new Delivery(folder, repository, store), outside, agents?.Services,
                    agents is null ? null : new CodeWorld(folder, repository, trees, input.Goal.Harness, ParameterFileOf(input))));
            var host = new OptimiseHost(input, signer, sandbox, measurer, agents, await open(signer, playbook));
            agents?.TakeUp(host.Run.Budgets);
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
            sandbox.Dispose();
            signer.Dispose();
            throw;
        }
    }
}
