using Microsoft.Data.Sqlite;

namespace SearchServer;

/// <summary>An FTS5 index as SQLite's documentation shows it, ranked by bm25.</summary>
public static class Index
{
    public const string Sql = "SELECT rowid, bm25(docs) FROM docs WHERE docs MATCH $query ORDER BY bm25(docs), rowid LIMIT 10";

    public static void Build(string file, Settings settings)
    {
        using var connection = Open(file, settings with { ReadOnly = false });
        Run(connection, $"PRAGMA page_size = {settings.PageSize}");
        Run(connection, "CREATE VIRTUAL TABLE docs USING fts5(body)");
        using (var transaction = connection.BeginTransaction())
        {
            using var insert = connection.CreateCommand();
            insert.CommandText = "INSERT INTO docs(body) VALUES ($body)";
            var body = insert.Parameters.Add("$body", SqliteType.Text);
            foreach (var text in Corpus.All().Take((int)(Corpus.Documents * settings.Share)))
            {
                body.Value = text;
                insert.ExecuteNonQuery();
            }

            transaction.Commit();
        }

        if (settings.Optimize)
        {
            Run(connection, "INSERT INTO docs(docs) VALUES ('optimize')");
        }
    }

    public static SqliteConnection Open(string file, Settings settings)
    {
        var connection = new SqliteConnection($"Data Source={file};Mode={(settings.ReadOnly ? "ReadOnly" : "ReadWriteCreate")};Pooling={settings.Pooling}");
        connection.Open();
        Run(connection, $"PRAGMA cache_size = -{settings.CacheKib}; PRAGMA mmap_size = {(long)settings.MmapMib << 20}");
        return connection;
    }

    /// <summary>The best ten: number and score, a line each.</summary>
    public static string Search(SqliteCommand command, string query)
    {
        command.Parameters[0].Value = string.Join(" OR ", query.Split(' '));
        using var reader = command.ExecuteReader();
        var lines = new System.Text.StringBuilder();
        while (reader.Read())
        {
            lines.Append(System.Globalization.CultureInfo.InvariantCulture, $"{reader.GetInt64(0)} {reader.GetDouble(1):F6}\n");
        }

        return lines.ToString();
    }

    public static SqliteCommand Command(SqliteConnection connection, string sql)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.Add("$query", SqliteType.Text);
        return command;
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
