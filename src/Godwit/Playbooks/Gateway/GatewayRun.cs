using Godwit.Budgets;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Identity;
using Godwit.Models;
using Godwit.Runs;

namespace Godwit.Playbooks.Gateway;

/// <summary>What a gateway of its own starts from.</summary>
public sealed record GatewayInput
{
    /// <summary>The role whose models answer a request that names none of the catalogue's. Default worker.</summary>
    public string Role { get; init; } = "worker";

    /// <summary>The most that all calls together may cost, in US dollars; null for no limit.</summary>
    public decimal? Dollars { get; init; }

    /// <summary>The most tokens of all calls together, in and out; null for no limit.</summary>
    public long? Tokens { get; init; }

    /// <summary>How long a call is tried while no provider answers, in seconds; then its caller is told. Default 120.</summary>
    public double PatienceSeconds { get; init; } = 120;
}

/// <summary>A gateway that serves programs of the user, with a journal and a budget of its own.</summary>
public sealed class GatewayRun : IAsyncDisposable
{
    private readonly RunSigner _signer;
    private readonly ModelDrivers _drivers;
    private readonly BudgetLedger _ledger;
    private readonly TaskCompletionSource<GatewayClient> _client;

    private GatewayRun(
        RunSigner signer, ModelDrivers drivers, BudgetLedger ledger, ModelGateway gateway,
        TaskCompletionSource<GatewayClient> client, DurableRun run)
    {
        _signer = signer;
        _drivers = drivers;
        _ledger = ledger;
        _client = client;
        Gateway = gateway;
        Run = run;
    }

    /// <summary>Answers.</summary>
    public ModelGateway Gateway { get; }

    /// <summary>The durable run.</summary>
    public DurableRun Run { get; }

    /// <summary>Who may call, once the run runs.</summary>
    public Task<GatewayClient> Client => _client.Task;

    /// <summary>What all calls have cost.</summary>
    public Charge Spent => _ledger.Spent("run");

    /// <summary>Starts a run of its own.</summary>
    /// <param name="store">Where it is kept, and where the user's models stand.</param>
    /// <param name="input">What it may spend and who answers.</param>
    /// <param name="options">How it is hosted.</param>
    /// <exception cref="FormatException">The models' file has mistakes, or the role has none that can be asked and held.</exception>
    public static async Task<GatewayRun> StartAsync(RunStore store, GatewayInput input, DurableOptions options)
    {
        var catalogue = ModelCatalogue.Load(File.Exists(store.Models) ? [store.Models] : []);
        RolePlayers.Require(catalogue, input.Role, store.Models, priced: input.Dollars is not null);
        var drivers = new ModelDrivers(catalogue, options.Time);
        var ledger = new BudgetLedger(
            new Dictionary<string, BudgetLimits> { ["run"] = new() { Dollars = input.Dollars, Tokens = input.Tokens } });
        var gateway = new ModelGateway(catalogue, new ModelPipeline(catalogue, drivers.Of, null, options.Time), drivers)
        {
            Patience = TimeSpan.FromSeconds(input.PatienceSeconds),
        };
        var folder = store.New("gateway", options.Time.GetUtcNow(), "gateways");
        var signer = RunSigner.Of(folder);
        var client = new TaskCompletionSource<GatewayClient>(TaskCreationOptions.RunContinuationsAsynchronously);
        var playbook = new GatewayPlaybook(gateway, ledger, client);
        var run = await DurableRun.CreateAsync(folder, signer, new PlaybookCatalogue(playbook), playbook, input, 0, options);
        return new GatewayRun(signer, drivers, ledger, gateway, client, run);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Run.DisposeAsync();
        _drivers.Dispose();
        _signer.Dispose();
    }
}

/// <summary>One step that lasts as long as the gateway serves; every call is journaled under it.</summary>
internal sealed record GatewayPlaybook(
    ModelGateway Gateway, BudgetLedger Budgets, TaskCompletionSource<GatewayClient> Serving) : Playbook<GatewayInput, bool>("gateway")
{
    public override Task<bool> RunAsync(IDurableContext context, GatewayInput input) =>
        context.StepAsync("serve", Effect.Repeatable, input, ServeAsync);

    private async Task<bool> ServeAsync(GatewayInput input, Attempt attempt, CancellationToken cancellation)
    {
        var client = new GatewayClient
        {
            Agent = "gateway", Role = input.Role, MayChoose = true, NeedsPrice = input.Dollars is not null,
            IsBounded = input.Dollars is not null || input.Tokens is not null, Budget = Budgets.At("run/gateway"),
            Attempt = attempt, Ended = cancellation,
        };
        Gateway.Admit(client);
        Serving.TrySetResult(client);
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, attempt.Time, cancellation);
        }
        finally
        {
            Gateway.Dismiss(client);
        }

        return true;
    }
}
