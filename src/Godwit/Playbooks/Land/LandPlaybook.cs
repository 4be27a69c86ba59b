using System.Globalization;
using Godwit.Durable;
using Godwit.Playbooks.Build;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Land;

/// <summary>A branch that wants to be landed.</summary>
/// <param name="Name">As the user named it.</param>
/// <param name="Commit">Its commit.</param>
public sealed record LandBranch(string Name, string Commit)
{
    /// <summary>Files that it changes although the goal file protects them: a gate would ask the base's in their place.</summary>
    public IReadOnlyList<string> Protected { get; init; } = [];
}

/// <summary>What landing starts from.</summary>
/// <param name="Ground">How to build and check, and the commit that branches are landed on.</param>
/// <param name="Branches">The branches, the first first.</param>
public sealed record LandInput(BuildInput Ground, IReadOnlyList<LandBranch> Branches);

/// <summary>What became of a branch.</summary>
/// <param name="Branch">The branch.</param>
/// <param name="Tip">The merge that it became, in the run's clone; null where it wasn't landed.</param>
/// <param name="Reason">Why not; null where it was.</param>
public sealed record LandedBranch(LandBranch Branch, string? Tip, string? Reason);

/// <summary>What landing came to.</summary>
public sealed record LandResult
{
    /// <summary><c>verified</c>, <c>partial</c>, where a last check fails, or <c>failed</c>, where nothing was landed.</summary>
    public required string State { get; init; }

    /// <summary>One line.</summary>
    public required string Reason { get; init; }

    /// <summary>All branches, those that were landed first and in their order.</summary>
    public IReadOnlyList<LandedBranch> Branches { get; init; } = [];

    /// <summary>Checks that failed and passed on the same tip.</summary>
    public IReadOnlyList<CheckVerdict> Flakes { get; init; } = [];

    /// <summary>The result in the run's clone; null for none.</summary>
    public string? Commit { get; init; }

    /// <summary>The branch in the user's repository; null where none was made.</summary>
    public string? Branch { get; init; }

    /// <summary>The evidence's file name; null where nothing is proven.</summary>
    public string? Evidence { get; init; }
}

/// <summary>What is to be signed of branches that were landed.</summary>
/// <param name="Input">What the run was started with.</param>
/// <param name="Commit">The result.</param>
/// <param name="Checks">What the last gate saw; all of it passed.</param>
/// <param name="Branches">What became of each branch.</param>
/// <param name="At">When.</param>
public sealed record LandEvidenceRequest(
    LandInput Input, string Commit, IReadOnlyList<CheckVerdict> Checks, IReadOnlyList<LandedBranch> Branches, DateTimeOffset At);

/// <summary>
/// The merge queue alone: branches that people or other tools have made are gated in batches, what breaks is found by bisection, and what
/// passes becomes one branch.
/// </summary>
/// <param name="Services">The world.</param>
internal sealed record LandPlaybook(BuildServices Services) : Playbook<LandInput, LandResult>("land")
{
    /// <summary>Who signs the merges.</summary>
    internal const string Agent = "queue";

    /// <summary>All playbooks that a run is made of.</summary>
    public PlaybookCatalogue Catalogue() => new([this]);

    public override async Task<LandResult> RunAsync(IDurableContext context, LandInput input)
    {
        var (goal, commit) = (input.Ground.Goal, input.Ground.BaseCommit);
        var (green, _) = await BaseGate.AskAsync(
            goal, commit, (key, request) => context.StepAsync($"base/{key}", Effect.Repeatable, request, Services.Gate.RunAsync, BuildRun.Gated));
        if (BaseGate.ProblemOf(green) is { } red)
        {
            return new LandResult { State = "failed", Reason = red };
        }

        // From now on a check that runs fewer tests than it did here is refused.
        var tests = green.Checks.ToLookup(check => check.Name, check => check.Tests);
        goal = goal with { Checks = [.. goal.Checks.Select(check => check with { Tests = tests[check.Name].FirstOrDefault() })] };

        var queue = new MergeQueue(new BranchIntegration(context, Services, goal));
        var wanted = input.Branches.Where(branch => branch.Protected.Count == 0).Select(branch => new QueuedChange(branch.Name, branch.Commit));
        var round = await queue.MergeAsync(commit, [.. wanted]);
        List<LandedBranch> all =
        [
            .. round.Merged.Select(one => new LandedBranch(Of(one.Change), one.Tip, null)),
            .. round.Refused.Select(one => new LandedBranch(Of(one.Change), null, one.Why.Reason)),
            .. round.Conflicting.Select(one => new LandedBranch(
                Of(one.Change), null, $"conflicts with what was landed before it in {string.Join(", ", one.Files)}")),
        ];
        var left = input.Branches.Where(branch => all.All(one => one.Branch != branch));
        all.AddRange(left.Select(branch => new LandedBranch(branch, null, ReasonOf(branch, round))));
        var result = new LandResult { State = "failed", Reason = InWords(all, round), Branches = all, Flakes = round.Flakes };
        return round.Merged.Count == 0 ? result : await DeliverAsync(context, input, goal, result with { Commit = round.Tip });

        LandBranch Of(QueuedChange change) => input.Branches.First(branch => branch.Name == change.Task);
    }

