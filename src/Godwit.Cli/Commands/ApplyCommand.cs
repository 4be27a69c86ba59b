using System.CommandLine;
using System.Diagnostics;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Runs;
using Godwit.Workspaces;

namespace Godwit.Cli.Commands;

/// <summary>
/// <c>godwit apply</c>: merges a run's branch into the branch that is checked out, or changes the files of a plain folder.
/// </summary>
internal static class ApplyCommand
{
    public static Command Create(RunKinds kinds)
    {
        var run = RunArgument.Create();
        var unverified = new Option<bool>("--unverified") { Description = "Take a gain that only the candidate's own process reports." };
        var command = new Command("apply", "Merge a run's branch into the branch that is checked out in your repository.")
        {
            run, unverified,
        };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            using var reader = JournalReader.OpenVerified(RunStore.OfUser().Find(parsed.GetValue(run)!));
            var view = kinds.View(reader);
            if (view.Deliverable is not { } result)
            {
                throw new UsageException($"run {view.Run} is {Snake.Of(view.Status)}: there is no branch to merge");
            }

            if (!result.IsPublished && !parsed.GetValue(unverified))
            {
                throw new UsageException(
                    $"run {view.Run} is not verified: {result.Reason}; 'godwit apply {view.Run} --unverified' takes it all the same");
            }

            if (!result.IntoGit)
            {
                var clone = new RunRepository(view.Folder.Repository);
                var changed = await PlainFolder.ApplyAsync(clone, result.BaseCommit, result.Commit, result.Source, cancellation);
                Console.WriteLine($"changed {string.Join(", ", changed)} in {result.Source}");
                return ExitCode.Ok;
            }

            if (!result.IsPublished)
            {
                var source = await SourceRepository.FindAsync(result.Source, cancellation);
                await source.TakeBranchAsync(view.Folder.Repository, result.Commit, result.Branch, cancellation);
            }

            // The user's own merge, with the user's own config and hooks: this is their repository.
            var info = new ProcessStartInfo("git") { WorkingDirectory = result.Source };
            foreach (var argument in (string[])["merge", "--no-edit", result.Branch])
            {
                info.ArgumentList.Add(argument);
            }

            using var git = Process.Start(info)!;
            git.WaitForExit();
            return git.ExitCode == 0 ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }
}
