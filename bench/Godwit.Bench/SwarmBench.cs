using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Godwit.Durable.Journal;

namespace Godwit.Bench;

/// <summary>
/// A fleet of 300 workers as a user starts it: a plan, 14 sandboxed commands each, a gate for each, every one merged; whole, and killed
/// twenty times.
/// </summary>
internal static class SwarmBench
{
    private const int Kills = 20;

    public static async Task<int> RunAsync(string godwit, int workers)
    {
        using var scratch = new Scratch();
        var whole = await RunAsync(godwit, scratch.File("whole"), workers, 0);
        var killed = await RunAsync(godwit, scratch.File("killed"), workers, Kills);
        Console.WriteLine($"same final tree: {whole == killed}");
        return whole == killed ? 0 : 1;
    }

    private static async Task<string> RunAsync(string godwit, string folder, int workers, int kills)
    {
        using var model = await ScriptedModel.StartAsync();
        var (repository, home) = (Make(folder, workers), Path.Combine(folder, "home"));
        Directory.CreateDirectory(home);
        await File.WriteAllTextAsync(Path.Combine(home, "models.yaml"), $$"""
            providers: { x: { url: "{{ScriptedModel.Address}}/v1" } }
            models: { m: { provider: x, id: m, input: 1, output: 1, max_output: 100000 } }
            roles: { worker: [m], planner: [m] }
            """);
        var (start, peak, slowest, output) = (Stopwatch.GetTimestamp(), 0L, 0.0, "");
        for (var number = 0; ; number++)
        {
            var run = Directory.Exists(Path.Combine(home, "runs")) ? Directory.GetDirectories(Path.Combine(home, "runs")).FirstOrDefault() : null;
            var begun = Stopwatch.GetTimestamp();
            var before = StepsOf(run, 0);
            using var process = Start(godwit, repository, home, run is null ? ["run", ".", "--json"] : ["resume", Path.GetFileName(run), "--json"]);
            var ending = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            var (isFirst, kill) = (true, TimeSpan.MaxValue);
            while (!process.HasExited)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
                run ??= Directory.Exists(Path.Combine(home, "runs")) ? Directory.GetDirectories(Path.Combine(home, "runs")).FirstOrDefault() : null;
                peak = Math.Max(peak, PeakOf(process.Id));
                if (isFirst && StepsOf(run, before) > before)
                {
                    isFirst = false;
                    slowest = number > 0 ? Math.Max(slowest, Scratch.Seconds(begun)) : slowest;
                    kill = Stopwatch.GetElapsedTime(begun) + TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(500, 3000));
                }

                if (number < kills && Stopwatch.GetElapsedTime(begun) > kill)
                {
                    process.Kill();
                    break;
                }
            }

            await process.WaitForExitAsync();
            output = await ending;
            if (output.Length > 0)
            {
                var told = await error;
                if (process.ExitCode != 0 || !told.Contains("verified", StringComparison.Ordinal))
                {
                    throw new InvalidOperationException(told);
                }

                break;
            }
        }

        var counts = await ScriptedModel.CountsAsync();
        Tell(output, Directory.GetDirectories(Path.Combine(home, "runs")).Single(), workers, kills, Scratch.Seconds(start), peak, slowest, counts);
        return TreeOf(repository, JsonDocument.Parse(output).RootElement.GetProperty("branch").GetString()!);
    }

    private static void Tell(
        string output, string run, int workers, int kills, double seconds, long peak, double slowest, Dictionary<string, int> counts)
    {
        using var reader = JournalReader.Open(new RunFolder(run));
        var finished = reader.After(0, EntryKind.StepCompleted).Where(entry => entry.Topic == "reply").Select(entry => (entry.Process, entry.Key)).ToList();
        var merged = reader.After(0, EntryKind.Noted).Count(entry => entry.Key.Contains("note/merged/", StringComparison.Ordinal));
        var steps = reader.After(0, EntryKind.StepCompleted).Count;
        var size = Directory.EnumerateFiles(run, "journal*").Sum(file => new FileInfo(file).Length);
        Console.WriteLine(
            $"{workers} workers, {kills} kills: {JsonDocument.Parse(output).RootElement.GetProperty("state").GetString()} in {seconds:0.0} s; {steps} steps, " +
            $"{1000 * seconds / steps:0.0} ms each; most memory {peak >> 10} MiB; journal {size / steps} bytes a step");
        Console.WriteLine(
            $"  {finished.Count} calls finished, {finished.Distinct().Count()} different; {counts.Values.Sum() - counts.Count} were asked again, having " +
            $"been in flight at a kill; {merged} merges; slowest first new step {slowest:0.00} s after a start (target 2)");
    }

    private static string Make(string folder, int workers)
    {
        var repository = Directory.CreateDirectory(Path.Combine(folder, "repository")).FullName;
        File.WriteAllText(Path.Combine(repository, "godwit.yaml"), $$"""
            goal: A swarm of {{workers}} agents
            playbook: build
            checks: [{name: quick, run: test -f file0.txt}]
            acceptance:
              - {id: A1, says: The first is there, run: test -f witness-1.txt}
              - {id: A2, says: All are there, run: "test $(ls witness-*.txt | wc -l) = {{workers}}", hidden: true}
            plan: auto
            review: no
            agents: [{role: planner}, {role: worker, parallel: 16}]
            budget: {tasks: {{workers}}, dollars: 1000}
            """);
        for (var number = 0; number < 40; number++)
        {
            File.WriteAllText(Path.Combine(repository, $"file{number}.txt"), string.Concat(Enumerable.Repeat($"line of file {number}\n", 50)));
        }

        Git(repository, "init", "-q", "-b", "main");
        Git(repository, "add", "-A");
        Git(repository, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "base");
        return repository;
    }

    private static Process Start(string program, string folder, string home, params string[] arguments)
    {
        var info = new ProcessStartInfo(Path.GetFullPath(program), arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        info.Environment["GODWIT_HOME"] = home;
        return Process.Start(info)!;
    }

    /// <summary>The last step that a run has finished after one that is known; that one where there is none, or nothing can be read yet.</summary>
    private static long StepsOf(string? run, long after)
    {
        try
        {
            if (run is not null && File.Exists(new RunFolder(run).Journal))
            {
                using var reader = JournalReader.Open(new RunFolder(run));
                return reader.After(after, EntryKind.StepCompleted) is [.., var last] ? last.Sequence : after;
            }
        }
        catch (JournalException)
        {
            // It is being made.
        }

        return after;
    }

    /// <summary>The most memory that a process has had at one time, in KiB.</summary>
    private static long PeakOf(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith("VmHWM", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static string TreeOf(string repository, string branch) => Git(repository, "rev-parse", $"{branch}^{{tree}}");

    private static string Git(string folder, params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        return output.Trim();
    }
}
