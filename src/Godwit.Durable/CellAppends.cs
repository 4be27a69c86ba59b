using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>What a process appends, and when it goes on with it: see docs/decisions/0011.</summary>
/// <param name="cell">The process.</param>
/// <param name="host">Its host.</param>
internal sealed class CellAppends(ProcessCell cell, DurableRun host)
{
    private bool _queued;

    /// <summary>Appends to the process, and has it take the entries up when they are durable.</summary>
    /// <param name="drafts">At least one of this process; others may stand beside it.</param>
    /// <param name="blobs">Contents that they refer to.</param>
    /// <param name="ran">The step that has ended with it.</param>
    /// <param name="then">Runs on the scheduler afterwards.</param>
    /// <param name="appended">Runs as soon as the entries are durable.</param>
    /// <param name="ahead">The process goes on with them at once: whatever it appends from here on stands behind them.</param>
    /// <param name="later">They may be written with what the process appends next.</param>
    public async Task AppendAsync(
        IReadOnlyList<Draft> drafts, IReadOnlyList<Blob>? blobs = null, string? ran = null, Action? then = null, Action? appended = null, bool ahead = false, bool later = false)
    {
        var appending = host.Journal.QueueAsync(new AppendUnit(drafts, blobs));
        if (ahead)
        {
            cell.Queued(Entries(drafts, Receipt.None), later);
        }

        if (!later)
        {
            host.Journal.Flush();
        }

        var receipt = await appending;
        appended?.Invoke();
        cell.Appended(Entries(drafts, receipt), ran, then);
    }

    /// <summary>The process goes on with entries that are queued.</summary>
    public void Queued(bool later) => _queued |= later;

    /// <summary>The process is about to append, and what is queued is written with that.</summary>
    public void Soon() => _queued = false;

    /// <summary>Writes what is queued, for the process has nothing to append.</summary>
    public void Flush()
    {
        if (_queued)
        {
            _queued = false;
            host.Journal.Flush();
        }
    }

    private List<Entry> Entries(IReadOnlyList<Draft> drafts, Receipt receipt) =>
        [.. drafts.Select((draft, index) => draft.ToEntry(receipt, host.Journal.Generation, index)).Where(entry => entry.Process == cell.Id)];
}
