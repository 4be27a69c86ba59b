using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>How far a process is from needing its host, and what a person has to do before it can go on.</summary>
/// <param name="cell">The process.</param>
/// <param name="host">Its host.</param>
internal sealed class CellRest(ProcessCell cell, DurableRun host)
{
    public CellState State { get; private set; } = CellState.Active;

    /// <summary>When it last had nothing more to do, as a timestamp of the host's clock.</summary>
    public long IdleSince { get; private set; }

    /// <summary>What it is parked for; empty while it isn't.</summary>
    public IReadOnlyList<string> ParkedFor { get; private set; } = [];

    public void Set(CellState state)
    {
        if (State != state)
        {
            var before = State;
            State = state;
            host.StateChanged(before, state);
        }
    }

    /// <summary>Settles a process for which nothing runs.</summary>
    /// <param name="ended">Its body has ended.</param>
    /// <returns>Whether it only waits, and can be unloaded.</returns>
    public bool TrySettle(bool ended)
    {
        if (cell.History?.Parked is { } parked)
        {
            Settle([parked]);
            return false;
        }

        if (ended || cell.Execution is not { } execution || !execution.Waiting.Any() || !execution.Waiting.All(pending => pending.Idle))
        {
            return false;
        }

        Settle(execution.Waiting.Select(pending => cell.History![pending.Key].Parked).OfType<Entry>());
        return true;
    }

    /// <summary>It waits, for a person where there are reasons.</summary>
    private void Settle(IEnumerable<Entry> parked)
    {
        ParkedFor = [.. parked.Select(entry => EntryInfo.Of(entry).Reason!)];
        IdleSince = host.Time.GetTimestamp();
        Set(ParkedFor.Count > 0 ? CellState.Parked : CellState.Waiting);
    }

    /// <summary>Parks the whole process: its pass is dropped until a person has answered.</summary>
    public void Park(string reason) => host.Track(ParkAsync(reason));

    private async Task ParkAsync(string reason)
    {
        var draft = new Draft(cell.Id, EntryKind.ProcessParked, Info: new EntryInfo { Reason = reason }.ToBytes());
        var receipt = await host.Journal.AppendAsync(new AppendUnit([draft]));
        cell.Parked(draft.ToEntry(receipt, host.Journal.Generation));
    }
}
