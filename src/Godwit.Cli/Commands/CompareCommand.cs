using System.CommandLine;
using Godwit.Goals;
using Godwit.Playbooks.Compare;
using Godwit.Playbooks.Optimise;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit compare</c>: the proof alone, for CI.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var @base = new Argument<string>("base") { Description = "The commit to compare with." };
        var head = new Argument<string>("head") { Description = "The commit that is compared." };
        var goal = new Option<string>("--goal")
        {
            Description = "A folder with a godwit.yaml, or a goal file.",
            DefaultValueFactory = _ => ".",
        };
        var time = new Option<string?>("--time") { Description = "Active time from the end of the base's build, such as 5m." };
        var expect = new Option<string?>("--expect")
        {
            Description = "Exit 3 unless this is shown: better, or not-worse by the goal's minimum effect.",
        };
        expect.AcceptOnlyFromAmong("better", "not-worse");
        var sandbox = new Option<string>("--sandbox") { Description = "bubblewrap, or none.", DefaultValueFactory = _ => "bubblewrap" };
        sandbox.AcceptOnlyFromAmong("bubblewrap", "none");
        var json = CommandGuard.JsonOption();
        var command = new Command(
            "compare",
            "Say whether one commit's number is really better or worse than another's, with a claim and evidence.")
        {
            @base, head, goal, time, expect, sandbox, json,
        };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            if (await LoadAsync(parsed.GetValue(goal)!, parsed.GetValue(@base)!, cancellation) is not var (loaded, source))
            {
                return ExitCode.Usage;
            }

            // Points to try belong to a search; a comparison has none.
            loaded = loaded with { Parameters = null, Seconds = TimeOption.Seconds("--time", parsed.GetValue(time)) ?? loaded.Seconds };
            var kind = SandboxRunner.KindOf(parsed.GetValue(sandbox)!);
            await using var doors = new SandboxDoors();
            var (result, evidence, leftOut) = await CompareHost.RunAsync(
                RunStore.OfUser(), source, loaded, parsed.GetValue(@base)!, parsed.GetValue(head)!, kind, cancellation, doors);
            if (leftOut.Count > 0)
            {
                var more = leftOut.Count > 3 ? $" and {leftOut.Count - 3} more" : "";
                Console.Error.WriteLine(
                    "note: left as the base has it, because the goal's 'editable' doesn't allow it: " +
                    $"{string.Join(", ", leftOut.Take(3))}{more}");
            }

            if (parsed.GetValue(json))
            {
                CommandGuard.PrintJson(
                    new
                    {
                        result.Verdict,
                        result.Reason,
                        Estimate = result.Better?.Estimate,
                        Lower = result.Better?.Lower,
                        Pairs = result.Better?.Pairs,
                        HeldOut = result.HoldOut?.Lower,
                        loaded.Confidence,
                        LeftOut = leftOut,
                        Evidence = evidence,
                    });
            }
            else
            {
                Console.WriteLine($"{result.Verdict}: {result.Reason}");
                if (evidence is not null)
                {
                    Console.WriteLine($"evidence: {evidence}");
                }
            }

            return (result.Verdict, parsed.GetValue(expect)) switch
            {
                ("failed", _) => ExitCode.Failed,
                (_, null) => ExitCode.Ok,
                ("better", _) => ExitCode.Ok,
                ("not_worse", "not-worse") => ExitCode.Ok,
                _ => ExitCode.NotAsExpected,
            };
        });
        return command;
    }

    /// <summary>The goal as the base has it: how to measure is the base's to say.</summary>
    private static async Task<(OptimiseGoal Goal, SourceRepository Source)?> LoadAsync(
        string target, string commit, CancellationToken cancellation)
    {
        var path = GoalFile.Find(target);
        var source = await SourceRepository.FindAsync(Path.GetDirectoryName(path)!, cancellation);
        var content = source.IsGit
            ? await source.TextAsync(commit, Path.Combine(source.Folder, Path.GetFileName(path)), cancellation)
            : await File.ReadAllTextAsync(path, cancellation);
        if (content is null)
        {
            throw new UsageException(
                $"{commit} has no {Path.GetFileName(path)}, and how to measure is the base's to say; commit the goal file " +
                $"before what is compared with it");
        }

        var text = GoalFile.TextOf(content, source, path);
        var goal = GoalReader.Read(text, root => OptimiseGoalReader.Read(root, text.Folder, compares: true), out var problems);
        if (goal is null)
        {
            GoalFile.Tell(problems, path);
            return null;
        }

        return (goal, source);
    }
}
