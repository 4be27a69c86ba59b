using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>What a process waits for beside steps: signals, timers and children; and the answers to them that are being appended.</summary>
/// <param name="cell">The process.</param>
/// <param name="host">Its host.</param>
internal sealed class CellWaits(ProcessCell cell, DurableRun host)
{
    private readonly HashSet<string> _appending = new(StringComparer.Ordinal);
    private readonly HashSet<string> _timers = new(StringComparer.Ordinal);
    private readonly HashSet<long> _taking = [];
    private readonly Dictionary<string, string> _signalWaits = new(StringComparer.Ordinal);

    public bool Any => _appending.Count > 0;

    /// <summary>A new pass asks for its signals itself.</summary>
    public void Forget() => _signalWaits.Clear();

    public void Appended(IReadOnlyList<Entry> entries)
    {
        foreach (var entry in entries)
        {
            _appending.Remove(entry.Key);
            if (entry.Kind == EntryKind.SignalConsumed)
            {
                // It came in time: what is left of its timeout keeps nobody waiting.
                host.Timers.Cancel(cell.Id, entry.Key);
            }
        }
    }

    public void StartChild(string key, Playbook playbook, byte[] input, byte[] hash, KeyState state)
    {
        if (state.Child == 0 && _appending.Add(key))
        {
            host.Track(StartChildAsync(key, playbook, input, hash));
        }
    }

    public void WaitForSignal(string key, string name, TimeSpan? timeout, KeyState state)
    {
        _signalWaits[key] = name;
        TakeSignals();
        if (timeout is { } limit && !_appending.Contains(key))
        {
            SetTimer(key, limit, state, name);
        }
    }

    public void SetTimer(string key, TimeSpan delay, KeyState state, string? signal = null)
    {
        if (state.Due is { } due)
        {
            host.Timers.Set(due, cell.Id, key);
            return;
        }

        if (!_timers.Add(key))
        {
            return;
        }

        due = cell.Now + delay;
        var draft = new Draft(cell.Id, EntryKind.TimerSet, key, Info: new EntryInfo { Due = due, Name = signal }.ToBytes());
        host.Track(cell.Appends.AppendAsync([draft], then: () => host.Timers.Set(due, cell.Id, key)));
    }

    public void Answer(EntryKind kind, string key, byte[]? data, EntryInfo? info = null)
    {
        if (_appending.Add(key))
        {
            host.Track(cell.Appends.AppendAsync([new Draft(cell.Id, kind, key, Info: info?.ToBytes(), Data: data)]));
        }
    }

    public void TakeSignals()
    {
        foreach (var (key, name) in _signalWaits)
        {
            if (cell.History![key].Answer is null && !_appending.Contains(key) && cell.History!.NextSignal(name, _taking) is { } signal)
            {
                _taking.Add(signal.Sequence);
                Answer(EntryKind.SignalConsumed, key, signal.Data.ToArray(), new EntryInfo { Signal = signal.Sequence });
            }
        }
    }

    private async Task StartChildAsync(string key, Playbook playbook, byte[] input, byte[] hash)
    {
        var child = host.NewProcess(cell.Id, key);
        var started = new EntryInfo { Playbook = playbook.Name, Parent = cell.Id, ParentKey = key, Seed = new SeededRandom(cell.History!.Info.Seed, "child", key).NextBits() };
        List<Draft> drafts =
        [
            new Draft(cell.Id, EntryKind.ChildStarted, key, hash, new EntryInfo { Child = child.Id }.ToBytes()),
            new Draft(child.Id, EntryKind.ProcessStarted, Info: started.ToBytes(), Data: input),
        ];
        if (cell.History!.CancelReason is { } reason)
        {
            drafts.Add(new Draft(child.Id, EntryKind.CancelRequested, Info: new EntryInfo { Reason = reason }.ToBytes()));
        }

        await cell.Appends.AppendAsync(drafts, ran: null, then: child.Wake);
    }
}
