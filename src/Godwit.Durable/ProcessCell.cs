using System.Diagnostics.CodeAnalysis;
using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>
/// One unfinished process in its host. It is small while the process is unloaded; history and execution come and go. All
/// but the public entry points run on the process's own scheduler.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The cancellation source has no timer and no registration outlives the cell; there is nothing to free.")]
internal sealed class ProcessCell
{
    private readonly DurableRun _host;
    private readonly SerialScheduler _scheduler;
    private readonly CancellationTokenSource _cancel = new();
    private readonly CellSteps _steps;
    private readonly CellWaits _waits;
    private readonly CellEnding _endings;
    private readonly CellRest _rest;
    private readonly CellAppends _appends;
    private readonly ReplayCheck _replays;
    private ProcessHistory? _history;
    private Execution? _execution;
    private Task? _drive;

    public ProcessCell(DurableRun host, long id, long parent, string parentKey)
    {
        _host = host;
        _scheduler = new SerialScheduler(OnIdle);
        Id = id;
        Parent = parent;
        ParentKey = parentKey;
        _steps = new CellSteps(this, host, _cancel.Token);
        _waits = new CellWaits(this, host);
        _endings = new CellEnding(this, host);
        _rest = new CellRest(this, host);
        _appends = new CellAppends(this, host);
        _replays = new ReplayCheck(host);
    }

    public long Id { get; }

    public long Parent { get; }

    public string ParentKey { get; }

    public CellRest Rest => _rest;

    public CellAppends Appends => _appends;

    public bool IsLoaded => _execution is not null;

    public CellSteps Steps => _steps;

    public CellWaits Waits => _waits;

    /// <summary>What the journal says of it; null while it is unloaded.</summary>
    public ProcessHistory? History => _history;

    public Execution? Execution => _execution;

    public DateTimeOffset Now => _host.Time.GetUtcNow();

    /// <summary>Loads the process if it isn't, which runs its body up to where it has to wait.</summary>
    public void Wake() => _scheduler.Post(Load);

    /// <summary>Drops the pass that is under way and starts one from the top.</summary>
    public void Restart() => _scheduler.Post(() =>
    {
        _execution = null;
        Load();
    });

    public void TimerDue(string key) => _scheduler.Post(() =>
    {
        Load();
        if (_history is not null && _history[key] is { Answer: null } state)
        {
            _waits.Answer(state.Expires ? EntryKind.SignalExpired : EntryKind.TimerFired, key, null);
        }
    });

    /// <summary>Takes up entries that somebody else appended to this process.</summary>
    public void Arrived(Entry entry) => _scheduler.Post(() => Apply([entry]));

    public void TryUnload(long idleSince) => _scheduler.Post(() =>
    {
        if (_rest.State == CellState.Waiting && _rest.IdleSince == idleSince)
        {
            Unload();
        }
    });

    private void Load()
    {
        if (_execution is not null || _endings.Over || _host.Sealed)
        {
            return;
        }

        _rest.Set(CellState.Active);
        _history = ProcessHistory.Load(_host.Journal.Reader, Id);
        _waits.Forget();
        var playbook = _host.FindPlaybook(_history.Info.Playbook!);
        if (_history.Parked is not null)
        {
            return;
        }

        if (playbook is null)
        {
            _rest.Park($"this godwit knows no playbook '{_history.Info.Playbook}'; use the version that started the run");
            return;
        }

        if (_history.CancelReason is not null)
        {
            _cancel.Cancel();
        }

        _execution = new Execution(this, _history);
        _drive = DriveAsync(_execution, playbook, _history.Started!.Data);
    }

    private async Task DriveAsync(Execution execution, Playbook playbook, ReadOnlyMemory<byte> input)
    {
        Draft end;
        try
        {
            end = await _endings.RunAsync(execution, playbook, input);
        }
        catch (Exception unable) when (unable is DurableRuleException or JournalVersionException)
        {
            if (execution == _execution)
            {
                _rest.Park(unable is DurableRuleException ? $"{unable.Message}; mend the playbook" : unable.Message);
            }

            return;
        }

        if (execution == _execution && !_endings.Over)
        {
            _endings.Reach(end);
            await _cancel.CancelAsync();
            _endings.TryEnd();
        }
    }

