using SQLitePCL;

namespace Godwit.Durable.Journal;

/// <summary>A SQLite connection reduced to what a journal needs: spans in, spans out, and errors that keep their code.</summary>
internal sealed class Database : IDisposable
{
    private readonly sqlite3 _handle;

    static Database() => Batteries_V2.Init();

    private Database(sqlite3 handle) => _handle = handle;

    /// <summary>Whether the file can't be written.</summary>
    public bool IsReadOnly => raw.sqlite3_db_readonly(_handle, "main") == 1;

    /// <summary>Opens a database to be written, and makes it where there is none.</summary>
    public static Database OpenOrCreate(string path) => Open(path, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE);

    /// <summary>Opens a database that is there: to be written where it can be, and to be read elsewhere.</summary>
    public static Database OpenExisting(string path) => Open(path, raw.SQLITE_OPEN_READWRITE);

    /// <summary>Opens a database that nobody can change, and that needs no file beside it to be read.</summary>
    public static Database OpenImmutable(string path)
    {
        var name = string.Join('/', path.Split(Path.DirectorySeparatorChar).Select(Uri.EscapeDataString));
        return Open($"file:{name}?immutable=1", raw.SQLITE_OPEN_READONLY | raw.SQLITE_OPEN_URI);
    }

    private static Database Open(string path, int flags)
    {
        var code = raw.sqlite3_open_v2(path, out var handle, flags | raw.SQLITE_OPEN_NOMUTEX, null);
        if (code != raw.SQLITE_OK)
        {
            handle?.Dispose();
            throw new DatabaseException(code, $"{path}: {raw.sqlite3_errstr(code).utf8_to_string()}");
        }

        raw.sqlite3_extended_result_codes(handle, 1);
        raw.sqlite3_busy_timeout(handle, 10_000);
        return new Database(handle);
    }

    public void Execute(string sql)
    {
        var code = raw.sqlite3_exec(_handle, sql);
        if (code != raw.SQLITE_OK)
        {
            throw Error(code);
        }
    }

    public Statement Prepare(string sql)
    {
        var code = raw.sqlite3_prepare_v3(_handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement);
        return code == raw.SQLITE_OK ? new Statement(this, statement) : throw Error(code);
    }

    public long QueryLong(string sql)
    {
        using var statement = Prepare(sql);
        return statement.Step() ? statement.Long(0) : 0;
    }

    public int Changes => raw.sqlite3_changes(_handle);

    public DatabaseException Error(int code) => new(code, raw.sqlite3_errmsg(_handle).utf8_to_string());

    public void Dispose() => _handle.Dispose();
}

/// <summary>A prepared statement; parameters are numbered from 1 and columns from 0, as in SQLite's own interface.</summary>
internal sealed class Statement(Database database, sqlite3_stmt statement) : IDisposable
{
    public Statement Bind(int index, long value)
    {
        raw.sqlite3_bind_int64(statement, index, value);
        return this;
    }

    public Statement Bind(int index, ReadOnlySpan<byte> value)
    {
        raw.sqlite3_bind_blob(statement, index, value);
        return this;
    }

    public Statement BindText(int index, ReadOnlySpan<byte> utf8)
    {
        raw.sqlite3_bind_text(statement, index, utf8);
        return this;
    }

    public Statement Bind(int index, string value)
    {
        raw.sqlite3_bind_text(statement, index, value);
        return this;
    }

    public Statement BindNull(int index)
    {
        raw.sqlite3_bind_null(statement, index);
        return this;
    }

    /// <summary>Advances to the next row; false at the end.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(statement);
        return code switch
        {
            raw.SQLITE_ROW => true,
            raw.SQLITE_DONE => false,
            _ => throw Fail(code),
        };
    }

    /// <summary>Runs a statement that returns no row and makes it ready for the next binding.</summary>
    public void Run()
    {
        var code = raw.sqlite3_step(statement);
        if (code is not raw.SQLITE_DONE and not raw.SQLITE_ROW)
        {
            throw Fail(code);
        }

        raw.sqlite3_reset(statement);
    }

    public void Reset() => raw.sqlite3_reset(statement);

    public long Long(int column) => raw.sqlite3_column_int64(statement, column);

    public ReadOnlySpan<byte> Span(int column) => raw.sqlite3_column_blob(statement, column);

    public string Text(int column) => raw.sqlite3_column_text(statement, column).utf8_to_string();

    public void Dispose() => statement.Dispose();

    private DatabaseException Fail(int code)
    {
        var error = database.Error(code);
        raw.sqlite3_reset(statement);
        return error;
    }
}

/// <summary>An error from SQLite, with its extended result code.</summary>
internal sealed class DatabaseException(int code, string message) : IOException(message)
{
    public int Code { get; } = code;

    /// <summary>The write may or may not be on disk: disk full, I/O error, or a failed sync.</summary>
    public bool DiskFailed => (Code & 0xff) is raw.SQLITE_FULL or raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY;

    public bool DiskFull => (Code & 0xff) == raw.SQLITE_FULL;

    public bool Corrupt => (Code & 0xff) is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB;
}
