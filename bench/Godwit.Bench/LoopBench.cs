using System.Diagnostics;
using Godwit.Models;

namespace Godwit.Bench;

/// <summary>Steps a second of agents' loops with a model that answers at once and a tool that does nothing.</summary>
internal static class LoopBench
{
    private const int Rounds = 3;
    private const int Turns = 250;
    private const int LongTurns = 2000;
    private const int Together = 50;

    public static async Task RunAsync()
    {
        // Deleted at the end: where many files have just gone, ext4 is slow to make new ones.
        using var scratch = new Scratch();
        List<double> one = [], night = [], many = [];
        await MeasureAsync(scratch, 1, Turns, 20);
        await MeasureAsync(scratch, Together, Turns, 2);
        for (var round = 0; round < Rounds; round++)
        {
            one.Add(await MeasureAsync(scratch, 1, Turns, 10));
            night.Add(await MeasureAsync(scratch, 1, LongTurns, 2));
            many.Add(await MeasureAsync(scratch, Together, Turns, 1));
            Console.Error.WriteLine($"round {round + 1} of {Rounds}: {one[^1]:N0}, {night[^1]:N0}, {many[^1]:N0}");
        }

        Console.WriteLine($"one loop of {Turns} turns       {Scratch.Median(one),8:N0} steps/s");
        Console.WriteLine($"one loop of {LongTurns} turns      {Scratch.Median(night),8:N0} steps/s");
        Console.WriteLine($"{Together} loops of {Turns} turns       {Scratch.Median(many),8:N0} steps/s");
    }

    /// <summary>Steps of a model's call and of a tool, both journaled.</summary>
    private static async Task<double> MeasureAsync(Scratch scratch, int agents, int turns, int times)
    {
        var (steps, seconds) = (0, 0.0);
        for (var time = 0; time < times; time++)
        {
            using var world = FleetWorld.Make(scratch.Next(), real: false, new AtOnce(turns));
            var input = await world.CloneAsync(agents);
            await using var run = await world.CreateAsync(input);
            var start = Stopwatch.GetTimestamp();
            (await run.RunAsync()).Result<string>();
            seconds += Scratch.Seconds(start);
            steps += agents * (2 * turns + 1);
        }

        return steps / seconds;
    }

    private sealed class AtOnce(int turns) : IModelDriver
    {
        public Task<ModelReply> AskAsync(ModelEntry model, ModelRequest request, CancellationToken cancellation) =>
            Task.FromResult(new ModelReply(
            model.Name,
            [request.Turn > turns ? new MessagePart.ToolCall("c", "submit", """{"summary":"done"}""") : new MessagePart.ToolCall("c", "run", $$"""{"command":"{{request.Turn}}"}""")],
            StopReason.ToolUse, new ModelUsage(50, 0, 40)));
    }
}
