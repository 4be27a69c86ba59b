using System.Text;
using Godwit.Durable.Journal;
using Godwit.Identity;
using Godwit.Playbooks.Reports;
using Godwit.Runs;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Optimise.Report;

/// <summary>All that a report tells, read once.</summary>
internal sealed record ReportData(
    OptimiseView View, string? Diff, string? KeyId, IReadOnlyDictionary<string, string> Logs, IReadOnlyList<RunPlot> Plots)
{
    private const int LongestLog = 4000;

    public OptimiseGoal Goal => View.Input.Goal;

    public OptimiseResult? Result => View.Ended;

    /// <summary>The attempt that the report is about: the proven one, or the last that was confirmed or refused.</summary>
    public ProofResult? Attempt => Result?.Proof ?? View.Proofs.LastOrDefault(attempt => attempt.Claim is not null);

    public Scale Scale => View.Scale;

    public static async Task<ReportData> ReadAsync(OptimiseView view, JournalReader reader, RunStore store, CancellationToken cancellation)
    {
        string? diff = null;
        if (view.Ended?.Commit is { } commit)
        {
            diff = await new RunRepository(view.Folder.Repository).DiffAsync(view.Input.BaseCommit, commit, cancellation);
        }

        string? keyId = null;
        if (view.Ended?.Evidence is not null)
        {
            using SigningKey key = store.VerifierKey();
            keyId = key.Public.KeyId;
        }

        var costs = RunView.CostPlot(view.Started, view.Details(reader));
        return new ReportData(view, diff, keyId, Commands(view, reader), [.. view.Plots, .. costs is null ? (RunPlot[])[] : [costs]]);
    }

    /// <summary>
    /// What the commands of the base and of each trial printed: what prepared it, and one measurement, or the one that failed.
    /// </summary>
    private static Dictionary<string, string> Commands(OptimiseView view, JournalReader reader)
    {
        var logs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in view.Details(reader).OfType<RunEvent.CommandRan>().GroupBy(ran => ran.Of))
        {
            var shown = part.Where(ran => ran.Command.Phase != "measure" || ran.Command.ExitCode != 0)
                .Append(part.LastOrDefault(ran => ran.Command.Phase == "measure"))
                .OfType<RunEvent.CommandRan>()
                .Distinct();
            logs[part.Key] = string.Join("\n\n", shown.Select(ran => Text(reader, ran)));
        }

        return logs;
    }

    private static string Text(JournalReader reader, RunEvent.CommandRan ran)
    {
        var output = ran.Command.Log is { } log ? Encoding.UTF8.GetString(reader.Blob(log)).TrimEnd() : "";
        if (output.Length > LongestLog)
        {
            output = $"{output[..(LongestLog / 2)]}\n[... 'godwit log' has all of it ...]\n{output[^(LongestLog / 2)..]}";
        }

        return $"$ {ran.Command.Command}    ({ran.Command.Phase}, exit code {ran.Command.ExitCode})\n{output}".TrimEnd();
    }
}
