using System.Globalization;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Models;
using Godwit.Playbooks.Build;

namespace Godwit.Playbooks.Review;

/// <summary>What is reviewed, by whom, and in which words.</summary>
internal sealed record ReviewSubject
{
    /// <summary>What findings' names begin with.</summary>
    public required string Id { get; init; }

    /// <summary>What its agents' names begin with.</summary>
    public required string Name { get; init; }

    /// <summary>Which go at it this is, from 1.</summary>
    public int Round { get; init; } = 1;

    /// <summary>The commit that the change starts from.</summary>
    public required string Base { get; init; }

    /// <summary>Who reviews.</summary>
    public required AgentSpec Reviewer { get; init; }

    /// <summary>The budget's node that reviewers are booked on.</summary>
    public required string Budget { get; init; }

    /// <summary>Files that were landed before as a part of the same work, such as its contracts: they are as new as the change.</summary>
    public IReadOnlyList<string> Own { get; init; } = [];

    /// <summary>The repository's own instructions; null for none.</summary>
    public string? Instructions { get; init; }

    /// <summary>What a reviewer is asked for, given the change and what was found before.</summary>
    public required Func<Harvest, IReadOnlyList<FindingRecord>, string> Words { get; init; }

    /// <summary>What a second reviewer is asked about a finding.</summary>
    public required Func<Finding, string> Confirming { get; init; }
}

