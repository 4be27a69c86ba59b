using Godwit.Budgets;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Egress;
using Godwit.Guardian;
using Godwit.Models;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Tools;
using Godwit.Workspaces;

namespace Godwit.Agents;

/// <summary>All that the agents of a run need, wired together: models, budgets, tools, the gatekeeper and their trees.</summary>
internal sealed class AgentWorld : IAsyncDisposable
{
    private readonly ModelDrivers _drivers;
    private readonly BudgetLedger _ledger;
    private readonly BackgroundJobs _jobs;
    private readonly CommandSlots _slots;

    private AgentWorld(ModelDrivers drivers, BudgetLedger ledger, BackgroundJobs jobs, CommandSlots slots, AgentServices services)
    {
        _slots = slots;
        _drivers = drivers;
        _ledger = ledger;
        _jobs = jobs;
        Services = services;
    }

    public AgentServices Services { get; }

    /// <summary>Whether agents have models that can be asked and that their budget can hold, and programs that are there.</summary>
    /// <param name="agents">The agents.</param>
    /// <param name="priced">Whether a budget of money holds them.</param>
    /// <param name="store">Where the user's models and programs stand.</param>
    /// <param name="source">Who answers.</param>
    /// <param name="providers">The only providers that may be asked; empty for all.</param>
    /// <exception cref="FormatException">They haven't; one line that says how to mend it.</exception>
    public static void Require(
        IReadOnlyList<AgentSpec> agents, bool priced, RunStore store, ModelSource source, IReadOnlyList<string> providers)
    {
        if (agents.Count == 0)
        {
            return;
        }

        Rules(store);
        var own = OwnCatalogue(store);
        var catalogue = Catalogue(own, agents, source, providers);
        foreach (var agent in agents)
        {
            RequireProgram(agent, store, catalogue, source);
        }

        if (source is { Record: { } file, AddsToRecord: false } && File.Exists(file))
        {
            throw new FormatException(
                $"{file} is there already, and its replies would be played instead of new ones recorded; delete it, or record " +
                $"in another file");
        }

        if (source.Cassette is { } played)
        {
            Cassette.Open(played, recording: false);
            return;
        }

        var roles = agents.Select(agent => agent.Role)
            .Concat(source.Mailbox is null && own.Roles.ContainsKey(ActionReviewer.Role) ? [ActionReviewer.Role] : Array.Empty<string>());
        foreach (var role in roles.Distinct())
        {
            RolePlayers.Require(catalogue, role, store.Models, priced, providers);
        }
    }

    public static AgentWorld Make(AgentNeeds needs)
    {
        var catalogue = Catalogue(OwnCatalogue(needs.Store), needs.Agents, needs.Models, needs.Providers);
        var rules = Rules(needs.Store);
        var gatekeeper = needs.Network.RulesOf(NetworkUse.Agents).Count > 0 ? rules.WithNetwork() : rules;
        var cassette = needs.Models switch
        {
            { Cassette: { } played } => Cassette.Open(played, recording: false, needs.Models.Record),
            { Record: { } recorded } => Cassette.Open(recorded, recording: true),
            _ => null,
        };
        var drivers = new ModelDrivers(catalogue, needs.Time);
        var pipeline = new ModelPipeline(catalogue, drivers.Of, cassette, needs.Time);
        var ledger = new BudgetLedger(new Dictionary<string, BudgetLimits> { ["run"] = needs.Limits });
        var jobs = new BackgroundJobs(needs.Sandbox, needs.Network, needs.Template, Path.Combine(needs.Folder.Trees, "jobs"), needs.Time);
        var slots = new CommandSlots(Math.Max(1, Environment.ProcessorCount / 2));
        var door = new Lazy<Task<GatewayDoor>>(
            () => needs.Gateways?.OpenAsync(new ModelGateway(catalogue, pipeline, drivers), needs.Folder.Path)
                ?? throw new InvalidOperationException("this host serves no gateway, which agents that are programs need"));
        var steering = new Steering();

        // Where a recording is played, whoever was asked when it was made is asked again.
        var isReviewed = cassette is { IsRecording: false }
            ? cassette.HasRepliesTo($"/{ActionReviewer.Role}") : catalogue.Roles.ContainsKey(ActionReviewer.Role);
        var reviewer = isReviewed ? new ActionReviewer(pipeline, needs.UserWords) : null;
        var programs = needs.Agents.All(agent => agent.Program is null)
            ? null
            : new ProgramRunner(
                needs.Sandbox, needs.Network, needs.Template, Programs(needs.Store), ledger, gatekeeper, reviewer,
                Path.Combine(needs.Folder.Trees, "programs"), () => door.Value, steering);
        var services = new AgentServices(
            pipeline, ledger, Tools(needs, slots, jobs), gatekeeper, new AgentTrees(needs.TreeOf), programs)
        {
            PeopleCanBeReached = needs.PeopleCanBeReached,
            Reviewer = reviewer,
            Time = needs.Time,
            Steering = steering,
            Forms = needs.Forms,
        };
        return new AgentWorld(drivers, ledger, jobs, slots, services);
    }

