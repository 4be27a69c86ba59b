using System.CommandLine;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Playbooks.Optimise;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit list</c>: the runs, newest first.</summary>
internal static class ListCommand
{
    public static Command Create()
    {
        var json = CommandGuard.JsonOption();
        var command = new Command("list", "List the runs, newest first.") { json };
        command.SetGuardedAction((parsed, _) =>
        {
            var store = RunStore.OfUser();
            List<RunRow> rows = [.. store.All().Select(Row), .. store.Gateways().Select(GatewayRow)];
            if (parsed.GetValue(json))
            {
                CommandGuard.PrintJson(rows);
                return Task.FromResult(ExitCode.Ok);
            }

            foreach (var row in rows)
            {
                Console.WriteLine(
                    $"{row.Run,-36} {RunResult.Snake(row.State),-15} " +
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

    private static RunRow Row(RunFolder folder)
    {
        try
        {
            using var reader = JournalReader.OpenVerified(folder);
            var view = OptimiseView.Open(reader);
            return new RunRow(view.Run, view.Status, view.Started, view.Input.Goal.Title, view.Result?.Reason, folder.Path);
        }
        catch (Exception error) when (
            error is JournalException or IOException or UnauthorizedAccessException or NotSupportedException or InvalidOperationException)
        {
            return new RunRow(folder.Id, RunStatus.Failed, default, "", error.Message, folder.Path);
        }
    }

    /// <summary>A gateway, with what it has spent so far.</summary>
    private static RunRow GatewayRow(RunFolder folder)
    {
        try
        {
            using var reader = JournalReader.OpenVerified(folder);
            var costs = AgentLog.Costs(reader);
            var started = reader.After(0, EntryKind.GenerationStarted).Select(entry => entry.At).FirstOrDefault();
            var spent = costs.Aggregate(Charge.None, (sum, cost) => sum + cost.Charge);
            return new RunRow(folder.Id, RunLock.IsHeld(folder) ? RunStatus.Running : RunStatus.Stopped, started,
                string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"gateway: {costs.Count} calls, {spent.Tokens:N0} tokens, ${spent.Dollars:0.####}"),
                null, folder.Path);
        }
        catch (Exception error) when (
            error is JournalException or IOException or UnauthorizedAccessException or NotSupportedException or InvalidOperationException)
        {
            return new RunRow(folder.Id, RunStatus.Failed, default, "", error.Message, folder.Path);
        }
    }

    private sealed record RunRow(string Run, RunStatus State, DateTimeOffset Started, string Goal, string? Reason, string Folder);
}
