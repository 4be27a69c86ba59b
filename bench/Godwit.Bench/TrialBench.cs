using System.Diagnostics;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Egress;
using Godwit.Identity;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Bench;

/// <summary>What Godwit adds to a trial beside the trial's own commands: placing its files, the sandbox, the journal.</summary>
internal static class TrialBench
{
    private const int Trials = 60;
    private const string Line = "sleep 0.05; echo METRIC m=1";

    public static async Task RunAsync()
    {
        using var scratch = new Scratch();
        var user = scratch.File("user");
        Directory.CreateDirectory(user);
        File.WriteAllText(Path.Combine(user, "settings.env"), "A=1\n");
        for (var file = 0; file < 200; file++)
        {
            File.WriteAllText(Path.Combine(user, $"file{file}.txt"), new string('x', 1000));
        }

        var folder = scratch.Next();
        Directory.CreateDirectory(folder.Path);
        var repository = new RunRepository(folder.Repository);
        var commit = await repository.CloneAsync(await SourceRepository.FindAsync(user, default), "HEAD", default);
        var spec = new HarnessSpec { Editable = ["settings.env"], Measure = Line, Metric = "m" };
        using var sandbox = new SandboxRunner(SandboxKind.Bubblewrap, scratch.File("assets"), TimeProvider.System);
        using var measurer = new SandboxMeasurer(new HarnessTrees(folder, repository, spec, sandbox, RunNetwork.None, commit), spec, sandbox, folder);
        var playbook = new Trial(measurer);
        await using var run = await DurableRun.CreateAsync(
            folder, RunSigner.Of(folder), new PlaybookCatalogue(playbook), playbook, Trials, 1);
        var times = (await run.RunAsync()).Result<List<double>>();
        var bare = new List<double>();
        for (var index = 0; index < Trials; index++)
        {
            var start = Stopwatch.GetTimestamp();
            using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Line]) { RedirectStandardOutput = true })!;
            await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            bare.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        var (trial, spawn) = (Scratch.Median(times.Skip(5)), Scratch.Median(bare.Skip(5)));
        Console.WriteLine(
            $"a trial {trial:0.0} ms, a bare spawn of its command {spawn:0.0} ms: {trial - spawn:0.0} ms more, ratio " +
            $"{trial / spawn:0.00} (target: 20 ms)");
    }

#pragma warning disable GODWIT001 // It times its own steps, and is never resumed.
    private sealed record Trial(SandboxMeasurer Measurer) : Playbook<int, List<double>>("bench/trial")
    {
        public override async Task<List<double>> RunAsync(IDurableContext context, int count)
        {
            var times = new List<double>();
            for (var index = 0; index < count; index++)
            {
                var start = Stopwatch.GetTimestamp();
                var candidate = new Candidate([new FileChange("settings.env", System.Text.Encoding.UTF8.GetBytes($"A={index}\n"))]);
                await context.StepAsync(
                    $"trial/{index}", Effect.Repeatable, new SingleRequest(candidate, false, 1, false), Measurer.MeasureAsync);
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }

            return times;
        }
    }
#pragma warning restore GODWIT001
}
