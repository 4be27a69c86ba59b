using System.Diagnostics;
using System.Security.Cryptography;
using Godwit.Durable;
using Godwit.Identity;
using Godwit.Durable.Journal;

namespace Godwit.Bench;

/// <summary>A fleet whose runtime is killed twenty times: what was paid twice, what was done twice, how soon it goes on.</summary>
internal static class KillBench
{
    private const int Agents = 300;
    private const int Kills = 20;

    /// <summary>Takes the run in a folder up, or starts it; says when its first new entry is durable.</summary>
    public static async Task RunOnceAsync(string path)
    {
        var started = Stopwatch.GetTimestamp();
        var folder = new RunFolder(path);
        using var world = FleetWorld.Make(folder, real: true);
        await using var run = File.Exists(folder.Journal)
            ? DurableRun.Open(folder, RunSigner.Of(folder), world.Playbooks)
            : await world.CreateAsync(await world.CloneAsync(Agents));
        var before = run.Journal.Reader.After(0, EntryKind.StepCompleted).Count;
        var running = run.RunAsync();
        while (!running.IsCompleted && run.Journal.Reader.After(0, EntryKind.StepCompleted).Count == before)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }

        Console.WriteLine($"first new step after {Scratch.Seconds(started):0.00} s");
        Console.WriteLine(
            "result " + Convert.ToHexStringLower(
                SHA256.HashData(System.Text.Encoding.UTF8.GetBytes((await running).Result<string>())))[..16]);
    }

    public static async Task<int> RunAsync()
    {
        using var scratch = new Scratch();
        var (unharmed, _, _) = await RunAsync(scratch.Next(), 0);
        var (result, slowest, folder) = await RunAsync(scratch.Next(), Kills);
        using var reader = JournalReader.Open(folder);
        var asks = reader.After(0, EntryKind.StepCompleted).Where(entry => entry.Key.EndsWith("/ask", StringComparison.Ordinal)).ToList();
        var booked = reader.After(0, EntryKind.StepBooked).Count;
        Console.WriteLine(
            $"{Agents} agents, killed {Kills} times: {asks.Count} calls finished, " +
            $"{asks.Select(entry => (entry.Process, entry.Key)).Distinct().Count()} different; {booked} in flight at a kill, " +
            $"booked at their worst case");
        Console.WriteLine(
            $"slowest first new step {slowest:0.00} s after a start (target 2); same result as without kills: {result == unharmed}");
        return result == unharmed ? 0 : 1;
    }

    private static async Task<(string Result, double Slowest, RunFolder Folder)> RunAsync(RunFolder folder, int kills)
    {
        using var model = await ScriptedModel.StartAsync();
        var slowest = 0.0;
        for (var start = 0; ; start++)
        {
            using var process = Process.Start(
                new ProcessStartInfo(Environment.ProcessPath!, ["agents-run", folder.Path]) { RedirectStandardOutput = true })!;
            var first = await process.StandardOutput.ReadLineAsync();
            Console.Error.WriteLine($"start {start + 1}: {first}");
            if (start > 0 && first is not null)
            {
                slowest = Math.Max(slowest, double.Parse(first.Split(' ')[^2]));
            }

            var ending = process.StandardOutput.ReadLineAsync();
            if (start < kills
                && await Task.WhenAny(
                    ending,
                    Task.Delay(TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(300, 2500)), TimeProvider.System)) != ending)
            {
                process.Kill();
                await process.WaitForExitAsync();
                continue;
            }

            var result = await ending ?? throw new InvalidOperationException("the run ended without a result");
            await process.WaitForExitAsync();
            Console.Error.WriteLine($"{start + 1} starts: {result}");
            if (start < kills)
            {
                Console.Error.WriteLine($"it ended after {start} kills");
            }

            var counts = await ScriptedModel.CountsAsync();
            Console.WriteLine(
                $"{kills} kills: {counts.Values.Sum()} answers, {counts.Values.Sum() - counts.Count} of them to a call that " +
                $"had been asked before");
            return (result, slowest, folder);
        }
    }
}
