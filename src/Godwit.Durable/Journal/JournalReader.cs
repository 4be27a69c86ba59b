using System.Collections.Concurrent;

namespace Godwit.Durable.Journal;

/// <summary>Reads a run's journal. Any number of readers may stand beside the owner.</summary>
public sealed class JournalReader : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Database _database;
    private readonly ConcurrentBag<(Database Database, Statement OfProcess)> _idle = [];
    private readonly bool _isImmutable;

    private JournalReader(RunFolder folder, Database database, bool isImmutable)
    {
        _isImmutable = isImmutable;
        Folder = folder;
        _database = database;
        using (var run = database.Prepare("SELECT id FROM run"))
        {
            Run = run.Step()
                ? run.Text(0)
                : throw new JournalCorruptException($"{folder.Journal} names no run; restore the run's folder from a copy");
        }

    }

    /// <summary>Where the run stands.</summary>
    public RunFolder Folder { get; }

    /// <summary>The run's id, as the journal has it: a copied folder may have another name.</summary>
    public string Run { get; }

    /// <summary>Opens a run's journal for reading.</summary>
    /// <exception cref="JournalException">No journal, an unknown version, or a file that isn't one.</exception>
    public static JournalReader Open(RunFolder folder)
    {
        RequireExists(folder);
        Database? database = null;
        try
        {
            // SQLite itself finds out whether it may write: the end of any other descriptor of the file would drop this process's
            // locks on it.
            database = Database.OpenExisting(folder.Journal);
            var isImmutable = database.IsReadOnly && RequireNoLog(folder);
            if (isImmutable)
            {
                database.Dispose();
                database = Database.OpenImmutable(folder.Journal);
            }

            JournalSchema.Require(database, folder);
            return new JournalReader(folder, database, isImmutable);
        }
        catch (DatabaseException error)
        {
            database?.Dispose();
            throw new JournalCorruptException($"{folder.Journal} can't be read ({error.Message}); restore the run's folder from a copy");
        }
        catch
        {
            database?.Dispose();
            throw;
        }
    }

    /// <summary>A journal that can't be written, such as an archived one, is read as it is: without a log beside it, it is whole.</summary>
    /// <exception cref="JournalStoppedException">It isn't, and the log's index can't be made.</exception>
    private static bool RequireNoLog(RunFolder folder) => new FileInfo(folder.Journal + "-wal") is not { Exists: true, Length: > 0 }
        ? true
        : throw new JournalStoppedException(
            $"{folder.Journal} can't be written here, and its write-ahead log can only be read where it can; copy the folder " +
            $"and read the copy");

    /// <summary>
    /// Opens a run's journal for reading once every entry has been found to be what was written. What was verified before isn't verified
    /// again while the files are as they were, or while the run's owner, who has verified them, only adds to them.
    /// </summary>
    /// <exception cref="JournalException">As <see cref="Open"/>, or names the first bad entry.</exception>
    public static JournalReader OpenVerified(RunFolder folder)
    {
        var reader = Open(folder);
        try
        {
            var (stamp, known) = (VerifiedHead.StampOf(folder), VerifiedHead.Read(folder));
            if (known?.Stamp == stamp)
            {
                return reader;
            }

            var from = known is not null && RunLock.IsHeld(folder) && reader.HashOf(known.Sequence) == known.Hash
                ? new ChainHead(known.Sequence, Convert.FromHexString(known.Hash))
                : new ChainHead(0, ChainHash.Genesis(reader.Run));
            var head = JournalScan.Verify(reader, checkpoint: null, visit: null, from);
            new VerifiedHead(head.Sequence, Convert.ToHexStringLower(head.Hash), stamp).Keep(folder);
            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The entries of one process after a sequence, in order. Several threads may read at once, each on a connection of its own.
    /// </summary>
    public IReadOnlyList<Entry> OfProcess(long process, long after = 0)
    {
        if (!_idle.TryTake(out var connection))
        {
            var database = _isImmutable ? Database.OpenImmutable(Folder.Journal) : Database.OpenExisting(Folder.Journal);

            // 32 MiB: a process's entries lie all over the file, and the tree above them should stay in memory.
            database.Execute("PRAGMA cache_size=-32768");
            connection = (database, database.Prepare($"SELECT {EntryRow.Columns} FROM entries WHERE process = ? AND seq > ? ORDER BY seq"));
        }

        var entries = new List<Entry>();
        var bytes = new EntryBytes();
        try
        {
            connection.OfProcess.Bind(1, process).Bind(2, after);
            while (connection.OfProcess.Step())
            {
                entries.Add(new EntryRow(connection.OfProcess).ToEntry(bytes));
            }
        }
        finally
        {
            connection.OfProcess.Reset();
            _idle.Add(connection);
        }

        return entries;
    }

    /// <summary>Entries of a run after a sequence, in order.</summary>
    /// <param name="after">0 for all.</param>
    /// <param name="kinds">Only these kinds; none for all.</param>
    public IReadOnlyList<Entry> After(long after, params ReadOnlySpan<EntryKind> kinds) => Page(after, -1, kinds);

    /// <summary>The next entries of a run after a sequence, in order.</summary>
    /// <param name="after">0 for the first.</param>
    /// <param name="most">The most that are returned, at least 1.</param>
    /// <param name="kinds">Only these kinds; none for all.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than one are asked for.</exception>
    public IReadOnlyList<Entry> Page(long after, int most, ReadOnlySpan<EntryKind> kinds)
    {
        ArgumentOutOfRangeException.ThrowIfZero(most);
        var filter = kinds.IsEmpty ? "" : $"AND kind IN ({string.Join(',', kinds.ToArray().Select(kind => (int)kind))})";
        lock (_gate)
        {
            using var statement = _database.Prepare($"SELECT {EntryRow.Columns} FROM entries WHERE seq > ? {filter} ORDER BY seq LIMIT ?");
            statement.Bind(1, after).Bind(2, most);
            var entries = new List<Entry>();
            while (statement.Step())
            {
                entries.Add(new EntryRow(statement).ToEntry());
            }

            return entries;
        }
    }

    /// <summary>The content of a blob, checked against its name.</summary>
    /// <exception cref="JournalCorruptException">It is missing or isn't what was written.</exception>
    public byte[] Blob(BlobRef reference) => TryBlob(reference.Sha256) is { } content && BlobRef.Of(content) == reference
        ? content
        : throw new JournalCorruptException(
            $"blob {reference.Sha256} of run {Folder.Id} is missing or damaged; restore the run's folder from a copy");

    internal byte[]? TryBlob(string sha256)
    {
        lock (_gate)
        {
            using var statement = _database.Prepare("SELECT content FROM blobs WHERE sha256 = ?");
            statement.Bind(1, sha256);
            if (statement.Step())
            {
                return statement.Span(0).ToArray();
            }
        }

        var path = BlobFiles.PathOf(Folder, sha256);
        return File.Exists(path) ? File.ReadAllBytes(path) : null;
    }

    internal string? LastCheckpoint()
    {
        lock (_gate)
        {
            using var statement = _database.Prepare("SELECT line FROM checkpoints ORDER BY seq DESC LIMIT 1");
            return statement.Step() ? statement.Text(0) : null;
        }
    }

    /// <summary>The hash of an entry, in hex: it tells a journal from another, and from an older copy of it. Null where there is none.</summary>
    /// <param name="sequence">The entry.</param>
    public string? HashOf(long sequence)
    {
        lock (_gate)
        {
            using var statement = _database.Prepare("SELECT hash FROM entries WHERE seq = ?");
            statement.Bind(1, sequence);
            return statement.Step() ? Convert.ToHexStringLower(statement.Span(0)) : null;
        }
    }

    /// <summary>The last entry that there is now; 0 for none.</summary>
    internal long LastSequence()
    {
        lock (_gate)
        {
            using var statement = _database.Prepare("SELECT coalesce(max(seq), 0) FROM entries");
            return statement.Step() ? statement.Long(0) : 0;
        }
    }

    internal void Scan(long after, EntryVisitor visit)
    {
        lock (_gate)
        {
            using var statement = _database.Prepare($"SELECT {EntryRow.Columns} FROM entries WHERE seq > ? ORDER BY seq");
            statement.Bind(1, after);
            while (statement.Step())
            {
                visit(new EntryRow(statement));
            }
        }
    }

    internal string QuickCheck()
    {
        lock (_gate)
        {
            using var statement = _database.Prepare("PRAGMA quick_check(1)");
            return statement.Step() ? statement.Text(0) : "no answer";
        }
    }

    internal static void RequireExists(RunFolder folder)
    {
        if (!File.Exists(folder.Journal))
        {
            throw new JournalMissingException($"{folder.Path} holds no run");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_idle.TryTake(out var connection))
        {
            connection.OfProcess.Dispose();
            connection.Database.Dispose();
        }

        lock (_gate)
        {
            _database.Dispose();
        }
    }
}
