using System.CommandLine;
using System.Diagnostics;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Playbooks.Optimise;
using Godwit.Runs;
using Godwit.Workspaces;

namespace Godwit.Cli.Commands;

/// <summary>
/// <c>godwit apply</c>: merges a run's branch into the branch that is checked out, or changes the files of a plain folder.
/// </summary>
internal static class ApplyCommand
{
    public static Command Create()
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
            var view = OptimiseView.Open(reader);
            var result = view.Result;
            if (result?.Commit is null)
            {
                throw new UsageException($"run {view.Run} is {RunResult.Snake(view.Status)}: there is no branch to merge");
            }

            if (result.Branch is null && !parsed.GetValue(unverified))
            {
                throw new UsageException(
                    $"run {view.Run} is not verified: {result.Reason}; 'godwit apply {view.Run} --unverified' takes it all the same");
            }

            if (!view.IntoGit)
            {
                var changed = await PlainFolder.ApplyAsync(
                    view.Folder, view.Input.BaseCommit, result.Commit!, view.Input.Source, cancellation);
                Console.WriteLine($"changed {string.Join(", ", changed)} in {view.Input.Source}");
                return ExitCode.Ok;
            }

            var branch = result.Branch ?? view.Input.Branch;
            if (result.Branch is null)
            {
                var source = await SourceRepository.FindAsync(view.Input.Source, cancellation);
                await source.TakeBranchAsync(view.Folder.Repository, result.Commit, branch, cancellation);
            }

            // The user's own merge, with the user's own config and hooks: this is their repository.
            var info = new ProcessStartInfo("git") { WorkingDirectory = view.Input.Source };
            foreach (var argument in (string[])["merge", "--no-edit", branch])
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
