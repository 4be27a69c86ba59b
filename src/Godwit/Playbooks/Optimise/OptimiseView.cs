using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>How a run stands.</summary>
public enum RunStatus
{
    /// <summary>It has an owner and something runs.</summary>
    Running,

    /// <summary>It has an owner, and all agents that are at work wait for a person.</summary>
    Waiting,

    /// <summary>It waits for a person.</summary>
    Parked,

    /// <summary>It has no owner; a resume goes on.</summary>
    Stopped,

    /// <summary>It ended with a proven improvement.</summary>
    Verified,

    /// <summary>It ended with an improvement that only the candidate's own process reports.</summary>
    NotVerified,

    /// <summary>It ended without one.</summary>
    NoImprovement,

    /// <summary>It could not be carried out.</summary>
    Failed,
}

/// <summary>What can be told of a run: a fold of the notes in its journal.</summary>
public sealed class OptimiseView
{
    private readonly SortedDictionary<int, OptimiseNote.TrialEnded> _trials = [];

    private OptimiseView(string run, RunFolder folder, OptimiseInput input)
    {
        Run = run;
        Folder = folder;
        Input = input;
    }

    /// <summary>The run's id.</summary>
    public string Run { get; }

    /// <summary>Where it stands.</summary>
    public RunFolder Folder { get; }

    /// <summary>What it was started with, and the budgets that it was given since.</summary>
    public OptimiseInput Input { get; private set; }

    /// <summary>When it was started.</summary>
    public DateTimeOffset Started { get; private set; }

    /// <summary>The last entry that was folded.</summary>
    public long Sequence { get; private set; }

    /// <summary>How often it was taken up, the start included.</summary>
    public int Generations { get; private set; }

    /// <summary>The base; null before it was measured.</summary>
    public OptimiseNote.BaseReady? Base { get; private set; }

    /// <summary>How values are compared.</summary>
    public Scale Scale => new(Input.Goal.Harness.Maximise, Base?.Reference ?? 0);

    /// <summary>The noise; null before calibration ended.</summary>
    public Calibration? Calibration { get; private set; }

    /// <summary>The trials by number.</summary>
    public IEnumerable<OptimiseNote.TrialEnded> Trials => _trials.Values;

    /// <summary>The attempts to prove a finalist that have ended.</summary>
    public IList<AttemptResult> Attempts { get; } = [];

    /// <summary>The end; null before it.</summary>
    public OptimiseResult? Result { get; private set; }

    /// <summary>What a person has to answer.</summary>
    public IReadOnlyList<ParkedWork> Parked { get; private set; } = [];

    /// <summary>The agents at work, and what they wait for.</summary>
    public AgentActivity Agents { get; } = new();

    /// <summary>
    /// Whether the user's side is a git repository, which the branch went into; a plain folder is changed by <c>apply</c> only.
    /// </summary>
    public bool IntoGit => Path.Exists(Path.Combine(Input.Source, ".git"));

    /// <summary>Why the root process failed outside of the playbook's own words; null otherwise.</summary>
    public string? Failure { get; private set; }

    /// <summary>The best candidate that is not refused, by posterior mean; null while there is none.</summary>
    public OptimiseNote.TrialEnded? Best =>
        _trials.Values.Where(trial => trial.Trial.Outcome == TrialOutcome.Ok && trial.Trial.Scores.Count > 0).MaxBy(trial => trial.Mean);

    /// <summary>The candidates that were thrown out.</summary>
    public IEnumerable<TrialRecord> ThrownOut =>
        _trials.Values.Select(trial => trial.Trial).Where(trial => trial.Outcome != TrialOutcome.Ok);

    /// <summary>How it stands.</summary>
    public RunStatus Status => Result?.State switch
    {
        "verified" => RunStatus.Verified,
        "not_verified" => RunStatus.NotVerified,
        "no_improvement" => RunStatus.NoImprovement,
        "failed" => RunStatus.Failed,
        _ when Failure is not null => RunStatus.Failed,
        _ when Parked.Count > 0 => RunStatus.Parked,
        _ => !RunLock.IsHeld(Folder) ? RunStatus.Stopped : Agents.AllWait ? RunStatus.Waiting : RunStatus.Running,
    };

    /// <summary>The view of a run as it stands.</summary>
    public static OptimiseView Open(JournalReader reader) => Open(reader, out _);

    /// <summary>The view of a run as it stands, and the notes that led there.</summary>
    public static OptimiseView Open(JournalReader reader, out IReadOnlyList<OptimiseNote> notes)
    {
        var view = new OptimiseView(reader.Run, reader.Folder, RootProcess.Input<OptimiseInput>(reader, "optimise"));
        notes = view.Update(reader);
        return view;
    }

    /// <summary>Takes up what is new in the journal and returns its notes.</summary>
    public IReadOnlyList<OptimiseNote> Update(JournalReader reader)
    {
        var notes = new List<OptimiseNote>();
        if (Input.Goal.Agents.Count > 0)
        {
            Agents.Update(reader);
        }

        foreach (var entry in reader
            .After(
                Sequence, EntryKind.Noted, EntryKind.GenerationStarted, EntryKind.ProcessFailed, EntryKind.ProcessAmended,
                EntryKind.StepParked, EntryKind.ProcessParked, EntryKind.StepResolved, EntryKind.ProcessResolved))
        {
            Sequence = entry.Sequence;
            switch (entry.Kind)
            {
                case EntryKind.GenerationStarted:
                    Started = Generations++ == 0 ? entry.At : Started;
                    break;
                case EntryKind.ProcessFailed when entry.Process == DurableRun.Root:
                    Failure = Canonical.Deserialize<Failure>(entry.Data.Span).Message;
                    break;
                case EntryKind.ProcessAmended when entry.Process == DurableRun.Root:
                    Input = BudgetRaise.Apply(Input, [Canonical.Deserialize<BudgetRaise>(entry.Data.Span)]);
                    (Result, Failure) = (null, null);
                    break;
                case EntryKind.Noted when entry.Key.StartsWith("note/", StringComparison.Ordinal):
                    var note = Canonical.Deserialize<OptimiseNote>(entry.Data.Span);
                    Fold(note);
                    notes.Add(note);
                    break;
                case EntryKind.StepParked or EntryKind.ProcessParked or EntryKind.StepResolved or EntryKind.ProcessResolved:
                    Parked = ParkedWork.Of(reader);
                    break;
            }
        }

        return notes;
    }

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
            case OptimiseNote.AttemptEnded attempt:
                Attempts.Add(attempt.Result);
                break;
            case OptimiseNote.Finished finished:
                Result = finished.Result;
                break;
        }
    }
}
