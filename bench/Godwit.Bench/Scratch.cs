using System.Diagnostics;
using Godwit.Durable;
using Godwit.Identity;
using Godwit.Durable.Journal;

namespace Godwit.Bench;

/// <summary>A folder for measured runs, on the disk that runs really live on.</summary>
internal sealed class Scratch : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateDirectory(
        Path.Combine(AppContext.BaseDirectory, "scratch", Guid.NewGuid().ToString("N")));
    private int _count;

    public RunFolder Next() => new(Path.Combine(_root.FullName, $"run{_count++}"));

    public string File(string name) => Path.Combine(_root.FullName, name);

    public void Dispose() => _root.Delete(recursive: true);

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    public static double Seconds(long start) => Stopwatch.GetElapsedTime(start).TotalSeconds;
}

/// <summary>A process of so many steps, one after another, each with a payload of so many bytes.</summary>
internal sealed record Steps() : Playbook<StepsInput, int>("bench/steps")
{
    public override async Task<int> RunAsync(IDurableContext context, StepsInput input)
    {
        var sum = 0;
        for (var index = 0; index < input.Count; index++)
        {
            sum += (
                await context.StepAsync(
                    $"step/{index}", Effect.Repeatable, index,
                    (value, _, _) => Task.FromResult(new StepResult(value, input.Payload)))).Value;
        }

        if (input.ThenWait)
        {
            await context.SignalAsync<string>("wait", "go");
        }

        return sum;
    }
}

internal sealed record StepsInput(int Count, string Payload = "", bool ThenWait = false);

internal sealed record StepResult(int Value, string Payload);

/// <summary>Many of them at once.</summary>
internal sealed record Fleet() : Playbook<FleetInput, int>("bench/fleet")
{
    public override async Task<int> RunAsync(IDurableContext context, FleetInput input)
    {
        var children = Enumerable.Range(0, input.Processes)
            .Select(index => context.ChildAsync($"child/{index}", new Steps(), input.Each))
            .ToList();
        return (await Task.WhenAll(children)).Sum(outcome => outcome.Require());
    }
}

internal sealed record FleetInput(int Processes, StepsInput Each);

internal static class Runs
{
    public static PlaybookCatalogue Playbooks { get; } = new(new Steps(), new Fleet());

    public static Task<DurableRun> CreateAsync<TIn, TOut>(
        RunFolder folder, Playbook<TIn, TOut> root, TIn input, DurableOptions? options = null) =>
        DurableRun.CreateAsync(folder, RunSigner.Of(folder), Playbooks, root, input, 1, options);
}
