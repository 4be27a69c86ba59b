namespace Godwit.Durable.Journal;

/// <summary>
/// The journal of one run, opened by its one owner. Appends are grouped: whoever finds no commit under way writes for
/// all that wait, and each caller is answered after the sync that made its unit durable.
/// </summary>
public sealed class RunJournal : IDisposable
{
    private readonly Lock _gate = new();
    private readonly RunLock _lock;
    private readonly JournalWriter _writer;
    private readonly JournalReader _reader;
    private readonly CheckpointLog _checkpoints;
    private readonly TimeProvider _time;
    private List<PendingUnit> _queue = [];
    private List<PendingUnit> _spare = [];
    private bool _writing;
    private bool _due;
    private Exception? _stopped;

    private RunJournal(RunLock runLock, JournalWriter writer, JournalReader reader, CheckpointLog checkpoints, TimeProvider time)
    {
        _lock = runLock;
        _writer = writer;
        _reader = reader;
        _checkpoints = checkpoints;
        _time = time;
    }

    /// <summary>The folder that this journal belongs to.</summary>
    public RunFolder Folder => _reader.Folder;

    /// <summary>This owner's number, from 1.</summary>
    public int Generation => _writer.Generation;

    /// <summary>The last sequence that is durable.</summary>
    public long LastSequence => _writer.LastSequence;

    /// <summary>Reads what is durable; safe to use while appends go on.</summary>
    public JournalReader Reader => _reader;

    /// <summary>Set when the disk failed or the fence was lost; every later append answers with it.</summary>
    public Exception? Stopped => _stopped;

    /// <summary>Makes the journal of a new run and becomes its owner.</summary>
    /// <param name="folder">A folder without a journal; made when it doesn't exist.</param>
    /// <param name="signer">Signs checkpoints.</param>
    /// <param name="time">The clock of the entries.</param>
    /// <param name="failpoint">Called with the name of each point at which tests let a process die.</param>
    public static RunJournal Create(RunFolder folder, IHeadSigner signer, TimeProvider time, Action<string>? failpoint = null)
    {
        Directory.CreateDirectory(folder.Path);
        var runLock = RunLock.Take(folder);
        try
        {
            using var database = Database.OpenOrCreate(folder.Journal);
            JournalSchema.Create(database, folder.Id);
        }
        catch (DatabaseException error)
        {
            runLock.Dispose();
            throw DiskTrouble.Explain(folder, error);
        }

        DirectorySync.Sync(folder.Path);
        if (Path.GetDirectoryName(folder.Path) is { } parent)
        {
            DirectorySync.Sync(parent);
        }

        return Own(folder, runLock, signer, time, failpoint, visit: null);
    }

    /// <summary>Becomes the owner of an existing run: takes the lock, verifies the whole chain and starts a new generation.</summary>
    /// <param name="folder">The run.</param>
    /// <param name="signer">Signs checkpoints, and its public half checks those that are there.</param>
    /// <param name="time">The clock of the entries.</param>
    /// <param name="visit">Sees every entry, in order, as it is verified.</param>
    /// <param name="failpoint">As for <see cref="Create"/>.</param>
    /// <exception cref="JournalException">No journal, another owner, an unknown version, or an entry that isn't what was
    /// written.</exception>
    internal static RunJournal Open(
        RunFolder folder, IHeadSigner signer, TimeProvider time, EntryVisitor? visit, Action<string>? failpoint = null)
    {
        JournalReader.RequireExists(folder);
        return Own(folder, RunLock.Take(folder), signer, time, failpoint, visit);
    }

    /// <summary>Appends a unit; the task ends when it is durable.</summary>
    /// <exception cref="AppendConflictException">The unit's unique name was taken; nothing of it was written.</exception>
    /// <exception cref="FenceLostException">A newer owner exists.</exception>
    /// <exception cref="JournalStoppedException">The disk refused; whether this unit was written is known when the run is opened
    /// again.</exception>
    public Task<Receipt> AppendAsync(AppendUnit unit)
    {
        var pending = QueueAsync(unit);
        Flush();
        return pending;
    }

