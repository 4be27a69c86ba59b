using System.CommandLine;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit list</c>: the runs, newest first.</summary>
internal static class ListCommand
{
    public static Command Create(RunKinds kinds)
    {
        var json = CommandGuard.JsonOption();
        var command = new Command("list", "List the runs, newest first.") { json };
        command.SetGuardedAction((parsed, _) =>
        {
            var store = RunStore.OfUser();
            List<RunRow> rows = [.. store.All().Concat(store.Gateways()).Select(folder => Row(kinds, folder))];
            if (parsed.GetValue(json))
            {
                CommandGuard.PrintJson(rows);
                return Task.FromResult(ExitCode.Ok);
            }

            foreach (var row in rows)
            {
                Console.WriteLine(
                    $"{row.Run,-36} {Snake.Of(row.State),-15} " +
                    $"{(row.Started == default ? "-" : $"{row.Started.ToLocalTime():yyyy-MM-dd HH:mm}"),-16}  " +
                    $"{(row.Goal.Length > 0 ? row.Goal : row.Reason)}");
            }

            if (rows.Count == 0)
            {
                Console.Error.WriteLine("no runs yet; 'godwit run examples/sqlite-settings' makes one");
            }

            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static RunRow Row(RunKinds kinds, RunFolder folder)
    {
        try
        {
            using var reader = JournalReader.OpenVerified(folder);
            var view = kinds.View(reader);
            return new RunRow(view.Run, view.Status, view.Started, view.Title, view.Reason, folder.Path);
        }
        catch (Exception error) when (
            error is JournalException or IOException or UnauthorizedAccessException or NotSupportedException or InvalidOperationException)
        {
            return new RunRow(folder.Id, RunStatus.Failed, default, "", error.Message, folder.Path);
        }
    }

    private sealed record RunRow(string Run, RunStatus State, DateTimeOffset Started, string Goal, string? Reason, string Folder);
}
