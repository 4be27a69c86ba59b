using System.Text;
using System.Text.Json;

namespace Godwit.Durable.Journal;

/// <summary>Writes batches of units in one transaction each. Used by one thread at a time.</summary>
internal sealed class JournalWriter : IDisposable
{
    private readonly Database _database;
    private readonly Statement _begin;
    private readonly Statement _commit;
    private readonly Statement _rollback;
    private readonly Statement _generation;
    private readonly Statement _entry;
    private readonly Statement _blob;
    private readonly Statement _unique;
    private readonly ChainHash _chain = new();
    private readonly Action<string>? _failpoint;
    private byte[] _durableHead;
    private long _checkpointed;

    private JournalWriter(Database database, ChainHead head, Action<string>? failpoint)
    {
        _database = database;
        _failpoint = failpoint;
        _durableHead = head.Hash;
        LastSequence = head.Sequence;
        _begin = database.Prepare("BEGIN IMMEDIATE");
        _commit = database.Prepare("COMMIT");
        _rollback = database.Prepare("ROLLBACK");
        _generation = database.Prepare("SELECT generation FROM run");
        _entry = database.Prepare($"INSERT INTO entries({EntryRow.Columns}) VALUES (?,?,?,?,?,?,?,?,?,?)");
        _blob = database.Prepare("INSERT INTO blobs VALUES (?,?) ON CONFLICT DO NOTHING");
        _unique = database.Prepare("INSERT INTO uniques VALUES (?) ON CONFLICT DO NOTHING");
    }

    public int Generation { get; private set; }

    public long LastSequence { get; private set; }

    public static JournalWriter Open(RunFolder folder, ChainHead head, Action<string>? failpoint)
    {
        var database = Database.OpenOrCreate(folder.Journal);
        try
        {
            database.Execute("PRAGMA journal_mode=WAL");
            database.Execute("PRAGMA synchronous=FULL");
            return new JournalWriter(database, head, failpoint);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    public void StartGeneration(DateTimeOffset now)
    {
        var info = JsonSerializer.SerializeToUtf8Bytes(new
        {
            version = typeof(JournalWriter).Assembly.GetName().Version?.ToString(3),
            host = Environment.MachineName,
            process = Environment.ProcessId,
        });
        InTransaction(() =>
        {
            _database.Execute("UPDATE run SET generation = generation + 1");
            Generation = (int)_database.QueryLong("SELECT generation FROM run");
            Insert(new Draft(0, EntryKind.GenerationStarted, Info: info), LastSequence + 1, now.ToUnixTimeMilliseconds());
            return LastSequence + 1;
        });
    }

    public void Write(List<PendingUnit> batch, DateTimeOffset now)
    {
        var at = now.ToUnixTimeMilliseconds();
        InTransaction(() =>
        {
            RequireGeneration();
            var sequence = LastSequence;
            foreach (var pending in batch)
            {
                var unit = pending.Unit;
                if (unit.Unique is not null && !TakeName(unit.Unique))
                {
                    pending.Refusal = new AppendConflictException(unit.Unique);
                    continue;
                }

                pending.Receipt = new Receipt(sequence + 1, DateTimeOffset.FromUnixTimeMilliseconds(at));
                foreach (var blob in unit.Blobs ?? [])
                {
                    if (blob.Reference.IsInline)
                    {
                        _blob.Bind(1, blob.Reference.Sha256).Bind(2, blob.Content).Run();
                    }
                }

                foreach (var draft in unit.Drafts)
                {
                    Insert(draft, ++sequence, at);
                }
            }

            _failpoint?.Invoke("before-commit");
            return sequence;
        });
        _failpoint?.Invoke("after-commit");
    }

    public void Checkpoint(CheckpointLog log, DateTimeOffset now)
    {
        if (_checkpointed == LastSequence)
        {
            return;
        }

        var line = log.Sign(new ChainHead(LastSequence, _durableHead), Generation, now);
        InTransaction(() =>
        {
            RequireGeneration();
            using var insert = _database.Prepare("INSERT OR REPLACE INTO checkpoints VALUES (?,?)");
            insert.Bind(1, LastSequence).Bind(2, line).Run();
            return LastSequence;
        });
        log.Append(line);
        _checkpointed = LastSequence;
    }

    public void LimitPages(long pages) =>
        _database.Execute(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"PRAGMA max_page_count = {pages}"));

    public void Dispose()
    {
        foreach (var statement in (Statement[])[_begin, _commit, _rollback, _generation, _entry, _blob, _unique])
        {
            statement.Dispose();
        }

        _database.Dispose();
    }

    private void InTransaction(Func<long> body)
    {
        _begin.Run();
        try
        {
            _chain.Restart(_durableHead);
            var last = body();
            _commit.Run();
            LastSequence = last;
            _durableHead = _chain.Head.ToArray();
        }
        catch
        {
            try
            {
                _rollback.Run();
            }
            catch (DatabaseException)
            {
                // SQLite has rolled back by itself after some errors; the first error is the one to tell.
            }

            throw;
        }
    }

    private void RequireGeneration()
    {
        _generation.Step();
        var current = _generation.Long(0);
        _generation.Reset();
        if (current != Generation)
        {
            throw new FenceLostException(
                $"a newer owner (generation {current}) has taken the run over; this one (generation {Generation}) has stopped");
        }
    }

    private bool TakeName(string name)
    {
        _unique.Bind(1, name).Run();
        return _database.Changes == 1;
    }

    private void Insert(Draft draft, long sequence, long at)
    {
        var key = Encoding.UTF8.GetBytes(draft.Key);
        var hash = _chain.Advance(sequence, Generation, at, draft.Process, draft.Kind, key, draft.Input, draft.Info, draft.Data);
        _entry.Bind(1, sequence).Bind(2, Generation).Bind(3, at).Bind(4, draft.Process).Bind(5, (int)draft.Kind).BindText(6, key);
        _ = draft.Input is null ? _entry.BindNull(7) : _entry.Bind(7, draft.Input);
        _ = draft.Info is null ? _entry.BindNull(8) : _entry.BindText(8, draft.Info);
        _ = draft.Data is null ? _entry.BindNull(9) : _entry.BindText(9, draft.Data);
        _entry.Bind(10, hash).Run();
    }
}
