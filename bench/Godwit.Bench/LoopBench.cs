using System.Diagnostics;
using Godwit.Models;

namespace Godwit.Bench;

/// <summary>Steps a second of agents' loops with a model that answers at once and a tool that does nothing.</summary>
internal static class LoopBench
{
    private const int Rounds = 3;
    private const int Turns = 250;
    private const int Together = 50;

    public static async Task RunAsync()
    {
        List<double> one = [], many = [];
        await MeasureAsync(1, 20);
        for (var round = 0; round < Rounds; round++)
        {
            one.Add(await MeasureAsync(1, 10));
            many.Add(await MeasureAsync(Together, 1));
            Console.Error.WriteLine($"round {round + 1} of {Rounds}: one {one[^1]:N0}, {Together} {many[^1]:N0}");
        }

        Console.WriteLine($"one agent's loop      {Scratch.Median(one),8:N0} steps/s");
        Console.WriteLine($"{Together} agents' loops      {Scratch.Median(many),8:N0} steps/s");
    }

    /// <summary>Steps of a model's call and of a tool, both journaled.</summary>
    private static async Task<double> MeasureAsync(int agents, int times)
    {
        using var scratch = new Scratch();
        var (steps, seconds) = (0, 0.0);
        for (var time = 0; time < times; time++)
        {
            using var world = FleetWorld.Make(scratch.Next(), real: false, new AtOnce());
            var input = await world.CloneAsync(agents);
            await using var run = await world.CreateAsync(input);
            var start = Stopwatch.GetTimestamp();
            (await run.RunAsync()).Result<string>();
            seconds += Scratch.Seconds(start);
            steps += agents * (2 * Turns + 1);
        }

        return steps / seconds;
    }

    private sealed class AtOnce : IModelDriver
    {
        public Task<ModelReply> AskAsync(ModelEntry model, ModelRequest request, CancellationToken cancellation) => Task.FromResult(new ModelReply(
            model.Name,
            [request.Turn > Turns ? new MessagePart.ToolCall("c", "submit", """{"summary":"done"}""") : new MessagePart.ToolCall("c", "run", $$"""{"command":"{{request.Turn}}"}""")],
            StopReason.ToolUse, new ModelUsage(50, 0, 40)));
    }
}
