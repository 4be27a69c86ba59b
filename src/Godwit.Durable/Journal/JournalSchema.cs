using System.Text;

namespace Godwit.Durable.Journal;

/// <summary>The tables of a journal. The version is stored in SQLite's user_version.</summary>
internal static class JournalSchema
{
    public const int Version = 1;

    private const int ApplicationId = 0x47445754; // "GDWT"

    public static void Create(Database database, string run)
    {
        database.Execute("PRAGMA journal_mode=WAL");
        database.Execute("PRAGMA synchronous=FULL");
        database.Execute($"""
            BEGIN IMMEDIATE;
            CREATE TABLE run(id TEXT NOT NULL, generation INTEGER NOT NULL);
            CREATE TABLE entries(
                seq INTEGER PRIMARY KEY, generation INTEGER NOT NULL, at INTEGER NOT NULL, process INTEGER NOT NULL,
                kind INTEGER NOT NULL, key TEXT NOT NULL, input BLOB, info TEXT, data TEXT, hash BLOB NOT NULL);
            CREATE INDEX entries_of_process ON entries(process);
            CREATE TABLE blobs(sha256 TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
            CREATE TABLE uniques(name TEXT PRIMARY KEY) WITHOUT ROWID;
            CREATE TABLE checkpoints(seq INTEGER PRIMARY KEY, line TEXT NOT NULL);
            CREATE TABLE kinds(kind INTEGER PRIMARY KEY, name TEXT NOT NULL);
            {KindRows()}
            INSERT INTO run VALUES ('{run.Replace("'", "''", StringComparison.Ordinal)}', 0);
            PRAGMA application_id = {ApplicationId};
            PRAGMA user_version = {Version};
            COMMIT;
            """);
    }

    /// <summary>Checks that the database is a journal of this version.</summary>
    public static void Require(Database database, RunFolder folder)
    {
        var version = database.QueryLong("PRAGMA user_version");
        if (database.QueryLong("PRAGMA application_id") != ApplicationId)
        {
            throw new JournalCorruptException($"{folder.Journal} is no godwit journal; restore the run's folder from a copy");
        }

        if (version != Version)
        {
            throw new JournalVersionException(
                $"{folder.Journal} has journal version {version}, and this godwit reads version {Version}; use the godwit that wrote it");
        }
    }

    /// <summary>The kinds' names stand in the file so that it can be read with nothing but SQLite's shell.</summary>
    private static string KindRows()
    {
        var rows = new StringBuilder();
        foreach (var kind in Enum.GetValues<EntryKind>())
        {
            rows.Append(System.Globalization.CultureInfo.InvariantCulture, $"INSERT INTO kinds VALUES ({(int)kind}, '{kind}');");
        }

        return rows.ToString();
    }
}
