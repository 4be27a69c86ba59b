using System.Diagnostics;

namespace Godwit.Bench;

/// <summary>What a step costs on disk beside its payload, as a run grows.</summary>
internal static class SizeBench
{
    public static async Task RunAsync()
    {
        const int Payload = 200;
        using var scratch = new Scratch();
        Console.WriteLine("steps,bytes,bytes_a_step_beside_payload");
        foreach (var count in (int[])[1_000, 5_000, 10_000, 25_000, 50_000, 100_000])
        {
            var folder = scratch.Next();
            await using (var run = await Runs.CreateAsync(folder, new Steps(), new StepsInput(count, new string('x', Payload))))
            {
                (await run.RunAsync()).Result<int>();
            }

            var bytes = Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
            var payload = Payload + "{\"payload\":\"\",\"value\":}".Length + 5;
            Console.WriteLine($"{count},{bytes},{(bytes - (double)count * payload) / count:F0}");
        }
    }
}
