using System.CommandLine;
using Godwit.Playbooks;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit list</c>: the runs, newest first.</summary>
internal static class ListCommand
{
    public static Command Create(RunKinds kinds)
    {
        var json = CommandGuard.JsonOption();
        var archived = new Option<bool>("--archived") { Description = "List the archived runs instead." };
        var command = new Command("list", "List the runs, newest first.") { json, archived };
        command.SetGuardedAction((parsed, _) =>
        {
            var store = RunStore.OfUser();
            var catalog = new RunCatalog(kinds, store);
            var rows = parsed.GetValue(archived) ? catalog.RowsOf(store.Archived()) : catalog.Rows();
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
                    $"{RunTitle.Brief(row.Goal.Length > 0 ? row.Goal : row.Reason ?? "")}");
            }

            if (rows.Count == 0)
            {
                Console.Error.WriteLine(parsed.GetValue(archived) ? "no run is archived" : "no runs yet; 'godwit run examples/sqlite-settings' makes one");
            }

            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }
}
