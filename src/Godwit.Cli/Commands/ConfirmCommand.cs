using System.CommandLine;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Playbooks.Compare;
using Godwit.Playbooks.Optimise;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit confirm</c>: proves one trial of a run whose own time was over before it came to it.</summary>
internal static class ConfirmCommand
{
    public static Command Create()
    {
        var run = RunArgument.Create();
        var trial = new Option<int>("--trial") { Description = "The trial.", Required = true };
        var time = new Option<string?>("--time")
        {
            Description = "Active time from the end of the base's build, such as 5m; without it as long as it takes.",
        };
        var json = CommandGuard.JsonOption();
        var command = new Command("confirm", "Prove one trial of a run on fresh data, in a comparison of its own.")
        {
            run, trial, time, json,
        };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var store = RunStore.OfUser();
            using var reader = JournalReader.OpenVerified(store.Find(parsed.GetValue(run)!));
            var view = OptimiseView.Open(reader);
            var number = parsed.GetValue(trial);
            var found = view.Trials.FirstOrDefault(one => one.Trial.Number == number)
                ?? throw new UsageException($"run {view.Run} has no trial {number}; it has {view.Trials.Count()}");
            if (found.Trial.Outcome != Verification.TrialOutcome.Ok)
            {
                throw new UsageException($"trial {number} was thrown out, and can't be proven: {found.Trial.Reason}");
            }

            var goal = view.Input.Goal with
            {
                Parameters = null,
                Agents = [],
                Seconds = TimeOption.Seconds("--time", parsed.GetValue(time)) ?? 0,
            };
            var kind = SandboxRunner.KindOf(view.Input.Sandbox);
            var (commit, looks) = await CandidateCommit.MakeAsync(view.Folder, view.Input, found.Trial, cancellation);

            // The run's own attempts and every earlier look have had their parts of the level; this one has the next.
            var rule = new Verification.ClaimRule(goal.MinimumEffect, 1 - goal.Confidence);
            goal = goal with { Confidence = 1 - rule.Level(view.Proofs.Count + looks), Seed = goal.Seed + (ulong)looks };
            await using var doors = new SandboxDoors();
            var (result, evidence, _) = await CompareHost.RunAsync(
                store, new SourceRepository(view.Folder.Repository, "", true), goal, view.Input.BaseCommit, commit, kind,
                cancellation, doors, view.Trials.Count());
            if (parsed.GetValue(json))
            {
                CommandGuard.PrintJson(
                    new
                    {
                        view.Run,
                        Trial = number,
                        result.Verdict,
                        result.Reason,
                        Estimate = result.Better?.Estimate,
                        Lower = result.Better?.Lower,
                        Commit = commit,
                        Evidence = evidence,
                    });
            }
            else
            {
                Console.WriteLine($"{result.Verdict}: {result.Reason}");
                Console.WriteLine(
                    evidence is null
                        ? $"commit {commit} in {view.Folder.Repository}"
                        : $"evidence: {evidence}\ntake it:  git fetch {view.Folder.Repository} {commit} && git merge FETCH_HEAD");
            }

            return result.Verdict switch { "failed" => ExitCode.Failed, "better" => ExitCode.Ok, _ => ExitCode.NotAsExpected };
        });
        return command;
    }
}