    private async Task<LandResult> DeliverAsync(IDurableContext context, LandInput input, BuildGoal goal, LandResult result)
    {
        var (final, flakes) = await BaseGate.AskTwiceAsync(
            new GateRequest("result", result.Commit!, BuildChecks.OfEnd(goal)) { AsksAll = true }, goal.Checks,
            (again, request) => context.StepAsync($"accept{again}", Effect.Repeatable, request, Services.Gate.RunAsync, BuildRun.Gated));
        result = result with { Flakes = [.. result.Flakes, .. flakes] };
        if (final.Refusal is { } refusal)
        {
            return result with { State = "partial", Reason = $"{result.Reason}; not verified: {refusal.Reason}" };
        }

        var at = await context.NowAsync("signed/at");
        var evidence = await context.StepAsync(
            "sign", Effect.Repeatable, new LandEvidenceRequest(input, result.Commit!, final.Checks, result.Branches, at), Services.World.SignLandedAsync);
        var publish = new PublishRequest(input.Ground.Source, input.Ground.Branch, result.Commit!);
        var probe = new Probe((_, cancellation) => Services.Publisher.ProbeAsync(publish, cancellation));
        var branch = await context.StepAsync("publish", Effect.External(probe, targetDeduplicates: true), publish, Services.Publisher.PublishAsync);
        return result with { State = "verified", Branch = branch, Evidence = evidence };
    }

    private static string ReasonOf(LandBranch branch, QueueRound round) => branch.Protected.Count > 0
        ? $"it changes {string.Join(", ", branch.Protected.Take(3))}, which the goal file protects"
        : $"the queue stopped: {round.Stopped?.Reason}";

    private static string InWords(List<LandedBranch> all, QueueRound round)
    {
        var (landed, flakes) = (all.Count(one => one.Tip is not null), round.Flakes.Count);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{landed} of {all.Count} branches landed{(flakes == 0 ? "" : $", {flakes} {(flakes == 1 ? "flake" : "flakes")}")}");
    }

    /// <summary>What the merge queue asks of the world, each answer a step of the run.</summary>
    private sealed class BranchIntegration(IDurableContext context, BuildServices services, BuildGoal goal) : IIntegration
    {
        private int _number;

        public async Task<StackedChange> StackAsync(string tip, QueuedChange change)
        {
            // What a user may name a commit by needn't be a name for a reference.
            var key = Key("stack");
            var request = new StackRequest(tip, change.Commit, $"Land {change.Task}\n\nGodwit-Branch: {change.Task}", Agent, key) { KeepsHistory = true };
            var stacked = await context.StepAsync(key, Effect.Repeatable, request, services.World.StackAsync);
            return new StackedChange(stacked.Tip, stacked.Conflicts);
        }

        public async Task<GateResult> GateAsync(string tip, IReadOnlyList<QueuedChange> stacked)
        {
            var key = Key("gate");
            var gated = await context.StepAsync(
                key, Effect.Repeatable, new GateRequest("tip", tip, BuildChecks.OfTip(goal, [], [])), services.Gate.RunAsync, BuildRun.Gated);
            var what = stacked.Count == 0 ? "the tip alone" : string.Join(", ", stacked.Select(change => change.Task));
            await context.NoteAsync($"note/{key}", $"{what}: {(gated.Refusal is { } refusal ? FirstLine(refusal.Reason) : "passes")}");
            return gated;
        }

        private string Key(string what) => string.Create(CultureInfo.InvariantCulture, $"queue/{++_number}/{what}");

        private static string FirstLine(string? text) => (text ?? "").Split('\n', 2)[0];
    }
}
