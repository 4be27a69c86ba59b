using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>How a process ends: what its body came to, what is left over of it, and who is told.</summary>
/// <param name="cell">The process.</param>
/// <param name="host">Its host.</param>
internal sealed class CellEnding(ProcessCell cell, DurableRun host)
{
    private Draft? _end;

    /// <summary>Its body has come to an end.</summary>
    public bool Reached => _end is not null;

    /// <summary>The end is being written, or has been: nothing of the process may run any more.</summary>
    public bool Over { get; private set; }

    /// <summary>Its body has ended.</summary>
    public void Reach(Draft end) => _end = end;

    /// <summary>The pass that led to an end is dropped.</summary>
    public void Forget() => _end = null;

    /// <summary>Ends the process once nothing runs for it any more; what the code no longer asks for isn't left over silently.</summary>
    public void TryEnd()
    {
        if (_end is null || cell.Steps.Any || cell.Waits.Any || Over)
        {
            return;
        }

        var asked = cell.Execution!.Asked;
        if (InFlight(cell.History!, asked, _end.Kind == EntryKind.ProcessCompleted) is { } open)
        {
            cell.Rest.Park($"step '{open}' was in flight when it was broken off, and nobody asks for it any more; look at its target");
            return;
        }

        CancelChildren(cell.History!, asked);
        Over = true;
        host.Track(EndAsync(_end, Booked(cell.History!)));
    }

    /// <summary>Runs a body to its end, and says it as an entry.</summary>
    /// <exception cref="DurableRuleException">The playbook broke a rule.</exception>
    /// <exception cref="JournalVersionException">The journal's answer isn't of this version's form.</exception>
    public async Task<Draft> RunAsync(Execution execution, Playbook playbook, ReadOnlyMemory<byte> input)
    {
        try
        {
            var result = await playbook.RunAsync(execution, input);
            return execution.Waiting.FirstOrDefault(pending => pending.IsWork) is { } left
                ? Failed(new Failure("completion", "unawaited", $"the playbook returned while '{left.Key}' was still open; await it", 1))
                : new Draft(cell.Id, EntryKind.ProcessCompleted, Data: result);
        }
        catch (ProcessCancelledException) when (cell.History?.CancelReason is not null)
        {
            return new Draft(cell.Id, EntryKind.ProcessCancelled, Data: Canonical.Serialize(cell.History.CancelReason));
        }
        catch (StepFailedException failure)
        {
            return Failed(failure.Failure);
        }
        catch (Exception error) when (error is not (DurableRuleException or JournalVersionException))
        {
            return Failed(new Failure("body", "exception", error.Message, 1));
        }
    }

    /// <summary>
    /// A step that was in flight and that nobody will hear of again; null for none. A process that completes has asked for all that it
    /// wants; one that fails or is cancelled books its calls, and only what it may have done to the world is left to look at.
    /// </summary>
    private static string? InFlight(ProcessHistory history, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> asked, bool completes) => history.Keys
        .Where(pair => pair.Value is { Seen: false, OpenIntents.Count: > 0 })
        .FirstOrDefault(pair => completes
            ? !asked.ContainsKey(pair.Key) && !asked.Keys.Any(step => PaidCalls.IsOf(step, pair.Key))
            : pair.Value.OpenIntents.Any(intent => EntryInfo.Of(intent).Effect == "external")).Key;

    /// <summary>Cancels children that haven't ended.</summary>
    private void CancelChildren(ProcessHistory history, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> asked)
    {
        foreach (var (key, state) in history.Keys.Where(pair => pair.Value.Child != 0 && pair.Value.Answer is null))
        {
            host.Track(host.CancelAsync(state.Child, asked.ContainsKey(key) ? "its parent has ended" : $"its parent no longer asks for '{key}'"));
        }
    }

    /// <summary>Appends the end, with what open calls are booked at, and tells the parent.</summary>
    private async Task EndAsync(Draft end, IReadOnlyList<Draft> booked)
    {
        var name = end.Kind switch { EntryKind.ProcessCompleted => "value", EntryKind.ProcessFailed => "failed", _ => "cancelled" };
        List<Draft> drafts = [.. booked, end];
        if (cell.Parent != 0)
        {
            drafts.Add(new Draft(cell.Parent, EntryKind.ChildEnded, cell.ParentKey, Info: new EntryInfo { Child = cell.Id, Name = name }.ToBytes(), Data: end.Data));
        }

        var receipt = await host.Journal.AppendAsync(new AppendUnit(drafts));
        if (cell.Parent != 0)
        {
            host.Deliver(cell.Parent, drafts[^1].ToEntry(receipt, host.Journal.Generation, drafts.Count - 1));
        }

        cell.Ended(end);
    }

    /// <summary>What calls that are open in the journal are booked at.</summary>
    private IReadOnlyList<Draft> Booked(ProcessHistory history) =>
    [
        .. history.Keys.SelectMany(pair => pair.Value.OpenIntents).Where(intent => EntryInfo.Of(intent).Effect == "paid").Select(intent => StepRunner.Book(cell.Id, intent)),
    ];

    private Draft Failed(Failure failure) => new(cell.Id, EntryKind.ProcessFailed, Data: Canonical.Serialize(failure));
}