    /// <summary>
    /// Puts a unit behind those that wait, and begins no write for it: it becomes durable with the next one, or by
    /// <see cref="Flush"/>.
    /// </summary>
    /// <exception cref="JournalException">As for <see cref="AppendAsync"/>.</exception>
    internal Task<Receipt> QueueAsync(AppendUnit unit)
    {
        foreach (var blob in unit.Blobs ?? [])
        {
            if (!blob.Reference.IsInline)
            {
                BlobFiles.Write(Folder, blob);
            }
        }

        var pending = new PendingUnit(unit);
        lock (_gate)
        {
            if (_stopped is not null)
            {
                return Task.FromException<Receipt>(_stopped);
            }

            _queue.Add(pending);
            return pending.Task;
        }
    }

    /// <summary>Writes what waits, unless somebody does already.</summary>
    internal void Flush()
    {
        lock (_gate)
        {
            _due = _queue.Count > 0 && _stopped is null;
            if (_writing || !_due)
            {
                return;
            }

            _writing = true;
        }

        WriteBatch();
    }

    /// <summary>Signs the head of the chain and writes it into the journal and the second file.</summary>
    public void Checkpoint()
    {
        lock (_gate)
        {
            // Only while nobody writes: the next tick, unload or close makes up for one that is left out.
            if (_writing || _stopped is not null)
            {
                return;
            }

            _writing = true;
        }

        try
        {
            _writer.Checkpoint(_checkpoints, _time.GetUtcNow());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FenceLostException)
        {
            Stop(error);
        }

        ReleaseOrContinue();
    }

    /// <summary>Stops as if the process had died here: no checkpoint, no further write. For tests of crashes.</summary>
    internal void Abandon()
    {
        Stop(new JournalStoppedException("the journal was abandoned"));
        WaitForWriter();
        Close();
    }

    /// <summary>Lets the database grow to so many pages, as a full disk would. For tests.</summary>
    internal void LimitPagesForTests(long pages) => _writer.LimitPages(pages);

    /// <summary>Writes a last checkpoint and gives up ownership.</summary>
    public void Dispose()
    {
        WaitForWriter();
        Checkpoint();
        Stop(new JournalStoppedException("the run was closed"));
        Close();
    }

    private static RunJournal Own(
        RunFolder folder, RunLock runLock, IHeadSigner signer, TimeProvider time, Action<string>? failpoint, EntryVisitor? visit)
    {
        JournalReader? reader = null;
        JournalWriter? writer = null;
        try
        {
            reader = JournalReader.Open(folder);
            var checkpoints = new CheckpointLog(folder, reader.Run, signer);
            var head = JournalScan.Verify(reader, checkpoints.Last(reader), visit);
            writer = JournalWriter.Open(folder, head, failpoint);
            var journal = new RunJournal(runLock, writer, reader, checkpoints, time);
            writer.StartGeneration(time.GetUtcNow());
            return journal;
        }
        catch (DatabaseException error)
        {
            Undo();
            throw DiskTrouble.Explain(folder, error);
        }
        catch
        {
            Undo();
            throw;
        }

        void Undo()
        {
            writer?.Dispose();
            reader?.Dispose();
            runLock.Dispose();
        }
    }

    private void WriteBatch()
    {
        List<PendingUnit> batch;
        lock (_gate)
        {
            (batch, _queue, _spare) = (_queue, _spare, []);
            _due = false;
        }

        try
        {
            _writer.Write(batch, _time.GetUtcNow());
        }
        catch (Exception error) when (error is DatabaseException or FenceLostException)
        {
            Stop(error);
        }

        foreach (var pending in batch)
        {
            pending.Answer(_stopped);
        }

        batch.Clear();
        lock (_gate)
        {
            _spare = batch;
        }

        ReleaseOrContinue();
    }

    /// <summary>Hands the next batch to another thread, so that no caller writes for others for ever.</summary>
    private void ReleaseOrContinue()
    {
        lock (_gate)
        {
            if (!_due)
            {
                _writing = false;
                return;
            }
        }

        ThreadPool.UnsafeQueueUserWorkItem(static journal => journal.WriteBatch(), this, preferLocal: false);
    }

    private void Stop(Exception error)
    {
        lock (_gate)
        {
            _stopped ??= DiskTrouble.Explain(Folder, error);
            foreach (var pending in _queue)
            {
                pending.Answer(_stopped);
            }

            _queue.Clear();
            _due = false;
        }
    }

    private void WaitForWriter()
    {
        var spin = new SpinWait();
        while (true)
        {
            lock (_gate)
            {
                if (!_writing)
                {
                    return;
                }
            }

            spin.SpinOnce();
        }
    }

    private void Close()
    {
        _writer.Dispose();
        _reader.Dispose();
        _lock.Dispose();
    }
}
