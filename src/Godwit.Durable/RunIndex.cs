using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>The little that a host keeps of the whole journal: which processes are unfinished, and how the generations went.</summary>
internal sealed class RunIndex
{
    private readonly Dictionary<long, (long Parent, string Key)> _unfinished = [];
    private readonly Dictionary<string, Charge> _spent = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Overbilling> _overbilled = new(StringComparer.Ordinal);
    private readonly Dictionary<(long Process, string Key), List<(string Budget, Charge Charge)>> _open = [];
    private DateTimeOffset _start;
    private DateTimeOffset _last;
    private int _progress;

    public IReadOnlyDictionary<long, (long Parent, string Key)> Unfinished => _unfinished;

    public long LastProcess { get; private set; }

    /// <summary>The signals that the root process was sent, whether it has taken them or not.</summary>
    public List<Entry> RootSignals { get; } = [];

    public Entry? RootEnd { get; private set; }

    /// <summary>What each budget's node has spent itself.</summary>
    public IReadOnlyDictionary<string, BudgetHistory> Budgets =>
        _spent.Select(pair => (pair.Key, pair.Value)).Concat(_open.Values.SelectMany(list => list))
        .GroupBy(pair => pair.Item1).ToDictionary(
            group => group.Key,
            group => new BudgetHistory(
                group.Aggregate(Charge.None, (sum, pair) => sum + pair.Item2), _overbilled.GetValueOrDefault(group.Key)));

    /// <summary>Generations at the end of the journal that left nothing behind.</summary>
    public int IdleGenerations { get; private set; }

    private TimeSpan _active;

    public TimeSpan Active => _active + (_last - _start);

    public void Visit(EntryRow row)
    {
        if (row.Kind == EntryKind.GenerationStarted)
        {
            IdleGenerations = _progress == 0 && row.Generation > 1 ? IdleGenerations + 1 : 0;
            _progress = 0;
            _active += _last - _start;
            _start = _last = row.At;
            return;
        }

        _progress++;
        IdleGenerations = 0;
        _last = row.At;
        switch (row.Kind)
        {
            case EntryKind.ProcessStarted:
                var info = EntryInfo.Of<EntryInfo.Started>(row.Info);
                _unfinished.Add(row.Process, (info.Parent, info.ParentKey ?? ""));
                LastProcess = Math.Max(LastProcess, row.Process);
                break;
            case EntryKind.ProcessAmended:
                Amend(row.Process);
                break;
            case EntryKind.SignalReceived when row.Process == DurableRun.Root:
                RootSignals.Add(row.ToEntry());
                break;
            case EntryKind.StepIntended or EntryKind.StepBooked or EntryKind.StepCompleted or EntryKind.StepFailed when !row.Info.IsEmpty:
                Count(row, EntryInfo.Of<EntryInfo.Step>(row.Info));
                break;
            case EntryKind.ProcessCompleted or EntryKind.ProcessFailed or EntryKind.ProcessCancelled:
                _unfinished.Remove(row.Process);
                RootEnd = row.Process == DurableRun.Root ? row.ToEntry() : RootEnd;
                break;
        }
    }

    /// <summary>The root process goes on, if it had ended.</summary>
    public void Amend(long process)
    {
        _unfinished.TryAdd(process, (0, ""));
        RootEnd = process == DurableRun.Root ? null : RootEnd;
    }

    private void Count(EntryRow row, EntryInfo.Step info)
    {
        if (info is not { Budget: { } budget, Charge: { } charge })
        {
            return;
        }

        if (row.Kind == EntryKind.StepIntended)
        {
            if (!_open.TryGetValue((row.Process, row.Key), out var calls))
            {
                _open[(row.Process, row.Key)] = calls = [];
            }

            calls.Add((budget, charge));
            return;
        }

        if (_open.Remove((row.Process, row.Key), out var ended) && ended is [.., (_, var reserved)]
            && (charge.Dollars > reserved.Dollars || charge.Tokens > reserved.Tokens))
        {
            _overbilled[budget] = new Overbilling(charge, reserved);
        }

        _spent[budget] = _spent.GetValueOrDefault(budget, Charge.None) + charge;
    }
}
