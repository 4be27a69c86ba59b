using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>How a process ends: what its body comes to, and what is left over of it. Nothing here changes anything.</summary>
internal static class ProcessEnd
{
    /// <summary>Runs a body to its end, and says it as an entry.</summary>
    /// <exception cref="DurableRuleException">The playbook broke a rule.</exception>
    /// <exception cref="JournalVersionException">The journal's answer isn't of this version's form.</exception>
    public static async Task<Draft> OfBodyAsync(long process, Playbook playbook, Execution execution, ReadOnlyMemory<byte> input)
    {
        try
        {
            var result = await playbook.RunAsync(execution, input);
            return execution.Waiting.FirstOrDefault(pending => pending.IsWork) is { } left
                ? Failed(new Failure("completion", "unawaited", $"the playbook returned while '{left.Key}' was still open; await it", 1))
                : new Draft(process, EntryKind.ProcessCompleted, Data: result);
        }
        catch (ProcessCancelledException) when (execution.CancelReason is not null)
        {
            return new Draft(process, EntryKind.ProcessCancelled, Data: Canonical.Serialize(execution.CancelReason));
        }
        catch (StepFailedException failure)
        {
            return Failed(failure.Failure);
        }
        catch (Exception error) when (error is not (DurableRuleException or JournalVersionException))
        {
            return Failed(new Failure("body", "exception", error.Message, 1));
        }

        Draft Failed(Failure failure) => new(process, EntryKind.ProcessFailed, Data: Canonical.Serialize(failure));
    }

    /// <summary>
    /// A step that was in flight and that nobody will hear of again; null for none. A process that completes has asked for all that it
    /// wants; one that fails or is cancelled books its calls, and only what it may have done to the world is left to look at.
    /// </summary>
    public static string? InFlight(ProcessHistory history, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> asked, bool completes)
    {
        var open = history.Keys.Where(pair => pair.Value is { Seen: false, OpenIntents.Count: > 0 });
        return completes
            ? open.FirstOrDefault(pair => !asked.ContainsKey(pair.Key) && !asked.Keys.Any(step => PaidCalls.IsOf(step, pair.Key))).Key
            : open.FirstOrDefault(pair => pair.Value.OpenIntents.Any(intent => EntryInfo.Of<EntryInfo.Step>(intent).Effect == "external")).Key;
    }

    /// <summary>What calls that are open in the journal are booked at.</summary>
    public static IReadOnlyList<Draft> Booked(long process, ProcessHistory history) =>
    [
        .. history.Keys.SelectMany(pair => pair.Value.OpenIntents)
            .Where(intent => EntryInfo.Of<EntryInfo.Step>(intent).Effect == "paid")
            .Select(intent => StepRunner.Book(process, intent)),
    ];

    /// <summary>What a parent is told of a child's end.</summary>
    public static string NameOf(EntryKind end) => end switch
    {
        EntryKind.ProcessCompleted => "value",
        EntryKind.ProcessFailed => "failed",
        _ => "cancelled",
    };
}
