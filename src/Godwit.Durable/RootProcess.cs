using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>What a journal says of the process that a run began with.</summary>
public static class RootProcess
{
    /// <summary>The name of its playbook.</summary>
    /// <exception cref="JournalCorruptException">The journal has no root process.</exception>
    public static string Playbook(JournalReader reader) => EntryInfo.Of<EntryInfo.Started>(Started(reader)).Playbook!;

    /// <summary>What it was started with.</summary>
    /// <param name="reader">The journal.</param>
    /// <param name="playbook">The playbook that it must be of.</param>
    /// <exception cref="JournalException">The journal has no root process, or another version wrote its input.</exception>
    /// <exception cref="ArgumentException">It is of another playbook.</exception>
    public static T Input<T>(JournalReader reader, string playbook)
    {
        var started = Started(reader);
        return EntryInfo.Of<EntryInfo.Started>(started).Playbook is var name && name == playbook
            ? Canonical.Deserialize<T>(started.Data.Span)
            : throw new ArgumentException($"{reader.Run} is a run of playbook '{name}', not of '{playbook}'");
    }

    /// <summary>The JSON of what it was started with.</summary>
    /// <param name="reader">The journal.</param>
    public static ReadOnlyMemory<byte> Input(JournalReader reader) => Started(reader).Data;

    /// <summary>What was added to its input, the oldest first.</summary>
    public static IReadOnlyList<T> Amendments<T>(JournalReader reader) =>
        [
            .. reader.OfProcess(DurableRun.Root)
                .Where(entry => entry.Kind == EntryKind.ProcessAmended)
                .Select(entry => Canonical.Deserialize<T>(entry.Data.Span)),
        ];

    /// <summary>Whether its start has become durable.</summary>
    public static bool IsStarted(JournalReader reader) => reader.OfProcess(DurableRun.Root) is [{ Kind: EntryKind.ProcessStarted }, ..];

    /// <summary>How it ended; null while it goes on. A signal that came too late stands behind its end.</summary>
    public static RunEnd? End(JournalReader reader) =>
        reader.OfProcess(DurableRun.Root).LastOrDefault(entry => entry.Kind is EntryKind.ProcessCompleted or EntryKind.ProcessFailed
            or EntryKind.ProcessCancelled or EntryKind.ProcessAmended) is { Kind: not EntryKind.ProcessAmended } end
            ? RunEnd.Of(end.Kind, end.Data)
            : null;

    /// <summary>How many children it has started.</summary>
    public static int Children(JournalReader reader) =>
        reader.OfProcess(DurableRun.Root).Count(entry => entry.Kind == EntryKind.ChildStarted);

    private static Entry Started(JournalReader reader) =>
        reader.OfProcess(DurableRun.Root) is [{ Kind: EntryKind.ProcessStarted } started, ..]
        ? started
        : throw new JournalCorruptException(
            $"run {reader.Run} has no root process: it ended before its first entry was on the disk; delete its folder " +
            $"{reader.Folder.Path} and start again");
}