    /// <summary>Its end is durable: nothing of it is kept here.</summary>
    public void Ended(Draft end) => _scheduler.Post(() =>
    {
        Unload();
        _rest.Set(CellState.Ended);
        _host.Ended(this, end);
    });

    /// <summary>Takes up what a step appended before it is tried.</summary>
    public void Intended(IReadOnlyList<Draft> drafts, Receipt receipt)
    {
        var entries = drafts.Select((draft, index) => draft.ToEntry(receipt, _host.Journal.Generation, index)).ToList();
        _scheduler.Post(() => entries.ForEach(entry => _history?.Apply(entry)));
    }

    /// <summary>A step ended without anything to journal.</summary>
    public void Interrupted(string key) => _scheduler.Post(() =>
    {
        _steps.Ended(key);
        if (!_host.Stopping.IsCancellationRequested)
        {
            _execution?.Fail(key, new ProcessCancelledException(_history?.CancelReason ?? "the process has ended"));
        }

        _endings.TryEnd();
    });

    /// <summary>Takes up entries that are durable.</summary>
    /// <param name="entries">Those of this process.</param>
    /// <param name="ran">The step that has ended with them.</param>
    /// <param name="then">Runs on the scheduler afterwards.</param>
    public void Appended(IReadOnlyList<Entry> entries, string? ran, Action? then) => _scheduler.Post(() =>
    {
        _steps.Ended(ran);
        _waits.Appended(entries);

        Apply(entries);
        then?.Invoke();
    });

    /// <summary>Goes on with entries that are only queued.</summary>
    /// <param name="entries">Those of this process.</param>
    /// <param name="later">Nobody writes them yet.</param>
    public void Queued(IReadOnlyList<Entry> entries, bool later) => _scheduler.Post(() =>
    {
        _appends.Queued(later);
        if (_execution is not null && !_endings.Over && !_host.Sealed)
        {
            foreach (var entry in entries)
            {
                _history!.Apply(entry);
            }

            Deliver(_execution, entries);
        }
    });

    private void Apply(IReadOnlyList<Entry> entries)
    {
        foreach (var entry in entries)
        {
            _history?.Apply(entry);
        }

        if (_endings.Over || _host.Sealed)
        {
            return;
        }

        if (_execution is null || _host.Options.ReplayAfterEveryEntry)
        {
            Replay();
        }
        else
        {
            Deliver(_execution, entries);
        }

        _endings.TryEnd();
    }

    private void Deliver(Execution execution, IReadOnlyList<Entry> entries)
    {
        foreach (var entry in entries)
        {
            switch (entry.Kind)
            {
                case EntryKind.CancelRequested:
                    _cancel.Cancel();
                    execution.Cancel(_history!.CancelReason!);
                    break;
                case EntryKind.SignalReceived:
                    _waits.TakeSignals();
                    break;
                case EntryKind.StepParked when execution.Find(entry.Key) is { } parked:
                    parked.Idle = true;
                    break;
                default:
                    execution.Deliver(entry.Key);
                    break;
            }
        }
    }

    private void Replay()
    {
        if (_endings.Reached)
        {
            return;
        }

        _replays.Remember(_execution);
        _execution = null;
        Load();
        _replays.Compare(_execution);
    }

    /// <summary>It was parked as a whole: the pass that is under way is dropped.</summary>
    public void Parked(Entry entry) => _scheduler.Post(() =>
    {
        _history?.Apply(entry);
        _execution = null;
        _endings.Forget();
    });

    private void OnIdle()
    {
        _appends.Flush();
        if (!_endings.Over && !_steps.Any && !_waits.Any && _rest.TrySettle(_endings.Reached) && _host.Options.UnloadAfter == TimeSpan.Zero)
        {
            Unload();
        }
    }

    private void Unload()
    {
        // Dropped, never completed: nothing of the old pass may run again, and nothing of it may be kept.
        _execution = null;
        _history = null;
        _drive = null;
        _waits.Forget();
    }
}