/// <summary>The reviews of one change: who was asked, what they found, and what clean checkouts have shown of it.</summary>
/// <param name="context">The process.</param>
/// <param name="services">The world.</param>
/// <param name="subject">What is reviewed.</param>
/// <param name="before">What was found in rounds before.</param>
/// <param name="reviewedBefore">The commit that was reviewed last; null for none.</param>
internal sealed class ChangeReview(
    IDurableContext context, BuildServices services, ReviewSubject subject, IReadOnlyList<FindingRecord> before, string? reviewedBefore = null)
{
    /// <summary>The tools of agents whose files are thrown away.</summary>
    public static readonly string[] ReadingTools = ["list", "read", "search", "run", "job"];

    private readonly List<FindingRecord> _ledger = [.. before];
    private readonly List<string> _reviewers = [];
    private readonly List<string> _words = [];
    private string? _reviewed = reviewedBefore;

    /// <summary>All that was found, what was found before first.</summary>
    public IReadOnlyList<FindingRecord> Ledger => _ledger;

    /// <summary>The agents that have reviewed it.</summary>
    public IReadOnlyList<string> Reviewers => _reviewers;

    /// <summary>What they think of the whole, each in its own words.</summary>
    public IReadOnlyList<string> Words => _words;

    /// <summary>What their answered model calls cost.</summary>
    public Charge Charge { get; private set; } = Charge.None;

    /// <summary>What keeps the change from being merged.</summary>
    public IReadOnlyList<FindingRecord> Blocking => [.. _ledger.Where(record => record is { Blocks: true, State: FindingState.Open })];

    /// <summary>Closes what is mended: its command passes on the new work, and still fails on the old.</summary>
    /// <param name="attempt">Which attempt this is.</param>
    /// <param name="commit">The new work.</param>
    public async Task CloseAsync(int attempt, string commit)
    {
        for (var index = 0; index < _ledger.Count; index++)
        {
            var record = _ledger[index];
            if (record is not { Blocks: true, State: FindingState.Open })
            {
                continue;
            }

            var request = new ReproduceRequest(commit, _reviewed!, record.Finding);
            var shown = await context.StepAsync($"mended/{attempt}/{record.Id}", Effect.Repeatable, request, services.Gate.ReproduceAsync);
            if (shown is { AlwaysPassesAtBase: true, AlwaysFailsAtTip: true })
            {
                _ledger[index] = record with { State = FindingState.Closed };
            }
        }
    }

    /// <summary>Says that all reviews of a commit are over.</summary>
    public void Reviewed(string commit) => _reviewed = commit;

    /// <summary>One reviewer's life, and what became of each thing that it found.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="slot">Which of the change's reviewers it is, from 1.</param>
    /// <param name="harvest">The change.</param>
    /// <param name="seconds">The most time that it has.</param>
    /// <returns>Why there is no review; null where there is one.</returns>
    public async Task<string?> AskAsync(string key, int slot, Harvest harvest, double seconds)
    {
        var (commit, spec) = (harvest.Commit!, subject.Reviewer);
        var name = string.Create(CultureInfo.InvariantCulture, $"{subject.Name}-reviewer-{subject.Round}-{key.Replace('/', '-')}");
        var tree = await context.StepAsync($"review/{key}/tree", Effect.Repeatable, commit, services.World.TreeAsync);
        var task = TaskOf(name, subject.Words(harvest, _ledger), commit, tree, seconds) with
        {
            Form = ReviewForm.FormName,
            FormContext = new ReviewContext([.. _ledger.Select(record => record.Id)], harvest.Left).ToJson(),
        };
        var result = (await context.ChildAsync($"review/{key}", new AgentPlaybook(services.Agents), () => task)).Require();
        if (result.Form is not { } form)
        {
            return $"it was not reviewed: {result.Reason}";
        }

        _reviewers.Add(name);
        Charge += result.Charge;
        var review = ReviewForm.Read(form);
        _words.Add(review.Words);
        for (var index = 0; index < _ledger.Count; index++)
        {
            // Only who found it takes it back.
            if (review.Withdrawn.Contains(_ledger[index].Id) && _ledger[index] is { State: FindingState.Open } open && open.Slot == slot)
            {
                _ledger[index] = _ledger[index] with { State = FindingState.Withdrawn };
            }
        }

        foreach (var (finding, at) in review.Findings.Select((finding, index) => (finding, index + 1)))
        {
            var record = await JudgeAsync($"{key}/{at}", harvest, finding, seconds);
            _ledger.Add(record with { Id = $"{subject.Id}-F{_ledger.Count + 1}", Reviewer = name, Slot = slot });
        }

        return null;
    }

    private async Task<FindingRecord> JudgeAsync(string key, Harvest harvest, Finding finding, double seconds)
    {
        var matters = finding.Priority is Priority.P0 or Priority.P1 && finding.Command.Length > 0;
        var shown = matters
            ? await context.StepAsync(
                $"shown/{key}", Effect.Repeatable, new ReproduceRequest(subject.Base, harvest.Commit!, finding), services.Gate.ReproduceAsync)
            : null;
        var change = harvest with { New = [.. harvest.New, .. subject.Own] };
        bool? confirmed = ReviewRule.NeedsConfirming(finding, change, shown) ? await ConfirmAsync(key, harvest.Commit!, finding, seconds) : null;
        var (blocks, reason) = ReviewRule.Decide(finding, change, shown, confirmed);
        return new FindingRecord { Id = "", Reviewer = "", Finding = finding, Reproduction = shown, Blocks = blocks, Reason = reason };
    }

    private async Task<bool> ConfirmAsync(string key, string commit, Finding finding, double seconds)
    {
        var name = $"{subject.Name}-confirm-{subject.Round}-{key.Replace('/', '-')}";
        var tree = await context.StepAsync($"confirm/{key}/tree", Effect.Repeatable, commit, services.World.TreeAsync);
        var task = TaskOf(name, subject.Confirming(finding), commit, tree, seconds) with { Form = ConfirmForm.FormName };
        var result = (await context.ChildAsync($"confirm/{key}", new AgentPlaybook(services.Agents), () => task)).Require();
        Charge += result.Charge;
        return ConfirmForm.Read(result.Form);
    }

    private AgentTask TaskOf(string name, string words, string commit, string tree, double seconds) =>
        subject.Reviewer.Task(name, words, subject.Budget, (commit, tree), seconds) with
        {
            Instructions = subject.Instructions,
            Afterwards = BuildPrompt.ThrownAway,
            Tools = ReadingTools,
        };
}
