using Godwit.Playbooks.Measuring;
using System.Text;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks.Optimise.Report;
using Godwit.Runs;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>What can be told of a run that makes a number better.</summary>
public sealed class OptimiseView : RunView
{
    private readonly SortedDictionary<int, OptimiseNote.TrialEnded> _trials = [];
    private readonly CommandLog _commands = new();

    /// <summary>The view of a run before anything was read of it.</summary>
    /// <param name="reader">Its journal.</param>
    public OptimiseView(JournalReader reader)
        : base(reader) => Input = RootProcess.Input<OptimiseInput>(reader, "optimise");

    /// <summary>What it was started with, and the budgets that it was given since.</summary>
    public OptimiseInput Input { get; private set; }

    /// <summary>The goal, with the budgets that it was given since.</summary>
    public OptimiseGoal Goal => Input.Goal;

    /// <inheritdoc/>
    public override string Title => Goal.Title;

    /// <inheritdoc/>
    public override bool HasAgents => Goal.Agents.Count > 0;

    /// <inheritdoc/>
    public override decimal? MostDollars => Goal.Dollars;

    /// <inheritdoc/>
    public override IEnumerable<Submission> Submissions =>
        from trial in Trials.Select(ended => ended.Trial)
        where trial.Claim is { Checks.Count: > 0 }
        let contradicted = trial.Outcome != TrialOutcome.Ok && trial.Claim!.Checks.All(check => check.Passed)
        from model in trial.Claim!.Models
        select new Submission(model, contradicted);

    /// <summary>The base; null before it was measured.</summary>
    public OptimiseNote.BaseReady? Base { get; private set; }

    /// <summary>How values are compared.</summary>
    public Scale Scale => new(Goal.Harness.Maximise, Base?.Reference ?? 0);

    /// <summary>The noise; null before calibration ended.</summary>
    public Calibration? Calibration { get; private set; }

    /// <summary>The trials by number.</summary>
    public IEnumerable<OptimiseNote.TrialEnded> Trials => _trials.Values;

    /// <summary>The attempts to prove a finalist that have ended.</summary>
    public IList<ProofResult> Proofs { get; } = [];

    /// <summary>The end; null before it.</summary>
    public OptimiseResult? Ended { get; private set; }

    /// <summary>The best candidate that is not refused, by posterior mean; null while there is none.</summary>
    public OptimiseNote.TrialEnded? Best =>
        _trials.Values.Where(trial => trial.Trial.Outcome == TrialOutcome.Ok && trial.Trial.Scores.Count > 0).MaxBy(trial => trial.Mean);

    /// <summary>The candidates that were thrown out.</summary>
    public IEnumerable<TrialRecord> ThrownOut =>
        _trials.Values.Select(trial => trial.Trial).Where(trial => trial.Outcome != TrialOutcome.Ok);

    /// <inheritdoc/>
    public override RunDeliverable? Deliverable => Ended is { Commit: { } commit } ended
        ? new RunDeliverable(Input.Source, Input.BaseCommit, commit, ended.Branch ?? Input.Branch, ended.Branch is not null, ended.Reason)
        : null;

    /// <inheritdoc/>
    public override IReadOnlyList<RunPlot> Plots => [.. OptimisePlots.Of(this)];

    /// <inheritdoc/>
    public override RunTrials TriedTrials => new(Scale.Value(0), [.. Trials.Select(ended => OnBoard(Scale, ended))]);

    private static RunTrial OnBoard(Scale scale, OptimiseNote.TrialEnded ended)
    {
        var trial = ended.Trial;
        var isMeasured = trial.Outcome == TrialOutcome.Ok && trial.Scores.Count > 0;
        return new RunTrial(
            trial.Number, OptimiseText.Point(trial), trial.Proposer, Snake.Of(trial.Outcome), trial.Reason,
            isMeasured ? scale.Value(ended.Mean) : null, trial.Scores.Count);
    }

    /// <inheritdoc/>
    protected override RunStatus? Outcome => Ended?.State switch
    {
        "verified" => RunStatus.Verified,
        "not_verified" => RunStatus.NotVerified,
        "no_improvement" => RunStatus.NoImprovement,
        "failed" => RunStatus.Failed,
        _ => null,
    };

    /// <inheritdoc/>
    protected override string? Conclusion => Ended?.Reason;

