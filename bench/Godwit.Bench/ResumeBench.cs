using System.Diagnostics;
using Godwit.Durable;
using Godwit.Identity;
using Godwit.Durable.Journal;

namespace Godwit.Bench;

/// <summary>A large run taken up again: 300 processes of 4,000 steps with 1 kB results, each to its first new step.</summary>
internal static class ResumeBench
{
    private const int Processes = 300;
    private const int Each = 4_000;

    public static async Task RunAsync()
    {
        using var scratch = new Scratch();
        var folder = scratch.Next();
        var input = new FleetInput(Processes, new StepsInput(Each, new string('x', 1000), ThenWait: true));
        await using (var run = await Runs.CreateAsync(folder, new Fleet(), input, new DurableOptions { UnloadAfter = TimeSpan.Zero }))
        {
            var filling = run.RunAsync();
            while (run.Journal.Reader.After(0, EntryKind.ProcessStarted).Count <= Processes || run.ActiveCells > 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
            }
        }

        Console.WriteLine(
            $"journal: {new FileInfo(folder.Journal).Length / (1 << 20):N0} MiB, {Processes:N0} processes of {Each:N0} steps");
        GC.Collect();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var start = Stopwatch.GetTimestamp();
        await using var resumed = DurableRun.Open(
            folder, RunSigner.Of(folder), Runs.Playbooks, new DurableOptions { UnloadAfter = TimeSpan.Zero });
        var verified = Scratch.Seconds(start);
        var ending = resumed.RunAsync();

        // Each waits for its signal when its 4,000 answers have been replayed: that is its first new thing to do.
        while (resumed.ActiveCells > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }

        Console.WriteLine(
            $"resumed: chain verified in {verified:0.0} s, every process at its first new step after " +
            $"{Scratch.Seconds(start):0.0} s (target 10 s)");
        var unloaded = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Processes;
        Console.WriteLine($"an unloaded process: {unloaded / 1000:0.0} kB (target 20 kB)");
    }
}
