using System.Globalization;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Models;
using Godwit.Playbooks.Build;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Draft;

/// <summary>What a draft starts from.</summary>
/// <param name="Ground">The sentence as the goal's title, who drafts, and the commit that it starts from.</param>
/// <param name="Before">The goal file that is there already; null for none.</param>
public sealed record DraftInput(BuildInput Ground, string? Before)
{
    /// <summary>Whether it is built by as soon as it is made, without asking.</summary>
    public bool IsBuiltAtOnce { get; init; }
}

/// <summary>What is to be tried.</summary>
/// <param name="Base">The commit that the draft starts from.</param>
/// <param name="Commit">The draft, on that commit.</param>
/// <param name="Before">The goal file that was there already; null for none.</param>
public sealed record DraftTry(string Base, string Commit, string? Before);

/// <summary>What a draft showed on the base.</summary>
/// <param name="Problems">What is wrong with it; empty where it can be built by.</param>
/// <param name="Assertions">What it asserts.</param>
/// <param name="Commands">Every command that was carried out.</param>
public sealed record DraftOutcome(IReadOnlyList<string> Problems, IReadOnlyList<Assertion> Assertions, IReadOnlyList<CommandRecord> Commands)
{
    /// <summary>What it would have carried out beside its assertions: setup, build, services, checks.</summary>
    public IReadOnlyList<RunLine> Runs { get; init; } = [];
}

/// <summary>What a draft came to.</summary>
public sealed record DraftResult
{
    /// <summary><c>drafted</c> or <c>failed</c>.</summary>
    public required string State { get; init; }

    /// <summary>One line.</summary>
    public required string Reason { get; init; }

    /// <summary>The draft as a commit in the run's clone; null for none.</summary>
    public string? Commit { get; init; }

    /// <summary>The branch that it became; null for none.</summary>
    public string? Branch { get; init; }

    /// <summary>What it asserts.</summary>
    public IReadOnlyList<Assertion> Assertions { get; init; } = [];

    /// <summary>What it would have carried out beside its assertions: setup, build, services, checks.</summary>
    public IReadOnlyList<RunLine> Runs { get; init; } = [];

    /// <summary>What answered model calls cost.</summary>
    public Charge Charge { get; init; } = Charge.None;
}

/// <summary>Looks at drafts.</summary>
public interface IDraftWorld
{
    /// <summary>Reads a draft as a goal file, and asks the base what it asserts.</summary>
    Task<DraftOutcome> TryAsync(DraftTry request, Attempt attempt, CancellationToken cancellation);
}

/// <summary>
/// From a sentence to a goal file with commands that accept the work: an agent that won't do the work writes them, and they count only when
/// the base is green by their checks and red by each new assertion for its own reason. A person reads them before anything is built.
/// </summary>
/// <param name="Services">The world.</param>
/// <param name="World">Looks at drafts.</param>
internal sealed record DraftPlaybook(BuildServices Services, IDraftWorld World) : Playbook<DraftInput, DraftResult>("draft")
{
    /// <summary>What the commands of a try are about in the journal.</summary>
    internal const string Topic = "draft";

    private const int MostAttempts = 3;

    /// <summary>All playbooks that a run is made of.</summary>
    public PlaybookCatalogue Catalogue() => new([this, .. AgentPlaybook.All(Services.Agents)]);

    public override async Task<DraftResult> RunAsync(IDurableContext context, DraftInput input)
    {
        var (ground, goal) = (input.Ground, input.Ground.Goal);
        var start = await context.StepAsync("base", Effect.Repeatable, ground.BaseCommit, Services.World.BaseAsync);
        var files = await context.StepAsync("files", Effect.Repeatable, ground.BaseCommit, Services.World.FilesAsync);
        var tree = await context.StepAsync("tree", Effect.Repeatable, ground.BaseCommit, Services.World.TreeAsync);
        var (charge, feedback) = (Charge.None, (string?)null);
        for (var attempt = 1; attempt <= MostAttempts; attempt++)
        {
            var seconds = await TimeLeft.AskAsync(context, $"time/{attempt}", goal.Seconds);
            if (seconds <= 0)
            {
                var since = feedback is null ? "" : $"; by then: {feedback}";
                return new DraftResult { State = "failed", Reason = $"nothing was drafted: the time is used up{since}", Charge = charge };
            }

            var name = string.Create(CultureInfo.InvariantCulture, $"drafter-{attempt}");
            var words = DraftPrompt.For(goal, files, input.Before, feedback);
            var task = goal.Reviewer!.Task(name, words, "run/draft", (ground.BaseCommit, tree), seconds) with
            {
                Instructions = start.Instructions,
                Afterwards = "tried on what is there now, and read by a person before anything is built",
                Constraints = DraftPrompt.Constraints(goal),
                Scope = DraftPrompt.Scope(goal),
            };
            var agent = (await context.ChildAsync($"drafter/{attempt}", new AgentPlaybook(Services.Agents), () => task)).Require();
            (charge, tree) = (charge + agent.Charge, agent.Tree);
            if (agent.End is AgentEnd.Failed or AgentEnd.OutOfBudget or AgentEnd.Cancelled)
            {
                return new DraftResult { State = "failed", Reason = $"nothing was drafted: {agent.Reason}", Charge = charge };
            }

            var harvest = await context.StepAsync(
                $"harvest/{attempt}", Effect.Repeatable, new HarvestRequest(ground.BaseCommit, tree, name, name, []), Services.World.HarvestAsync);
            if (harvest.Commit is not { } commit)
            {
                feedback = $"Nothing was written in {string.Join(", ", DraftPrompt.Scope(goal))}.";
                continue;
            }

            var tried = await context.StepAsync(
                $"try/{attempt}", Effect.Repeatable, new DraftTry(ground.BaseCommit, commit, input.Before), World.TryAsync, new StepOptions { Topic = Topic });
            if (tried.Problems.Count == 0)
            {
                return (await PublishAsync(context, ground, commit, name, tried)) with { Charge = charge };
            }

            feedback = string.Join('\n', tried.Problems.Select(problem => $"- {problem}"));
            await context.NoteAsync($"note/{attempt}", $"not taken: {string.Join("; ", tried.Problems)}");
        }

        return new DraftResult { State = "failed", Reason = $"nothing was drafted in {MostAttempts} attempts: {feedback}", Charge = charge };
    }

    private async Task<DraftResult> PublishAsync(IDurableContext context, BuildInput ground, string commit, string agent, DraftOutcome tried)
    {
        var message = $"Draft what accepts the work\n\n{ground.Goal.Title}\n\nGodwit-Agent: {agent}";
        var stacked = await context.StepAsync(
            "commit", Effect.Repeatable, new StackRequest(ground.BaseCommit, commit, message, agent, "draft"), Services.World.StackAsync);
        var publish = new PublishRequest(ground.Source, ground.Branch, stacked.Tip!);
        var probe = new Probe((_, cancellation) => Services.Publisher.ProbeAsync(publish, cancellation));
        var branch = await context.StepAsync("publish", Effect.External(probe, targetDeduplicates: true), publish, Services.Publisher.PublishAsync);
        return new DraftResult
        {
            State = "drafted",
            Reason = $"{tried.Assertions.Count} assertions, each tried on what is there now",
            Commit = stacked.Tip,
            Branch = branch,
            Assertions = tried.Assertions,
            Runs = tried.Runs,
        };
    }
}