    private static IReadOnlyList<ITool> Tools(AgentNeeds needs, CommandSlots slots, BackgroundJobs jobs) =>
    [
        new ListTool(), new ReadTool(), new SearchTool(ProgramFinder.Find("rg")),
        new EditTool(), new WriteTool(), new DiffTool(), new RevertTool(),
        new RunTool(needs.Sandbox, needs.Network, needs.Template, slots, jobs), new JobTool(jobs),
        .. needs.Network.RulesOf(NetworkUse.Agents).Count > 0 ? [new FetchTool(needs.Network)] : (ITool[])[], .. needs.Tools(slots),
    ];

    /// <summary>
    /// Counts what earlier owners of the run have spent, takes away what they left running, and journals by which rules its actions are
    /// judged from now on; only for its owner.
    /// </summary>
    public async Task TakeUpAsync(DurableRun run)
    {
        _jobs.Clear();
        foreach (var (node, history) in run.Budgets)
        {
            _ledger.Book(node, history);
        }

        run.Listen(SteeringOrder.Signal, Services.Steering.Hear);
        await run.NoteAsync(GuardianNote.Key, new GuardianNote(
            Gatekeeper.Parser, Services.Gatekeeper.Hash, Services.Reviewer is not null, Services.Gatekeeper.HasNetwork));
    }

    /// <summary>
    /// Takes the files of an agent, and of those that it started, away when its work is over; what it made stands in the run's
    /// clone.
    /// </summary>
    public static void DeleteTree(RunFolder folder, string agent)
    {
        var own = AgentNeeds.TreePath(folder, agent);
        foreach (var tree in Directory.EnumerateDirectories(folder.Trees, $"{Path.GetFileName(own)}*")
            .Where(path => path == own || path.StartsWith(own + ".", StringComparison.Ordinal)))
        {
            FileSystem.DeleteAll(tree);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _jobs.DisposeAsync();
        _slots.Dispose();
        _drivers.Dispose();
    }

    private static Gatekeeper Rules(RunStore store) => Gatekeeper.Load(store.RuleFiles);

    private static IReadOnlyDictionary<string, ProgramTemplate> Programs(RunStore store) =>
        ProgramTemplate.Load(File.Exists(store.Programs) ? [store.Programs] : []);

    private static void RequireProgram(AgentSpec agents, RunStore store, ModelCatalogue catalogue, ModelSource source)
    {
        if (agents.Program is null)
        {
            return;
        }

        var programs = Programs(store);
        if (!programs.TryGetValue(agents.Program, out var program))
        {
            throw new FormatException(
                $"there is no program '{agents.Program}'; there are {string.Join(", ", programs.Keys)}, and {store.Programs} " +
                $"may add others");
        }

        if (ProgramFinder.Find(program.Program) is null)
        {
            throw new FormatException($"{program.Program} isn't on this machine's PATH; install it");
        }

        if (source.Mailbox is not null)
        {
            throw new FormatException(
                "--mailbox is for Godwit's own agents; a program asks its models by HTTP, and --record keeps what they answer");
        }

        if (source.Cassette is null
            && catalogue.Roles.ContainsKey(agents.Role)
            && !catalogue.ForRole(agents.Role).Any(model => ModelGateway.Serves(catalogue.Providers[model.Provider], program.Speaks)))
        {
            throw new FormatException(
                $"{agents.Program} asks by {program.Speaks}, and no model of role '{agents.Role}' has a provider that speaks " +
                $"it; give the role one under roles in {store.Models}");
        }
    }

    private static ModelCatalogue OwnCatalogue(RunStore store) => ModelCatalogue.Load(File.Exists(store.Models) ? [store.Models] : []);

    /// <summary>The user's models that may be asked. A mailbox or a recording answers in every role that is needed.</summary>
    private static ModelCatalogue Catalogue(
        ModelCatalogue own, IReadOnlyList<AgentSpec> agents, ModelSource source, IReadOnlyList<string> providers)
    {
        if (source is { Mailbox: null, Cassette: null })
        {
            return own.Only(providers);
        }

        var isReviewed = source.Cassette is not null || own.Roles.ContainsKey(ActionReviewer.Role);
        var roles = agents.Select(agent => agent.Role)
            .Concat(isReviewed ? [ActionReviewer.Role] : Array.Empty<string>())
            .Distinct();
        return own.With($$"""
                providers: { mailbox: { dialect: mailbox, url: "{{source.Mailbox ?? "/nowhere"}}" } }
                models: { mailbox: { provider: mailbox, input: 0, output: 0 } }
                roles: { {{string.Join(", ", roles.Select(role => $"{role}: [mailbox]"))}} }
                """);
    }
}
