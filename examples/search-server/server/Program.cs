using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using SearchServer;

// Indexes the documents, then answers GET /search?q=words with the best ten of them and their scores.
var settings = Settings.Load("settings.json");
var file = Path.Combine(Path.GetTempPath(), "docs.db");
SearchServer.Index.Build(file, settings);

// The trap of a ranking that looks at some of the matches only: fast, and other documents come out.
var sql = settings.Candidates == 0 ? SearchServer.Index.Sql
    : $"SELECT rowid, score FROM (SELECT rowid, bm25(docs) AS score FROM docs WHERE docs MATCH $query LIMIT {settings.Candidates}) ORDER BY score, rowid LIMIT 10";
var answers = new ConcurrentDictionary<string, string>();
var gate = new SemaphoreSlim(settings.Threads);
var idle = new ConcurrentBag<SqliteCommand>();

var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
builder.WebHost.UseKestrelCore().UseUrls($"http://127.0.0.1:{Environment.GetEnvironmentVariable("GODWIT_PORT") ?? "8080"}");
var app = builder.Build();
app.Run(async context =>
{
    var query = context.Request.Query["q"].ToString();
    if (!answers.TryGetValue(query, out var answer))
    {
        await gate.WaitAsync();
        try
        {
            answer = settings.Connection == "kept" ? Kept(query) : Fresh(query);
        }
        finally
        {
            gate.Release();
        }

        if (answers.Count < settings.Answers)
        {
            answers[query] = answer;
        }
    }

    await context.Response.WriteAsync(answer);
});
app.Run();

string Fresh(string query)
{
    using var connection = SearchServer.Index.Open(file, settings);
    using var command = SearchServer.Index.Command(connection, sql);
    return SearchServer.Index.Search(command, query);
}

string Kept(string query)
{
    var command = idle.TryTake(out var known) ? known : SearchServer.Index.Command(SearchServer.Index.Open(file, settings), sql);
    var answer = SearchServer.Index.Search(command, query);
    idle.Add(command);
    return answer;
}
