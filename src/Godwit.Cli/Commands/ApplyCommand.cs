using System.CommandLine;
using System.Diagnostics;
using Godwit.Journal;
using Godwit.Playbooks;
using Godwit.Playbooks.Optimise;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit apply</c>: merges a run's branch into the branch that is checked out, or changes the files of a plain folder.</summary>
internal static class ApplyCommand
{
    public static Command Create()
    {
        var run = RunArgument.Create();
        var command = new Command("apply", "Merge a run's branch into the branch that is checked out in your repository.") { run };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            using var reader = JournalReader.OpenVerified(RunStore.OfUser().Find(parsed.GetValue(run)!));
            var view = OptimiseView.Open(reader);
            var result = view.Result;
            if (result?.Branch is null)
            {
                throw new UsageException($"run {view.Run} is {RunResult.Snake(view.Status)}: there is no branch to merge");
            }

            if (!view.IntoGit)
            {
                var changed = await PlainFolder.ApplyAsync(view.Folder, view.Input.BaseCommit, result.Commit!, view.Input.Source, cancellation);
                Console.WriteLine($"changed {string.Join(", ", changed)} in {view.Input.Source}");
                return ExitCode.Ok;
            }

            // The user's own merge, with the user's own config and hooks: this is their repository.
            var info = new ProcessStartInfo("git") { WorkingDirectory = view.Input.Source };
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
