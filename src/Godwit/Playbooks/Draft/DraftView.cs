using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks.Build;
using Godwit.Verification;

namespace Godwit.Playbooks.Draft;

/// <summary>What can be told of a draft.</summary>
/// <param name="reader">Its journal.</param>
public sealed class DraftView(JournalReader reader) : RunView(reader)
{
    /// <summary>What it was started with.</summary>
    public DraftInput Input { get; } = RootProcess.Input<DraftInput>(reader, "draft");

    /// <summary>What it came to; null before its end.</summary>
    public DraftResult? Ended => Result is { } json ? Canonical.Deserialize<DraftResult>(json.Span) : null;

    /// <inheritdoc/>
    public override string Title => $"Draft: {Input.Ground.Goal.Title}";

    /// <inheritdoc/>
    public override decimal? MostDollars => Input.Ground.Goal.Dollars;

    /// <inheritdoc/>
    protected override RunStatus? Outcome => Ended?.State switch
    {
        null => null,
        "drafted" => RunStatus.Completed,
        _ => RunStatus.Failed,
    };

    /// <inheritdoc/>
    protected override string? Conclusion => Ended?.Reason;

    /// <inheritdoc/>
    public override IEnumerable<RunLine> Opening => Input.Ground.Models.Mailbox is { } mailbox ? [MailboxLine.Of(mailbox)] : [];

    /// <inheritdoc/>
    public override IEnumerable<RunLine> Summary => Ended is null ? [] : [.. Lines(), new RunLine("result", Ended.Reason)];

    /// <inheritdoc/>
    public override IEnumerable<RunLine> Verdict => Ended switch
    {
        null => [],
        { Branch: { } branch } ended =>
        [
            .. Lines(), new RunLine("drafted", ended.Reason, Tone.Good), new RunLine("read it", $"git show {branch}"),
            new RunLine("build it", $"godwit build --draft {Run}", Tone.Strong),
        ],
        var ended => [new RunLine("failed", ended.Reason, Tone.Bad)],
    };

    /// <inheritdoc/>
    public override object ToJson(RunStatus status) =>
        new { Run, State = status, Playbook, Title, Reason, Ended?.Branch, Ended?.Commit, Assertions = Ended?.Assertions ?? [], Report = Report() };

    /// <inheritdoc/>
    protected internal override IEnumerable<(string Of, CommandRecord Command)> CommandsIn(Entry entry) =>
        entry.Kind == EntryKind.StepCompleted && entry.Topic == DraftPlaybook.Topic
            ? Canonical.Deserialize<DraftOutcome>(entry.Data.Span).Commands.Select(command => ("base", command))
            : [];

    private IEnumerable<RunLine> Lines() => Ended!.Runs.Concat(Ended.Assertions.Select(assertion => new RunLine(
        assertion.Id, $"{assertion.Says}: {assertion.Run}{(assertion.IsKept ? "  (keep)" : assertion.IsHidden ? "  (hidden from builders)" : "")}")));
}
