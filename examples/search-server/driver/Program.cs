using System.Diagnostics;
using System.Globalization;
using SearchServer;

// Asks the server as fast as it answers, from several clients at once, and compares every answer with an index of its own:
// the same ten documents, with the same scores. What it prints is the measurement.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
var (count, clients) = (int.Parse(Option("--queries") ?? "800"), int.Parse(Option("--clients") ?? "8"));
var random = new Random((int)(ulong.Parse(Environment.GetEnvironmentVariable("GODWIT_SEED") ?? "1") % int.MaxValue));
var queries = Enumerable.Range(0, count).Select(_ => Corpus.Query(random)).ToList();

using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{Environment.GetEnvironmentVariable("GODWIT_PORT") ?? "8080"}") };
var answers = new string[count];
var milliseconds = new double[count];

// Warm-up: other words than those that are measured.
var other = new Random(7);
await AskAllAsync([.. Enumerable.Range(0, 60).Select(_ => Corpus.Query(other))], new string[60], new double[60]);
var start = Stopwatch.GetTimestamp();
await AskAllAsync(queries, answers, milliseconds);
var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;

var file = Path.Combine(Path.GetTempPath(), "reference.db");
File.Delete(file);
var settings = new Settings { Optimize = true, CacheKib = 64_000 };
SearchServer.Index.Build(file, settings);
using var connection = SearchServer.Index.Open(file, settings);
using var command = SearchServer.Index.Command(connection, SearchServer.Index.Sql);
for (var number = 0; number < count; number += 8)
{
    if (SearchServer.Index.Search(command, queries[number]) is var expected && expected != answers[number])
    {
        var place = expected.Split('\n').Zip(answers[number].Split('\n')).TakeWhile(pair => pair.First == pair.Second).Count();
        Console.Error.WriteLine($"'{queries[number]}' gives {Line(answers[number])} in place {place + 1}, and should give {Line(expected)}: the ranking has changed");
        string Line(string answer) => answer.Split('\n').ElementAtOrDefault(place) is { Length: > 0 } line ? line : "nothing";
        return 1;
    }
}

Console.WriteLine($"METRIC queries_s={count / seconds:0.0} queries/s");
Console.WriteLine($"METRIC p99_ms={milliseconds.Order().ElementAt((int)(count * 0.99)):0.000} ms");
return 0;

async Task AskAllAsync(IReadOnlyList<string> asked, string[] got, double[] took)
{
    var next = -1;
    await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
    {
        for (int number; (number = Interlocked.Increment(ref next)) < asked.Count;)
        {
            var begin = Stopwatch.GetTimestamp();
            got[number] = await http.GetStringAsync($"/search?q={Uri.EscapeDataString(asked[number])}");
            took[number] = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
        }
    }));
}