    /// <summary>The view of a run as it stands.</summary>
    /// <exception cref="ArgumentException">The run is of another kind.</exception>
    public static OptimiseView Open(JournalReader reader)
    {
        var view = new OptimiseView(reader);
        view.Update(reader);
        return view;
    }

    /// <inheritdoc/>
    protected internal override object? NoteIn(Entry entry) =>
        entry.Key.StartsWith("note/", StringComparison.Ordinal) ? Canonical.Deserialize<OptimiseNote>(entry.Data.Span) : null;

    /// <inheritdoc/>
    protected internal override object? AmendmentIn(Entry entry) => Canonical.Deserialize<BudgetRaise>(entry.Data.Span);

    /// <inheritdoc/>
    protected internal override IEnumerable<(string Of, CommandRecord Command)> CommandsIn(Entry entry) => _commands.In(entry);

    /// <inheritdoc/>
    protected override IEnumerable<AgentEvent.Said> FindingsOn(string agent)
    {
        if (Trials.FirstOrDefault(one => one.Trial.Claim?.Agent == agent) is not { Trial: var trial, Mean: var mean })
        {
            yield break;
        }

        foreach (var check in trial.Claim!.Checks)
        {
            yield return new AgentEvent.Said(agent, "claims", $"'{check.Command}' {(check.Passed ? "passed" : "failed")}");
        }

        var screened = trial.Scores.Count == 0 ? "" : $", {Scale.Text(Scale.Value(mean))} as screened";
        var saw = trial.Outcome == TrialOutcome.Ok ? $"the check passes{screened}" : trial.Reason;
        yield return new AgentEvent.Said(agent, "saw", $"trial {trial.Number}: {saw}");
    }

    /// <inheritdoc/>
    protected override void Fold(RunEvent happened)
    {
        switch (happened)
        {
            case RunEvent.Amended { Amendment: BudgetRaise raise }:
                Input = BudgetRaise.Apply(Input, [raise]);
                Ended = null;
                break;
            case RunEvent.Noted { Note: OptimiseNote note }:
                Fold(note);
                break;
        }
    }

    /// <inheritdoc/>
    public override RunNarrator Narrator() => new OptimiseNarrator(this);

    /// <inheritdoc/>
    public override IEnumerable<RunLine> Opening => Input.Models.Mailbox is { } mailbox ? [MailboxLine.Of(mailbox)] : [];

    /// <inheritdoc/>
    public override IEnumerable<RunLine> Summary => OptimiseText.Summary(this);

    /// <inheritdoc/>
    public override IEnumerable<RunLine> Verdict => OptimiseText.Verdict(this);

    /// <inheritdoc/>
    public override object ToJson(RunStatus status) => OptimiseSummary.Of(this, status, Report());

    /// <inheritdoc/>
    public override RunPart Part(string name, JournalReader reader)
    {
        const string Prefix = "trial-";
        var number = name.StartsWith(Prefix, StringComparison.Ordinal) && int.TryParse(name[Prefix.Length..], out var parsed) ? parsed : 0;
        var ended = Trials.FirstOrDefault(trial => trial.Trial.Number == number)
            ?? throw new ArgumentException($"run {Run} has no {name.Replace('-', ' ')}; its trials are trial-1 to trial-{Trials.Count()}");
        var log = ended.Trial.Log is { } reference ? Encoding.UTF8.GetString(reader.Blob(reference)) : null;
        return new RunPart(OptimiseText.Trial(this, ended, log), OptimiseSummary.Of(ended, log));
    }

    /// <inheritdoc/>
    public override async Task<string> HtmlAsync(JournalReader reader, RunStore store, CancellationToken cancellation) =>
        HtmlReport.Write(await ReportData.ReadAsync(this, reader, store, cancellation));

    /// <inheritdoc/>
    public override async Task<string> MarkdownAsync(JournalReader reader, RunStore store, CancellationToken cancellation) =>
        MarkdownReport.Write(await ReportData.ReadAsync(this, reader, store, cancellation));

    private void Fold(OptimiseNote note)
    {
        switch (note)
        {
            case OptimiseNote.BaseReady ready:
                Base = ready;
                break;
            case OptimiseNote.Calibrated calibrated:
                Calibration = calibrated.Calibration;
                break;
            case OptimiseNote.TrialEnded trial:
                _trials[trial.Trial.Number] = trial;
                break;
            case OptimiseNote.ProofEnded attempt:
                Proofs.Add(attempt.Result);
                break;
            case OptimiseNote.Finished finished:
                Ended = finished.Result;
                break;
        }
    }
}
