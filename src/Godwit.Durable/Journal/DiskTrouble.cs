namespace Godwit.Durable.Journal;

/// <summary>What stopped a journal, in a line that says how to mend it.</summary>
internal static class DiskTrouble
{
    public static JournalException Explain(RunFolder folder, Exception error) => error switch
    {
        JournalException known => known,
        DatabaseException { DiskFull: true } =>
            new JournalStoppedException($"the disk of {folder.Path} is full; free some space and resume the run", error)
            {
                Run = folder.Id,
            },
        DatabaseException { Corrupt: true } =>
            new JournalCorruptException($"{folder.Journal} is damaged ({error.Message}); restore the run's folder from a copy"),
        DatabaseException =>
            new JournalStoppedException($"{folder.Journal} can't be written ({error.Message}); mend the disk and resume the run", error)
            {
                Run = folder.Id,
            },
        _ => new JournalStoppedException(
            $"{folder.Checkpoints} can't be written ({error.Message}); mend the disk and resume the run", error)
        {
            Run = folder.Id,
        },
    };
}
