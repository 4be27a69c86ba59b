using Godwit.Runs;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>What <c>run --json</c> and <c>show --json</c> print: a stable shape for scripts.</summary>
internal sealed record OptimiseSummary(
    string Run, RunStatus State, string? Reason, RunClaim? Claim, RunHoldOut? Holdout, IReadOnlyDictionary<string, int> Trials,
    IReadOnlyList<RunThrownOut> ThrownOut, string? Branch, string? Commit, string? Evidence, string? Report)
{
    public static OptimiseSummary Of(OptimiseView view, RunStatus status, string? report)
    {
        var result = view.Ended;
        var proof = result?.Proof;
        var last = proof ?? view.Proofs.LastOrDefault(attempt => attempt.Claim is not null);
        return new OptimiseSummary(
            view.Run,
            status,
            view.Reason,
            proof?.Claim is { } claim ? ClaimOf(view.Goal, claim) : null,
            last?.HoldOut is { } held ? new RunHoldOut(held.Proven, held.Estimate, held.Lower) : null,
            Enum.GetValues<TrialOutcome>().ToDictionary(Snake.Of, outcome => view.Trials.Count(trial => trial.Trial.Outcome == outcome)),
            [.. view.ThrownOut.Select(OutOf)],
            result?.Branch,
            result?.Commit,
            result?.Evidence is { } evidence ? EvidencePath(view, evidence) : null,
            report);
    }

    /// <summary>One trial.</summary>
    public static object Of(OptimiseNote.TrialEnded ended, string? log) => new
    {
        ended.Trial.Number,
        ended.Trial.Parameters,
        ended.Trial.Proposer,
        ended.Trial.Claim,
        ended.Trial.Outcome,
        ended.Trial.Reason,
        ended.Trial.Scores,
        Mean = Math.Exp(ended.Mean),
        Log = log,
    };

    public static string EvidencePath(OptimiseView view, string file) => Path.Combine(view.Folder.Evidence, file);

    private static RunClaim ClaimOf(OptimiseGoal goal, ClaimTest claim) => new(
        goal.Harness.Metric, goal.Harness.Maximise ? "maximise" : "minimise", claim.Estimate, claim.Lower, goal.Confidence, claim.Pairs);

    private static RunThrownOut OutOf(TrialRecord trial)
    {
        var parameters = trial.Parameters.ToDictionary(
            pair => pair.Key, pair => CandidateMaker.IsContent(pair.Value) ? "edited" : pair.Value);
        return new RunThrownOut(parameters, Snake.Of(trial.Outcome), trial.Reason, trial.Temptation > 0 ? trial.Temptation : null);
    }
}

internal sealed record RunClaim(string Metric, string Direction, double Estimate, double Lower, double Confidence, int Pairs);

internal sealed record RunHoldOut(bool Passed, double Estimate, double Lower);

internal sealed record RunThrownOut(IReadOnlyDictionary<string, string> Parameters, string Outcome, string? Reason, double? Temptation);
