using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>What the journal says of one key of a process.</summary>
internal sealed class KeyState
{
    /// <summary>The hash of the input that the answer, or the open intent, belongs to.</summary>
    public ReadOnlyMemory<byte> Input { get; set; }

    /// <summary>The entry that answers the key.</summary>
    public Entry? Answer { get; set; }

    /// <summary>Intents without a result: calls that were in flight when an owner died.</summary>
    public IReadOnlyList<Entry> OpenIntents { get; private set; } = [];

    /// <summary>Set while a person has to answer.</summary>
    public Entry? Parked { get; set; }

    /// <summary>The child that was started under the key; 0 for none.</summary>
    public long Child { get; set; }

    /// <summary>When the timer of the key is due.</summary>
    public DateTimeOffset? Due { get; set; }

    /// <summary>The timer ends the wait for a signal.</summary>
    public bool Expires { get; set; }

    /// <summary>A person has said to go on with the input that is asked now.</summary>
    public bool Accepted { get; set; }

    public void Open(Entry intent) => OpenIntents = [.. OpenIntents, intent];

    public void Close() => OpenIntents = [];

    /// <summary>A person has looked at what was in flight, and has said to go on.</summary>
    public bool Seen { get; set; }

    public bool Answers(ReadOnlySpan<byte> input) => Answer is not null && Input.Span.SequenceEqual(input);
}

/// <summary>The fold of a process's entries: a pure function of the journal.</summary>
internal sealed class ProcessHistory
{
    private readonly Dictionary<string, KeyState> _keys = new(StringComparer.Ordinal);
    private readonly List<Entry> _signals = [];

    public Entry? Started { get; private set; }

    public EntryInfo.Started Info { get; private set; } = new();

    public string? CancelReason { get; private set; }

    public Entry? Parked { get; private set; }

    public List<Entry> Amendments { get; } = [];

    /// <summary>Entries up to here were read from the journal.</summary>
    public long LoadedThrough { get; private init; }

    public IEnumerable<KeyValuePair<string, KeyState>> Keys => _keys;

    public static ProcessHistory Load(JournalReader reader, long process)
    {
        var entries = reader.OfProcess(process);
        var history = new ProcessHistory { LoadedThrough = entries.Count == 0 ? 0 : entries[^1].Sequence };
        foreach (var entry in entries)
        {
            history.Fold(entry);
        }

        return history;
    }

    public KeyState this[string key] => _keys.TryGetValue(key, out var state) ? state : _keys[key] = new KeyState();

    /// <summary>The oldest signal of a name that no key has taken or is taking.</summary>
    public Entry? NextSignal(string name, IReadOnlySet<long> taking) =>
        _signals.Find(signal => signal.Key == name && !taking.Contains(signal.Sequence));

    /// <summary>Takes up an entry that was appended after the history was loaded.</summary>
    public void Apply(Entry entry)
    {
        if (entry.Sequence > LoadedThrough)
        {
            Fold(entry);
        }
    }

    private void Fold(Entry entry)
    {
        switch (entry.Kind)
        {
            case EntryKind.ProcessStarted:
                Started = entry;
                Info = EntryInfo.Of<EntryInfo.Started>(entry);
                break;
            case EntryKind.CancelRequested:
                CancelReason = EntryInfo.Of<EntryInfo.Why>(entry).Reason;
                break;
            case EntryKind.ProcessAmended:
                Amendments.Add(entry);
                break;
            case EntryKind.ProcessParked:
                Parked = entry;
                break;
            case EntryKind.ProcessResolved:
                Parked = null;
                foreach (var state in _keys.Values.Where(state => state.OpenIntents.Count > 0))
                {
                    state.Seen = true;
                }

                break;
            case EntryKind.SignalReceived:
                _signals.Add(entry);
                break;
            case EntryKind.SignalConsumed:
                var consumed = EntryInfo.Of<EntryInfo.Consumed>(entry).Signal;
                _signals.RemoveAll(signal => signal.Sequence == consumed);
                FoldAnswer(this[entry.Key], entry);
                break;
            case EntryKind.ProcessCompleted or EntryKind.ProcessFailed or EntryKind.ProcessCancelled:
                break;
            default:
                FoldKey(this[entry.Key], entry);
                break;
        }
    }

    private static void FoldKey(KeyState state, Entry entry)
    {
        switch (entry.Kind)
        {
            case EntryKind.StepIntended:
                state.Input = entry.Input;
                state.Open(entry);
                break;
            case EntryKind.StepBooked:
                state.Close();
                break;
            case EntryKind.StepParked:
                state.Parked = entry;
                break;
            case EntryKind.StepResolved:
                state.Parked = null;
                state.Accepted = true;
                state.Close();
                break;
            case EntryKind.ChildStarted:
                state.Child = EntryInfo.Of<EntryInfo.OfChild>(entry).Child;
                state.Input = entry.Input;
                break;
            case EntryKind.TimerSet:
                var timer = EntryInfo.Of<EntryInfo.Timer>(entry);
                state.Due = timer.Due;
                state.Expires = timer.Name is not null;
                break;
            default:
                FoldAnswer(state, entry);
                break;
        }
    }

    private static void FoldAnswer(KeyState state, Entry entry)
    {
        state.Answer = entry;
        state.Close();
        state.Parked = null;

        // What a person accepted was this answer's attempt, and no later one.
        state.Accepted = false;
        if (entry.Kind is EntryKind.StepCompleted or EntryKind.StepFailed)
        {
            state.Input = entry.Input;
        }
    }
}
