using System.Diagnostics;
using Godwit.Durable.Journal;

namespace Godwit.Bench;

/// <summary>Durable steps a second, against what bare SQLite commits of the same bytes reach in the same run.</summary>
internal static class StepBench
{
    private const int Rounds = 5;
    private const int Sequential = 20_000;
    private const int Processes = 1000;
    private const int Each = 200;

    public static async Task RunAsync()
    {
        List<double> bare = [], one = [], batched = [], fleet = [];
        for (var round = 0; round < Rounds; round++)
        {
            using var scratch = new Scratch();
            bare.Add(Bare(scratch.File("bare.db"), Sequential, 1));
            one.Add(await OneAsync(scratch));
            batched.Add(Bare(scratch.File("batched.db"), Processes * Each, Processes));
            fleet.Add(await FleetAsync(scratch));
            Console.Error.WriteLine(
                $"round {round + 1} of {Rounds}: bare {bare[^1]:N0}, one process {one[^1]:N0}, batched {batched[^1]:N0}, fleet " +
                $"{fleet[^1]:N0}");
        }

        Console.WriteLine($"bare single-row commits          {Scratch.Median(bare),10:N0} /s");
        Console.WriteLine(
            $"one process, step after step     {Scratch.Median(one),10:N0} /s   ratio " +
            $"{Scratch.Median(one.Zip(bare, (a, b) => a / b)):0.00} (target 0.60)");
        Console.WriteLine($"bare, {Processes:N0} rows a commit         {Scratch.Median(batched),10:N0} /s");
        Console.WriteLine(
            $"{Processes:N0} processes at once          {Scratch.Median(fleet),10:N0} /s   ratio " +
            $"{Scratch.Median(fleet.Zip(batched, (a, b) => a / b)):0.00} (target 50,000 /s or 0.60)");
    }

    /// <summary>The rows of a journal without anything around them.</summary>
    private static double Bare(string path, int rows, int batch)
    {
        using var database = Database.OpenOrCreate(path);
        database.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
        database.Execute(
            "CREATE TABLE entries(seq INTEGER PRIMARY KEY, generation INTEGER, at INTEGER, process INTEGER, kind INTEGER, key " +
            "TEXT, input BLOB, info TEXT, data TEXT, hash BLOB); CREATE INDEX i ON entries(process)");
        using var insert = database.Prepare("INSERT INTO entries VALUES (?,?,?,?,?,?,?,?,?,?)");
        using var begin = database.Prepare("BEGIN IMMEDIATE");
        using var commit = database.Prepare("COMMIT");
        var hash = new byte[32];
        var data = System.Text.Encoding.UTF8.GetBytes("{\"value\":12345,\"payload\":\"\"}");
        var start = Stopwatch.GetTimestamp();
        for (var row = 0; row < rows; row += batch)
        {
            begin.Run();
            for (var index = 0; index < batch && row + index < rows; index++)
            {
                insert.Bind(1, row + index + 1).Bind(2, 1)
                    .Bind(3, 1_700_000_000_000)
                    .Bind(4, index + 1)
                    .Bind(5, 21)
                    .Bind(6, "step/12345")
                    .Bind(7, hash)
                    .BindNull(8)
                    .BindText(9, data)
                    .Bind(10, hash)
                    .Run();
            }

            commit.Run();
        }

        return rows / Scratch.Seconds(start);
    }

    private static async Task<double> OneAsync(Scratch scratch)
    {
        await using var run = await Runs.CreateAsync(scratch.Next(), new Steps(), new StepsInput(Sequential));
        var start = Stopwatch.GetTimestamp();
        (await run.RunAsync()).Result<int>();
        return Sequential / Scratch.Seconds(start);
    }

    private static async Task<double> FleetAsync(Scratch scratch)
    {
        await using var run = await Runs.CreateAsync(scratch.Next(), new Fleet(), new FleetInput(Processes, new StepsInput(Each)));
        var start = Stopwatch.GetTimestamp();
        (await run.RunAsync()).Result<int>();
        return Processes * Each / Scratch.Seconds(start);
    }
}
