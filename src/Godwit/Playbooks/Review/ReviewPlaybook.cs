using System.Globalization;
using Godwit.Durable;
using Godwit.Models;
using Godwit.Playbooks.Build;
using Godwit.Verification;

namespace Godwit.Playbooks.Review;

/// <summary>What a review starts from.</summary>
/// <param name="Ground">How to build and check, who reviews, and the commit that the change starts from.</param>
/// <param name="HeadCommit">The change.</param>
/// <param name="Names">Both as the user named them.</param>
/// <param name="Says">What the change is said to do: its commits' messages, or the user's own words.</param>
public sealed record ReviewInput(BuildInput Ground, string HeadCommit, string Names, string Says)
{
    /// <summary>Globs of what a goal file says that tasks may not change: tests of the base, and what accepts work.</summary>
    public IReadOnlyList<string> Closed { get; init; } = [];

    /// <summary>The least urgent priority at which the review isn't as expected; null for none.</summary>
    public Priority? FailOn { get; init; }

    /// <summary>Where the findings are written as Markdown; null for nowhere.</summary>
    public string? Markdown { get; init; }

    /// <summary>Where the findings are written as SARIF; null for nowhere.</summary>
    public string? Sarif { get; init; }
}

/// <summary>What a check says of a change.</summary>
/// <param name="Check">With the change.</param>
/// <param name="IsBroken">Whether it passes without the change and not with it.</param>
public sealed record ReviewedCheck(CheckVerdict Check, bool IsBroken)
{
    /// <summary>One line; null where it passes.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string? Words => Check.Reason is null ? null : $"{(IsBroken ? "" : "fails without the change too: ")}{Check.Reason}";
}

/// <summary>What a review came to.</summary>
public sealed record ReviewResult
{
    /// <summary><c>clean</c>, <c>findings</c> or <c>failed</c>.</summary>
    public required string State { get; init; }

    /// <summary>One line.</summary>
    public required string Reason { get; init; }

    /// <summary>All that was found, and what clean checkouts have shown of it.</summary>
    public IReadOnlyList<FindingRecord> Findings { get; init; } = [];

    /// <summary>What reviewers think of the whole, in their words.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>What the goal's build and checks say of the change; empty where there are none.</summary>
    public IReadOnlyList<ReviewedCheck> Checks { get; init; } = [];

    /// <summary>Files that the change changes though a goal file closes them to tasks.</summary>
    public IReadOnlyList<string> Closed { get; init; } = [];

    /// <summary>What answered model calls cost.</summary>
    public Charge Charge { get; init; } = Charge.None;
}

/// <summary>A review alone: reviewers look at a change, and what they say is wrong is run on clean checkouts of before and after.</summary>
/// <param name="Services">The world.</param>
internal sealed record ReviewPlaybook(BuildServices Services) : Playbook<ReviewInput, ReviewResult>("review")
{
    /// <summary>All playbooks that a run is made of.</summary>
    public PlaybookCatalogue Catalogue() => new([this, .. Agents.AgentPlaybook.All(Services.Agents)]);

    public override async Task<ReviewResult> RunAsync(IDurableContext context, ReviewInput input)
    {
        var (ground, goal) = (input.Ground, input.Ground.Goal);
        var start = await context.StepAsync("base", Effect.Repeatable, ground.BaseCommit, Services.World.BaseAsync);
        var change = await context.StepAsync(
            "change", Effect.Repeatable, new ChangeRequest(ground.BaseCommit, input.HeadCommit), Services.World.ChangeAsync);
        var checks = await ChecksAsync(context, input);
        var review = new ChangeReview(context, Services, SubjectOf(input, start.Instructions), []);
        for (var slot = 1; slot <= goal.Reviewer!.Parallel; slot++)
        {
            var key = string.Create(CultureInfo.InvariantCulture, $"1/{slot}");
            var seconds = await TimeLeft.AskAsync(context, $"time/{slot}", goal.Seconds);
            var trouble = seconds > 0 ? await review.AskAsync(key, slot, change, seconds) : "it was not reviewed: the time is used up";
            if (trouble is not null)
            {
                return Result() with { State = "failed", Reason = trouble };
            }
        }

        return Result();

        ReviewResult Result()
        {
            var closed = new Glob(input.Closed);
            return ResultOf(review, checks) with { Closed = [.. change.Files.Where(file => closed.Matches(file) && !change.New.Contains(file))] };
        }
    }

    /// <summary>What the build and the checks say of the change; what they refuse of the base too isn't the change's fault.</summary>
    private async Task<IReadOnlyList<ReviewedCheck>> ChecksAsync(IDurableContext context, ReviewInput input)
    {
        var goal = input.Ground.Goal;
        if (goal is { Build: null, Checks.Count: 0 })
        {
            return [];
        }

        var request = new GateRequest("head", input.HeadCommit, goal.Checks) { AsksAll = true };
        var head = await context.StepAsync("gate/head", Effect.Repeatable, request, Services.Gate.RunAsync, BuildRun.Gated);
        var before = await context.StepAsync(
            "gate/base", Effect.Repeatable, request with { For = "base", Commit = input.Ground.BaseCommit }, Services.Gate.RunAsync, BuildRun.Gated);
        return [.. head.Checks.Select(check => Reviewed(check, before.Checks.FirstOrDefault(one => one.Name == check.Name)))];
    }

    /// <summary>What a check says of the change, beside what it said before: it is broken where it fails, or runs fewer tests.</summary>
    private static ReviewedCheck Reviewed(CheckVerdict check, CheckVerdict? before)
    {
        var passedBefore = before is null or { Verdict: GateVerdict.Passed };
        if (check.Verdict != GateVerdict.Passed)
        {
            return new ReviewedCheck(check, passedBefore);
        }

        return before is { Verdict: GateVerdict.Passed, Tests: { } tests } && (check.Tests ?? 0) < tests
            ? new ReviewedCheck(check with { Verdict = GateVerdict.Failed, Reason = SandboxGate.Fewer(check.Name, check.Tests, tests) }, true)
            : new ReviewedCheck(check, false);
    }

    private static ReviewSubject SubjectOf(ReviewInput input, string? instructions) => new()
    {
        Id = "R",
        Name = "change",
        Base = input.Ground.BaseCommit,
        Reviewer = input.Ground.Goal.Reviewer!,
        Budget = "run/review",
        Instructions = instructions,
        Words = (change, ledger) => BuildPrompt.ForReviewer("somebody", $"## What it is said to do\n\n{input.Says}\n", change, ledger),
        Confirming = finding => BuildPrompt.ForConfirming(input.Says, finding),
    };

    private static ReviewResult ResultOf(ChangeReview review, IReadOnlyList<ReviewedCheck> checks)
    {
        var (broken, shown) = (checks.Count(check => check.IsBroken), review.Blocking.Count);
        return new ReviewResult
        {
            State = broken + review.Ledger.Count == 0 ? "clean" : "findings",
            Reason = string.Create(
                CultureInfo.InvariantCulture,
                $"{review.Reviewers.Count} {(review.Reviewers.Count == 1 ? "review" : "reviews")}, {review.Ledger.Count} findings, {shown} shown to be " +
                $"wrong on clean checkouts{(broken > 0 ? $"; {broken} checks broken" : "")}"),
            Findings = review.Ledger,
            Words = review.Words,
            Checks = checks,
            Charge = review.Charge,
        };
    }
}
