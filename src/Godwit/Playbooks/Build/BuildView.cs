using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks.Build.Report;
using Godwit.Playbooks.Review;
using Godwit.Runs;
using Godwit.Verification;

namespace Godwit.Playbooks.Build;

/// <summary>How a task stands.</summary>
public enum TaskState
{
    /// <summary>It waits for others.</summary>
    Planned,

    /// <summary>An agent is at work on it, or it is reviewed.</summary>
    Working,

    /// <summary>It waits to be merged.</summary>
    Queued,

    /// <summary>It is part of the tip.</summary>
    Merged,

    /// <summary>It was given up.</summary>
    Failed,
}

/// <summary>A task and all that is known of it.</summary>
public sealed record TaskProgress(PlannedTask Task, int Version)
{
    /// <summary>How it stands.</summary>
    public TaskState State { get; init; }

    /// <summary>Which go at it this is, from 1; 0 before the first.</summary>
    public int Round { get; init; }

    /// <summary>What its last piece of work came to; null before.</summary>
    public WorkResult? Result { get; init; }

    /// <summary>Why it stands like this; null for nothing to say.</summary>
    public string? Reason { get; init; }
}

/// <summary>What can be told of a run that builds something.</summary>
public sealed class BuildView : RunView
{
    /// <summary>What the entries of gates are about.</summary>
    internal const string GateTopic = "gate";

    private readonly List<TaskProgress> _tasks = [];
    private readonly HashSet<string> _holding = new(StringComparer.Ordinal);

    /// <summary>The view of a run before anything was read of it.</summary>
    /// <param name="reader">Its journal.</param>
    public BuildView(JournalReader reader)
        : base(reader) => Input = RootProcess.Input<BuildInput>(reader, "build");

    /// <summary>What it was started with.</summary>
    public BuildInput Input { get; }

    /// <inheritdoc/>
    public override string Title => Input.Goal.Title;

    /// <inheritdoc/>
    public override decimal? MostDollars => Input.Goal.Dollars;

    /// <summary>The plan that waits for an answer, and the signal that answers it; null for none.</summary>
    public BuildNote.PlanProposed? Proposed { get; private set; }

    /// <summary>The plan that is carried out; null before.</summary>
    public BuildPlan? Plan { get; private set; }

    /// <summary>What the base showed; null before.</summary>
    public BuildNote.BaseGated? Base { get; private set; }

    /// <summary>The tasks of all plans that were carried out, the first plan's first; of a plan that was replaced, those that were merged.</summary>
    public IReadOnlyList<TaskProgress> Tasks => _tasks;

    /// <summary>Assertions that have come to hold on a tip; only the end judges them.</summary>
    public IReadOnlySet<string> Holding => _holding;

    /// <summary>Checks that failed and passed on the same tip.</summary>
    public IList<CheckVerdict> Flakes { get; } = [];

    /// <summary>What the end judged; null before.</summary>
    public BuildNote.Judged? Judged { get; private set; }

    /// <summary>The end; null before it.</summary>
    public BuildResult? Ended { get; private set; }

    /// <summary>Everything that reviewers found.</summary>
    public IEnumerable<FindingRecord> Findings => _tasks.SelectMany(task => task.Result?.Findings ?? []);

    /// <inheritdoc/>
    public override RunDeliverable? Deliverable => Ended is { Commit: { } commit } ended
        ? new RunDeliverable(Input.Source, Input.BaseCommit, commit, ended.Branch ?? Input.Branch, ended.Branch is not null, ended.Reason)
        : null;

    /// <inheritdoc/>
    protected override RunStatus? Outcome => Ended?.State switch
    {
        "verified" => RunStatus.Verified,
        "partial" => RunStatus.NotVerified,
        "refused" => RunStatus.Completed,
        "failed" => RunStatus.Failed,
        _ => null,
    };

    /// <inheritdoc/>
    public override IReadOnlyList<RunQuestion> Questions => Proposed is { Answer: { } signal, Plan: var plan }
        ? [new RunQuestion(signal, $"plan {plan.Version} of {plan.Tasks.Count} tasks", $"{plan.Reason}\n{string.Join('\n', BuildText.Plan(plan))}")]
        : [];

    /// <inheritdoc/>
    public override IReadOnlyList<RunTask> PlannedTasks
    {
        get
        {
            var plan = Plan ?? Proposed?.Plan;
            var known = _tasks.Where(task => task.Version == plan?.Version).GroupBy(task => task.Task.Id)
                .ToDictionary(group => group.Key, group => group.First());
            if (plan is null)
            {
                return [];
            }

            // What earlier plans brought to the tip stays.
            var merged = _tasks.Where(task => task.Version != plan.Version && task.State == TaskState.Merged && plan.Tasks.All(one => one.Id != task.Task.Id))
                .DistinctBy(task => task.Task.Id).ToList();
            var ids = merged.Select(task => task.Task.Id).ToList();
            return
            [
                .. merged.Select(task => new RunTask(
                    task.Task.Id, BuildText.Subject(task.Task), "merged", [.. task.Task.Depends.Intersect(ids)], [], task.Task.Asserts, null)),
                .. plan.Tasks.Select(task => OnBoard(plan, task, known.GetValueOrDefault(task.Id))),
            ];
        }
    }

