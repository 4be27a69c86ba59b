using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks.Build;
using Godwit.Runs;
using Godwit.Verification;

namespace Godwit.Playbooks.Review;

/// <summary>What can be told of a review.</summary>
/// <param name="reader">Its journal.</param>
public sealed class ReviewView(JournalReader reader) : RunView(reader)
{
    /// <summary>What it was started with.</summary>
    public ReviewInput Input { get; } = RootProcess.Input<ReviewInput>(reader, "review");

    /// <summary>What it came to; null before its end.</summary>
    public ReviewResult? Ended => Result is { } json ? Canonical.Deserialize<ReviewResult>(json.Span) : null;

    /// <inheritdoc/>
    public override string Title => $"Review of {Input.Names}";

    /// <inheritdoc/>
    public override decimal? MostDollars => Input.Ground.Goal.Dollars;

    /// <inheritdoc/>
    protected override RunStatus? Outcome => Ended?.State switch
    {
        null => null,
        "failed" => RunStatus.Failed,
        _ => RunStatus.Completed,
    };

    /// <inheritdoc/>
    protected override string? Conclusion => Ended?.Reason;

    /// <summary>Whether something that was shown, or only said where nothing can be shown, is at least as urgent as asked.</summary>
    /// <param name="priority">P0 and P1 count where clean checkouts have shown them, or a second reviewer confirms them; P2 and P3 as they are said.</param>
    public bool HasAtLeast(Priority priority) => Ended is { } ended
        && (ended.Checks.Any(check => check.IsBroken)
            || ended.Findings.Any(record => record.Finding.Priority <= priority
                && (record.Blocks || record.Finding.Priority is Priority.P2 or Priority.P3)));

    /// <inheritdoc/>
    public override bool IsAsExpected => Input.FailOn is not { } least || !HasAtLeast(least);

    /// <inheritdoc/>
    public override async Task WriteFilesAsync(JournalReader reader, RunStore store, CancellationToken cancellation)
    {
        if (Input.Markdown is { } markdown)
        {
            await File.WriteAllTextAsync(markdown, await MarkdownAsync(reader, store, cancellation), cancellation);
        }

        if (Input.Sarif is { } sarif)
        {
            await File.WriteAllTextAsync(sarif, Sarif(), cancellation);
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<RunLine> Opening => Input.Ground.Models.Mailbox is { } mailbox ? [MailboxLine.Of(mailbox)] : [];

    /// <inheritdoc/>
    public override RunNarrator Narrator() => new ReviewNarrator(this);

    /// <inheritdoc/>
    public override IEnumerable<RunLine> Summary => Ended is null ? [] : [.. Lines(), new RunLine("result", Ended.Reason)];

    /// <inheritdoc/>
    public override IEnumerable<RunLine> Verdict => Ended is not { } ended ? []
        : [.. Lines(), new RunLine(ended.State, ended.Reason, ended.State == "clean" ? Tone.Good : Tone.Bad)];

    /// <inheritdoc/>
    public override object ToJson(RunStatus status) => new
    {
        Run,
        State = status,
        Playbook,
        Title,
        Base = Input.Ground.BaseCommit,
        Head = Input.HeadCommit,
        Reason,
        Findings = Ended?.Findings ?? [],
        Checks = (Ended?.Checks ?? []).Select(one => new { one.Check.Name, one.Check.Verdict, one.Check.Reason, one.Check.Tests, one.IsBroken }),
        Words = Ended?.Words ?? [],
        Ended?.Charge.Dollars,
        Report = Report(),
    };

    /// <inheritdoc/>
    public override Task<string> HtmlAsync(JournalReader reader, RunStore store, CancellationToken cancellation) =>
        Task.FromResult(new ReviewReport(this).Html());

    /// <inheritdoc/>
    public override Task<string> MarkdownAsync(JournalReader reader, RunStore store, CancellationToken cancellation) =>
        Task.FromResult(new ReviewReport(this).Markdown());

    /// <summary>The findings as SARIF 2.1.0, for code scanning.</summary>
    public string Sarif() => ReviewSarif.Of(this);

    /// <inheritdoc/>
    protected internal override IEnumerable<(string Of, CommandRecord Command)> CommandsIn(Entry entry) => BuildView.GateCommandsIn(entry);

    private IEnumerable<RunLine> Lines()
    {
        if (Ended!.Closed.Count > 0)
        {
            yield return new RunLine("closed", $"it changes {string.Join(", ", Ended.Closed)}, which the goal file protects from tasks", Tone.Strong);
        }

        foreach (var check in Ended.Checks.Where(check => check.Words is not null))
        {
            yield return new RunLine(check.Check.Name, check.Words!, check.IsBroken ? Tone.Bad : Tone.Dim);
        }

        foreach (var record in ReviewReport.Ordered(Ended.Findings))
        {
            var finding = record.Finding;
            yield return new RunLine(
                record.Id, $"{finding.Priority} {finding.File}:{finding.Line}: {finding.Claim} ({record.Reason})", record.Blocks ? Tone.Bad : Tone.Plain);
        }
    }
}

/// <summary>Tells a person how a review goes.</summary>
/// <param name="view">The run.</param>
internal sealed class ReviewNarrator(ReviewView view) : RunNarrator(view)
{
    public override string Status => $"reviewing {view.Input.Names}{AtWork()}";
}
