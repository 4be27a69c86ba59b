using Godwit.Durable.Journal;
using Godwit.Identity;
using Godwit.Playbooks;
using Godwit.Playbooks.Optimise;
using Godwit.Runs;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Cli.Reports;

/// <summary>All that a report tells, read once.</summary>
internal sealed record ReportData(OptimiseView View, string? Diff, string? KeyId, IReadOnlyDictionary<int, string> Logs)
{
    private const int LongestLog = 4000;

    public Goal Goal => View.Input.Goal;

    public OptimiseResult? Result => View.Result;

    /// <summary>The attempt that the report is about: the proven one, or the last that was confirmed or refused.</summary>
    public AttemptResult? Attempt => Result?.Proof ?? View.Attempts.LastOrDefault(attempt => attempt.Claim is not null);

    public Scale Scale => View.Scale;

    /// <summary>The gains of the attempt's pairs; above 0 is better.</summary>
    public IReadOnlyList<double> Gains(IReadOnlyList<EvidencePair> pairs) =>
        [.. pairs.Select(pair => Scale.Gain(pair.Base.Average(), pair.Candidate.Average()))];

    public static async Task<ReportData> ReadAsync(OptimiseView view, JournalReader reader, CancellationToken cancellation)
    {
        string? diff = null;
        if (view.Result?.Commit is { } commit)
        {
            diff = await new RunRepository(view.Folder.Repository).DiffAsync(view.Input.BaseCommit, commit, cancellation);
        }

        string? keyId = null;
        if (view.Result?.Evidence is not null)
        {
            using SigningKey key = RunStore.OfUser().VerifierKey();
            keyId = key.Public.KeyId;
        }

        return new ReportData(view, diff, keyId, Commands(reader));
    }

    /// <summary>
    /// What the commands of the base (0) and of each trial printed: what prepared it, and one measurement, or the one that failed.
    /// </summary>
    private static Dictionary<int, string> Commands(JournalReader reader)
    {
        var logs = new Dictionary<int, string>();
        foreach (var trial in CommandLog.Read(reader).Where(one => one.Trial >= 0).GroupBy(one => one.Trial))
        {
            var shown = trial.Where(one => one.Command.Phase != "measure" || one.Command.ExitCode != 0)
                .Append(trial.LastOrDefault(one => one.Command.Phase == "measure"));
            logs[trial.Key] = string.Join(
                "\n\n",
                shown.OfType<LoggedCommand>().Distinct()
                    .Select(
                        one => $"$ {one.Command.Command}    ({one.Command.Phase}, exit code " +
                        $"{one.Command.ExitCode})\n{Output(reader, one)}".TrimEnd()));
        }

        return logs;
    }

    private static string Output(JournalReader reader, LoggedCommand one)
    {
        var log = one.Command.Log is { } reference ? System.Text.Encoding.UTF8.GetString(reader.Blob(reference)).TrimEnd() : "";
        return log.Length > LongestLog
            ? $"{log[..(LongestLog / 2)]}\n[... 'godwit log' has all of it ...]\n{log[^(LongestLog / 2)..]}"
            : log;
    }
}