    /// <inheritdoc/>
    protected override string? Conclusion => Ended?.Reason;

    /// <inheritdoc/>
    protected internal override object? NoteIn(Entry entry) =>
        entry.Topic == BuildNote.Topic
            ? Canonical.Deserialize<BuildNote>(entry.Data.Span)
            : null;

    /// <inheritdoc/>
    protected override IEnumerable<AgentEvent.Said> FindingsOn(string agent)
    {
        foreach (var task in _tasks.Where(task => task.Result?.HandOff.Agent == agent))
        {
            var (gate, mutants) = (task.Result!.HandOff.Gate, task.Result.HandOff.Mutants);
            yield return new AgentEvent.Said(
                agent, "saw", $"{task.Task.Id}: {gate?.Refusal?.Reason ?? (gate is null ? "nothing was changed" : "passes on a clean checkout")}");
            if (mutants is { Words.Length: > 0 })
            {
                yield return new AgentEvent.Said(agent, "saw", $"{task.Task.Id}: {mutants.Words}");
            }
        }
    }

    /// <inheritdoc/>
    protected override void Fold(RunEvent happened)
    {
        if (happened is RunEvent.Noted { Note: BuildNote note })
        {
            Fold(note);
        }
    }

    /// <inheritdoc/>
    public override RunNarrator Narrator() => new BuildNarrator(this);

    /// <inheritdoc/>
    public override IEnumerable<RunLine> Opening => Input.Models.Mailbox is { } mailbox ? [MailboxLine.Of(mailbox)] : [];

    /// <inheritdoc/>
    public override IEnumerable<RunLine> Summary => BuildSummary.Lines(this);

    /// <inheritdoc/>
    public override IEnumerable<RunLine> Verdict => BuildSummary.Verdict(this);

    /// <inheritdoc/>
    public override object ToJson(RunStatus status) => BuildSummary.Json(this, status, Report());

    /// <inheritdoc/>
    public override Task<string> HtmlAsync(JournalReader reader, RunStore store, CancellationToken cancellation) =>
        Task.FromResult(new BuildReport(this, reader).Html());

    /// <inheritdoc/>
    public override Task<string> MarkdownAsync(JournalReader reader, RunStore store, CancellationToken cancellation) =>
        Task.FromResult(new BuildReport(this, reader).Markdown());

    /// <inheritdoc/>
    protected internal override IEnumerable<(string Of, CommandRecord Command)> CommandsIn(Entry entry) => GateCommandsIn(entry);

    /// <summary>The commands of a gate that an entry tells of.</summary>
    internal static IEnumerable<(string Of, CommandRecord Command)> GateCommandsIn(Entry entry)
    {
        if (entry.Kind != EntryKind.StepCompleted || entry.Topic != GateTopic)
        {
            return [];
        }

        var result = Canonical.Deserialize<GateResult>(entry.Data.Span);
        return result.Commands.Select(command => (result.For, command));
    }

    private static RunTask OnBoard(BuildPlan plan, PlannedTask task, TaskProgress? known)
    {
        var on = task.Needs.Select(need => plan.ProviderOf(need)?.Id).OfType<string>().Distinct();
        var state = (known?.State ?? TaskState.Planned).ToString().ToLowerInvariant();
        return new RunTask(task.Id, BuildText.Subject(task), state, task.Depends, [.. on], task.Asserts, known?.Reason);
    }

    private void Fold(BuildNote note)
    {
        switch (note)
        {
            case BuildNote.BaseGated gated:
                Base = gated;
                break;
            case BuildNote.PlanProposed proposed:
                Proposed = proposed.Answer is null ? null : proposed;
                break;
            case BuildNote.PlanDecided decided:
                Proposed = null;
                if (decided.IsApproved)
                {
                    Plan = decided.Plan;
                    _tasks.RemoveAll(task => task.State != TaskState.Merged);
                    _tasks.AddRange(decided.Plan.Tasks.Select(task => new TaskProgress(task, decided.Plan.Version)));
                }

                break;
            case BuildNote.WorkStarted started:
                Change(started.Task, task => task with { State = TaskState.Working, Round = started.Round, Reason = null });
                break;
            case BuildNote.WorkEnded ended:
                Change(ended.Task, task => task with
                {
                    State = ended.Result.Commit is null ? TaskState.Failed : TaskState.Queued,
                    Result = ended.Result,
                    Reason = ended.Result.Reason,
                });
                break;
            case BuildNote.Merged merged:
                Change(merged.Task, task => task with { State = merged.IsContract ? TaskState.Planned : TaskState.Merged });
                _holding.UnionWith(merged.Holds);
                break;
            case BuildNote.SentBack back:
                Change(back.Task, task => task with { State = TaskState.Planned, Reason = back.Reason.Split('\n')[0] });
                break;
            case BuildNote.Flaked flaked:
                Flakes.Add(flaked.Check);
                break;
            case BuildNote.Judged judged:
                Judged = judged;
                break;
            case BuildNote.Finished finished:
                Ended = finished.Result;
                break;
        }
    }

    private void Change(string id, Func<TaskProgress, TaskProgress> change)
    {
        var index = _tasks.FindLastIndex(task => task.Task.Id == id);
        _tasks[index] = change(_tasks[index]);
    }
}
