using System.CommandLine;
using Godwit.Durable.Journal;
using Godwit.Identity;
using Godwit.Playbooks;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit journal verify</c>: audits a run's folder.</summary>
internal static class JournalCommand
{
    public static Command Create()
    {
        var run = RunArgument.Create();
        var json = CommandGuard.JsonOption();
        var verify = new Command("verify", "Check every entry, checkpoint and blob of a run; names the first bad entry.") { run, json };
        verify.SetGuardedAction((parsed, _) =>
        {
            var folder = RunStore.OfUser().Find(parsed.GetValue(run)!);
            JournalReader.Open(folder).Dispose();
            using var signer = RunSigner.Of(folder);
            var audit = JournalVerifier.Verify(folder, signer);
            if (parsed.GetValue(json))
            {
                CommandGuard.PrintJson(audit);
            }
            else
            {
                Console.WriteLine(
                    $"{audit.Run}: {audit.Entries} entries and {audit.Blobs} blobs are what was written; the last signed " +
                    $"checkpoint is at entry {audit.CheckpointedAt}");
                Console.WriteLine("Entries cut off after that checkpoint could not be noticed from the folder alone.");
            }

            return Task.FromResult(ExitCode.Ok);
        });
        return new Command("journal", "Look after a run's journal.") { verify };
    }
}
