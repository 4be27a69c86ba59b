using Godwit.Identity;
using Godwit.Journal;
using Godwit.Playbooks;
using Godwit.Playbooks.Optimise;
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

    /// <summary>The log ratios of the attempt's pairs; above 0 is better.</summary>
    public IReadOnlyList<double> Ratios(IReadOnlyList<EvidencePair> pairs) =>
        [.. pairs.Select(pair => ClaimRule.LogRatio(pair.Base.Average(), pair.Candidate.Average(), Goal.Harness.Maximise))];

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

        var logs = new Dictionary<int, string>();
        foreach (var trial in view.Trials.Select(trial => trial.Trial).Where(trial => trial.Log is not null))
        {
            var log = System.Text.Encoding.UTF8.GetString(reader.Blob(trial.Log!)).TrimEnd();
            logs[trial.Number] = log.Length > LongestLog ? "[...]" + log[^LongestLog..] : log;
        }

        return new ReportData(view, diff, keyId, logs);
    }
}
