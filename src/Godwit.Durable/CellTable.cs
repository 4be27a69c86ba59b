using System.Collections.Concurrent;

namespace Godwit.Durable;

/// <summary>The unfinished processes of a run, and how many of them have something running for them.</summary>
/// <param name="idle">Called when the last one that had something running has it no more.</param>
internal sealed class CellTable(Action idle)
{
    private readonly ConcurrentDictionary<long, ProcessCell> _cells = new();
    private int _active;

    public IEnumerable<ProcessCell> All => _cells.Values;

    public int Active => Volatile.Read(ref _active);

    public ProcessCell? Find(long process) => _cells.GetValueOrDefault(process);

    public ProcessCell Add(ProcessCell cell)
    {
        _cells[cell.Id] = cell;
        Interlocked.Increment(ref _active);
        return cell;
    }

    public void Remove(ProcessCell cell) => _cells.TryRemove(cell.Id, out _);

    public void StateChanged(CellState before, CellState after)
    {
        if (before == CellState.Active && Interlocked.Decrement(ref _active) == 0)
        {
            idle();
        }
        else if (after == CellState.Active)
        {
            Interlocked.Increment(ref _active);
        }
    }

    /// <summary>A process and all below it, as far as they haven't ended.</summary>
    public IReadOnlyList<long> Subtree(long process)
    {
        var subtree = new HashSet<long> { process };
        foreach (var cell in _cells.Values.OrderBy(cell => cell.Id))
        {
            if (subtree.Contains(cell.Parent))
            {
                subtree.Add(cell.Id);
            }
        }

        return [.. subtree.Where(_cells.ContainsKey)];
    }

    /// <summary>What waits for a person, where nothing else can go on; empty otherwise.</summary>
    public IReadOnlyList<string> Stuck()
    {
        var cells = _cells.Values.ToList();
        return cells.TrueForAll(cell => cell.State is CellState.Parked or CellState.Waiting)
            ? [.. cells.SelectMany(cell => cell.ParkedFor)]
            : [];
    }
}
