using System.Diagnostics.CodeAnalysis;
using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>
/// One unfinished process in its host. It is small while the process is unloaded; history and execution come and go. All
/// but the public entry points run on the process's own scheduler.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The cancellation source has no timer and no registration outlives the " +
"cell; there is nothing to free.")]
internal sealed class ProcessCell
{
    private readonly DurableRun _host;
    private readonly SerialScheduler _scheduler;
    private readonly CancellationTokenSource _cancel = new();
    private readonly StepBodies _bodies;
    private readonly SignalWaits _signals = new();
    private readonly ReplayCheck _replays;
    private readonly HashSet<string> _running = new(StringComparer.Ordinal);
    private readonly HashSet<string> _answering = new(StringComparer.Ordinal);
    private readonly HashSet<string> _timers = new(StringComparer.Ordinal);
    private ProcessHistory? _history;
    private Execution? _execution;
    private Task? _drive;
    private Draft? _end;
    private bool _over;
    private bool _queued;

    public ProcessCell(DurableRun host, long id, long parent, string parentKey)
    {
        _host = host;
        _scheduler = new SerialScheduler(OnIdle, host.Tasks);
        Id = id;
        Parent = parent;
        ParentKey = parentKey;
        _bodies = new StepBodies(host, id, Intended, _cancel.Token);
        _replays = new ReplayCheck(host);
    }

    public long Id { get; }

    public long Parent { get; }

    public string ParentKey { get; }

    public CellState State { get; private set; } = CellState.Active;

    /// <summary>When it last had nothing more to do, as a timestamp of the host's clock.</summary>
    public long IdleSince { get; private set; }

    /// <summary>What it is parked for; empty while it isn't.</summary>
    public IReadOnlyList<string> ParkedFor { get; private set; } = [];

