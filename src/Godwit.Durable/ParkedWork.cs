using System.Text;
using System.Text.Json;
using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>Something that waits for a person.</summary>
/// <param name="Process">The process.</param>
/// <param name="Key">The step; empty for the process itself.</param>
/// <param name="Reason">Why, and what to look at.</param>
public sealed record ParkedWork(long Process, string Key, string Reason)
{
    /// <summary>All that is parked in a run.</summary>
    public static IReadOnlyList<ParkedWork> Of(JournalReader reader)
    {
        var ended = new HashSet<long>();
        var parked = new Dictionary<(long, string), ParkedWork>();
        foreach (var entry in reader.After(0,
            EntryKind.StepParked, EntryKind.StepResolved, EntryKind.StepCompleted, EntryKind.StepFailed, EntryKind.ProcessParked,
            EntryKind.ProcessResolved,
            EntryKind.ProcessCompleted, EntryKind.ProcessFailed, EntryKind.ProcessCancelled))
        {
            switch (entry.Kind)
            {
                case EntryKind.StepParked or EntryKind.ProcessParked:
                    parked[(entry.Process, entry.Key)] = new ParkedWork(entry.Process, entry.Key, EntryInfo.Of<EntryInfo.Why>(entry).Reason!);
                    break;
                case EntryKind.ProcessCompleted or EntryKind.ProcessFailed or EntryKind.ProcessCancelled:
                    ended.Add(entry.Process);
                    break;
                default:
                    parked.Remove((entry.Process, entry.Key));
                    break;
            }
        }

        return [.. parked.Values.Where(work => !ended.Contains(work.Process))];
    }

    internal static IReadOnlyList<Draft> Answer(long process, string key, ProcessHistory history, Resolution resolution)
    {
        if (key.Length == 0)
        {
            return history.Parked is null
                ? throw new ArgumentException($"process {process} isn't parked, so there is nothing to resolve")
                : resolution is Resolution.Retry
                ? [new Draft(process, EntryKind.ProcessResolved, Info: new EntryInfo.Why { Reason = "retry" }.ToBytes())]
                : throw new ArgumentException(
                    "a parked process can only be retried; name a step with its key to say that it is done or has failed");
        }

        var parked = history.Keys.FirstOrDefault(pair => pair.Key == key).Value?.Parked
            ?? throw new ArgumentException($"no step '{key}' of process {process} is parked, so there is nothing to resolve");
        var input = parked.Input.ToArray();
        return resolution switch
        {
            Resolution.Retry => [Resolved("retry")],
            Resolution.Done done => [Resolved("done"), new Draft(process, EntryKind.StepCompleted, key, input, Data: Checked(done.Json))],
            Resolution.Fail fail => [Resolved("failed"), Failed(fail.Message)],
            _ => throw new InvalidOperationException("unknown resolution"),
        };

        Draft Failed(string why) => new(
            process, EntryKind.StepFailed, key, input, Data: Canonical.Serialize(new Failure("resolved", "resolved", why, 1)));

        Draft Resolved(string how) => new(process, EntryKind.StepResolved, key, Info: new EntryInfo.Why { Reason = how }.ToBytes());
    }

    private static byte[] Checked(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return Encoding.UTF8.GetBytes(json);
        }
        catch (JsonException error)
        {
            throw new ArgumentException($"the result is no JSON: {error.Message}");
        }
    }
}
