using System.Diagnostics;
using System.Text;
using Godwit.Sandbox;

namespace Godwit.Bench;

/// <summary>
/// A fleet against the same model calls and the same commands without Godwit around them, at the same number beside each other,
/// in the same run: what is left is the overhead.
/// </summary>
internal static class AgentBench
{
    public static async Task RunAsync(bool real)
    {
        var agents = real ? 300 : 1000;
        using var model = await ScriptedModel.StartAsync();
        using var scratch = new Scratch();
        using var world = FleetWorld.Make(scratch.Next(), real);
        var input = await world.CloneAsync(agents);
        var steps = agents * (2 * ScriptedModel.ToolCalls + 1);
        await BareAsync(world, real ? 20 : 100, real);
        var bare = await BareAsync(world, agents, real);
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        var start = Stopwatch.GetTimestamp();
        await using var run = await world.CreateAsync(input);
        var result = (await run.RunAsync()).Result<string>();
        var seconds = Scratch.Seconds(start);
        using var self = Process.GetCurrentProcess();
        var used = (self.TotalProcessorTime - cpu).TotalMilliseconds / steps;
        Console.WriteLine(
            $"{agents} agents, {ScriptedModel.ToolCalls} tool calls each ({(real ? "sandboxed" : "no-op")}): {seconds:0.0} s, " +
            $"{steps / seconds:N0} steps/s; bare {bare:0.0} s");
        Console.WriteLine(
            $"overhead {1000 * (seconds - bare) / steps:0.00} ms a step (target 5); the runtime's own processor time " +
            $"{used:0.00} ms a step; most memory {self.PeakWorkingSet64 >> 20} MiB (target 1,536)");
        Console.WriteLine($"all submitted: {result.Split('\n').All(line => line.StartsWith("Submitted 15 ", StringComparison.Ordinal))}");
    }

    private static async Task<double> BareAsync(FleetWorld world, int agents, bool real)
    {
        using var http = new HttpClient();
        using var commands = new SemaphoreSlim(Environment.ProcessorCount);
        var tree = Directory.CreateTempSubdirectory("godwit-bench-");
        Godwit.Workspaces.FileSystem.Own(tree.FullName, world.Sandbox.OwnerOfFiles);
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, agents).Select(async number =>
        {
            for (var turn = 1; turn <= ScriptedModel.ToolCalls + 1; turn++)
            {
                using var content = new StringContent($$"""{"model":"m","messages":[{"role":"user","content":"{{new string('x', 200 * turn)}}"}]}""", Encoding.UTF8, "application/json");
                using var answer = await http.PostAsync($"{ScriptedModel.Address}/v1/chat/completions", content);
                await answer.Content.ReadAsStringAsync();
                if (real && turn <= ScriptedModel.ToolCalls)
                {
                    await commands.WaitAsync();
                    try
                    {
                        await world.Sandbox.RunAsync(
                            new SandboxCommand { Shell = "echo 1 > /dev/null", Tree = tree.FullName }, CancellationToken.None);
                    }
                    finally
                    {
                        commands.Release();
                    }
                }
            }
        }));
        var seconds = Scratch.Seconds(start);
        tree.Delete(recursive: true);
        return seconds;
    }
}