    public bool IsLoaded => _execution is not null;

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
            Answer(state.Expires ? EntryKind.SignalExpired : EntryKind.TimerFired, key, null);
        }
    });

    /// <summary>Takes up entries that somebody else appended to this process.</summary>
    public void Arrived(Entry entry) => _scheduler.Post(() => Apply([entry]));

    public void TryUnload(long idleSince) => _scheduler.Post(() =>
    {
        if (State == CellState.Waiting && IdleSince == idleSince)
        {
            Unload();
        }
    });

    /// <summary>Runs a step that the journal doesn't answer.</summary>
    public void StartStep(StepWork work, KeyState state)
    {
        if (state.Parked is not null)
        {
            _execution!.Find(work.Key)!.Idle = true;
        }
        else if (_running.Add(work.Key))
        {
            if (work.Effect is Effect.PaidCase)
            {
                // Its intent is appended next, and what is queued is written with that.
                _queued = false;
            }

            // Bodies run beside each other and never on the process's scheduler.
            var (former, openIntents, accepted) = (state.Answer, state.OpenIntents, state.Accepted);
            _host.Track(Task.Run(() => RunStepAsync(work, former, openIntents, accepted)));
        }
    }

    public void StartChild(string key, Playbook playbook, byte[] input, byte[] hash, KeyState state)
    {
        if (state.Child == 0 && _answering.Add(key))
        {
            _host.Track(StartChildAsync(key, playbook, input, hash));
        }
    }

    public void WaitForSignal(string key, string name, TimeSpan? timeout, KeyState state)
    {
        _signals.Wait(key, name);
        TakeSignals();
        if (timeout is { } limit && !_answering.Contains(key))
        {
            SetTimer(key, limit, state, name);
        }
    }

    /// <summary>Sets the timer of a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="delay">From now, unless the journal has its due time.</param>
    /// <param name="state">What the journal says of the key.</param>
    /// <param name="signal">The signal whose wait it ends; null for a plain delay.</param>
    public void SetTimer(string key, TimeSpan delay, KeyState state, string? signal = null)
    {
        if (state.Due is { } set)
        {
            _host.Timers.Set(set, Id, key);
        }
        else if (_timers.Add(key))
        {
            var due = Now + delay;
            var draft = new Draft(Id, EntryKind.TimerSet, key, Info: new EntryInfo.Timer { Due = due, Name = signal }.ToBytes());
            _host.Track(AppendAsync([draft], then: () => _host.Timers.Set(due, Id, key)));
        }
    }

    /// <summary>Answers a key by an entry of this process.</summary>
    public void Answer(EntryKind kind, string key, byte[]? data, EntryInfo? info = null)
    {
        if (_answering.Add(key))
        {
            _host.Track(AppendAsync([new Draft(Id, kind, key, Info: info?.ToBytes(), Data: data)]));
        }
    }

    private void Load()
    {
        if (_execution is not null || _over || _host.Sealed)
        {
            return;
        }

        Set(CellState.Active);
        _history = ProcessHistory.Load(_host.Journal.Reader, Id);
        _signals.Forget();
        if (_history.Parked is not null)
        {
            return;
        }

        if (_host.FindPlaybook(_history.Info.Playbook!) is not { } playbook)
        {
            Park($"this version knows no playbook '{_history.Info.Playbook}'; use the version that started the run");
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
            end = await ProcessEnd.OfBodyAsync(Id, playbook, execution, input);
        }
        catch (Exception unable) when (unable is DurableRuleException or JournalVersionException)
        {
            if (execution == _execution)
            {
                Park(unable is DurableRuleException ? $"{unable.Message}; mend the playbook" : unable.Message);
            }

            return;
        }

        if (execution == _execution && !_over)
        {
            _end = end;
            await _cancel.CancelAsync();
            TryEnd();
        }
    }

    private async Task RunStepAsync(StepWork work, Entry? former, IReadOnlyList<Entry> openIntents, bool accepted)
    {
        if (await _bodies.RunAsync(work, former, openIntents, accepted) is StepEnd.Stated end)
        {
            await AppendEndAsync(work, end);
            return;
        }

        _scheduler.Post(() =>
        {
            _running.Remove(work.Key);
            if (!_host.Stopping.IsCancellationRequested)
            {
                _execution?.Fail(work.Key, new ProcessCancelledException(_history?.CancelReason ?? "the process has ended"));
            }

            TryEnd();
        });
    }

    private async Task StartChildAsync(string key, Playbook playbook, byte[] input, byte[] hash)
    {
        var child = _host.NewProcess(Id, key);
        var started = new EntryInfo.Started
        {
            Playbook = playbook.Name,
            Parent = Id,
            ParentKey = key,
            Seed = new SeededRandom(_history!.Info.Seed, "child", key).NextBits(),
        };
        List<Draft> drafts =
        [
            new Draft(Id, EntryKind.ChildStarted, key, hash, new EntryInfo.OfChild { Child = child.Id }.ToBytes()),
            new Draft(child.Id, EntryKind.ProcessStarted, Info: started.ToBytes(), Data: input),
        ];
        if (_history!.CancelReason is { } reason)
        {
            drafts.Add(new Draft(child.Id, EntryKind.CancelRequested, Info: new EntryInfo.Why { Reason = reason }.ToBytes()));
        }

        await AppendAsync(drafts, then: child.Wake);
    }

    private void TakeSignals()
    {
        foreach (var (key, signal) in _signals.Take(_history!, _answering))
        {
            Answer(EntryKind.SignalConsumed, key, signal.Data.ToArray(), new EntryInfo.Consumed { Signal = signal.Sequence });
        }
    }

    /// <summary>Appends to the process, and takes the entries up when they are durable.</summary>
    /// <param name="drafts">At least one of this process; others may stand beside it.</param>
    /// <param name="then">Runs on the scheduler afterwards.</param>
    private async Task AppendAsync(IReadOnlyList<Draft> drafts, Action? then = null)
    {
        var receipt = await _host.Journal.AppendAsync(new AppendUnit(drafts));
        TakeUp(Own(drafts, receipt), ran: null, then);
    }

    /// <summary>
    /// Appends a step's end; where nothing outside can see it, the process goes on before it is durable: docs/decisions/0011.
    /// </summary>
    private async Task AppendEndAsync(StepWork work, StepEnd.Stated end)
    {
        // Contents are read from the journal, and can't be before they are in it.
        var ahead = work.Effect is not Effect.ExternalCase && end.Blobs.Count == 0 && !_host.Options.ReplayAfterEveryEntry;

        // It may be written with what the process appends next.
        var later = ahead && work.Effect is not Effect.PaidCase && !_host.Stopping.IsCancellationRequested;
        var appending = _host.Journal.QueueAsync(new AppendUnit(end.Drafts, end.Blobs));
        if (ahead)
        {
            GoOnWith(Own(end.Drafts, Receipt.None), later);
        }

        if (!later)
        {
            _host.Journal.Flush();
        }

        var receipt = await appending;
        end.Appended?.Invoke();
        TakeUp(Own(end.Drafts, receipt), work.Key, then: null);
    }

    private List<Entry> Own(IReadOnlyList<Draft> drafts, Receipt receipt) =>
        [.. drafts.Select((draft, index) => draft.ToEntry(receipt, _host.Journal.Generation, index)).Where(entry => entry.Process == Id)];

    /// <summary>Takes up what a step appended before it is tried.</summary>
    private void Intended(IReadOnlyList<Draft> drafts, Receipt receipt)
    {
        var entries = Own(drafts, receipt);
        _scheduler.Post(() => entries.ForEach(entry => _history?.Apply(entry)));
    }

    /// <summary>Goes on with entries that are only queued.</summary>
    private void GoOnWith(List<Entry> entries, bool later) => _scheduler.Post(() =>
    {
        _queued |= later;
        if (_execution is not null && !_over && !_host.Sealed)
        {
            entries.ForEach(entry => _history!.Apply(entry));
            Deliver(_execution, entries);
        }
    });

    /// <summary>Takes up entries that are durable.</summary>
    private void TakeUp(List<Entry> entries, string? ran, Action? then) => _scheduler.Post(() =>
    {
        if (ran is not null)
        {
            _running.Remove(ran);
        }

        foreach (var entry in entries)
        {
            _answering.Remove(entry.Key);
            if (entry.Kind == EntryKind.SignalConsumed)
            {
                // It came in time: what is left of its timeout keeps nobody waiting.
                _host.Timers.Cancel(Id, entry.Key);
            }
        }

        Apply(entries);
        then?.Invoke();
    });

    private void Apply(List<Entry> entries)
    {
        entries.ForEach(entry => _history?.Apply(entry));
        if (_over || _host.Sealed)
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

        TryEnd();
    }

    private void Deliver(Execution execution, List<Entry> entries)
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
                    TakeSignals();
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
        if (_end is not null)
        {
            return;
        }

        _replays.Remember(_execution);
        _execution = null;
        Load();
        _replays.Compare(_execution);
    }

    /// <summary>Ends the process once nothing runs for it any more; what the code no longer asks for isn't left over silently.</summary>
    private void TryEnd()
    {
        if (_end is null || _running.Count > 0 || _answering.Count > 0 || _over)
        {
            return;
        }

        var asked = _execution!.Asked;
        if (ProcessEnd.InFlight(_history!, asked, _end.Kind == EntryKind.ProcessCompleted) is { } open)
        {
            Park($"step '{open}' was in flight when it was broken off, and nobody asks for it any more; look at its target");
            return;
        }

        foreach (var (key, state) in _history!.Keys.Where(pair => pair.Value.Child != 0 && pair.Value.Answer is null))
        {
            _host.Track(
                _host.CancelAsync(state.Child, asked.ContainsKey(key) ? "its parent has ended" : $"its parent no longer asks for '{key}'"));
        }

        _over = true;
        _host.Track(EndAsync(_end, ProcessEnd.Booked(Id, _history)));
    }

    /// <summary>
    /// Appends the end, with what open calls are booked at, and tells the parent. Nothing of the process is kept here then.
    /// </summary>
    private async Task EndAsync(Draft end, IReadOnlyList<Draft> booked)
    {
        List<Draft> drafts = [.. booked, end];
        if (Parent != 0)
        {
            drafts.Add(
                new Draft(
                    Parent, EntryKind.ChildEnded, ParentKey,
                    Info: new EntryInfo.OfChild { Child = Id, Name = ProcessEnd.NameOf(end.Kind) }.ToBytes(), Data: end.Data));
        }

        var receipt = await _host.Journal.AppendAsync(new AppendUnit(drafts));
        if (Parent != 0)
        {
            _host.Deliver(Parent, drafts[^1].ToEntry(receipt, _host.Journal.Generation, drafts.Count - 1));
        }

        _scheduler.Post(() =>
        {
            Unload();
            Set(CellState.Ended);
            _host.Ended(this, end);
        });
    }

    /// <summary>Parks the whole process: its pass is dropped until a person has answered.</summary>
    private void Park(string reason) => _host.Track(ParkAsync(reason));

    private async Task ParkAsync(string reason)
    {
        var draft = new Draft(Id, EntryKind.ProcessParked, Info: new EntryInfo.Why { Reason = reason }.ToBytes());
        var receipt = await _host.Journal.AppendAsync(new AppendUnit([draft]));
        _scheduler.Post(() =>
        {
            _history?.Apply(draft.ToEntry(receipt, _host.Journal.Generation));
            _execution = null;
            _end = null;
        });
    }

    private void OnIdle()
    {
        if (_queued)
        {
            // The process has nothing to append that it could be written with.
            _queued = false;
            _host.Journal.Flush();
        }

        if (!_over && _running.Count == 0 && _answering.Count == 0 && TrySettle() && _host.Options.UnloadAfter == TimeSpan.Zero)
        {
            Unload();
        }
    }

    /// <summary>Settles a process for which nothing runs.</summary>
    /// <returns>Whether it only waits, and can be unloaded.</returns>
    private bool TrySettle()
    {
        if (_history?.Parked is { } parked)
        {
            Settle([parked]);
            return false;
        }

        if (_end is not null
            || _execution is not { } execution
            || !execution.Waiting.Any()
            || !execution.Waiting.All(pending => pending.Idle))
        {
            return false;
        }

        Settle(execution.Waiting.Select(pending => _history![pending.Key].Parked).OfType<Entry>());
        return true;
    }

    /// <summary>It waits, for a person where there are reasons.</summary>
    private void Settle(IEnumerable<Entry> parked)
    {
        ParkedFor = [.. parked.Select(entry => EntryInfo.Of<EntryInfo.Why>(entry).Reason!)];
        IdleSince = _host.Time.GetTimestamp();
        Set(ParkedFor.Count > 0 ? CellState.Parked : CellState.Waiting);
    }

    private void Set(CellState state)
    {
        if (State != state)
        {
            var before = State;
            State = state;
            _host.StateChanged(before, state);
        }
    }

    private void Unload()
    {
        // Dropped, never completed: nothing of the old pass may run again, and nothing of it may be kept.
        _execution = null;
        _history = null;
        _drive = null;
        _signals.Forget();
    }
}
