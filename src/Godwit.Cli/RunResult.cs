using Godwit.Playbooks.Optimise;
using Godwit.Runs;

namespace Godwit.Cli;

/// <summary>What <c>run --json</c> and <c>show --json</c> print: a stable shape for scripts.</summary>
internal sealed record RunResult(
    string Run, RunStatus State, string? Reason, RunClaim? Claim, RunHoldOut? Holdout, IReadOnlyDictionary<string, int> Trials,
    IReadOnlyList<RunThrownOut> ThrownOut, string? Branch, string? Commit, string? Evidence, string? Report)
{
    public static RunResult Of(OptimiseView view)
    {
        var result = view.Result;
        var proof = result?.Proof;
        var last = proof ?? view.Attempts.LastOrDefault(attempt => attempt.Claim is not null);
        var harness = view.Input.Goal.Harness;
        return new RunResult(
            view.Run,
            view.Status,
            result?.Reason ?? view.Failure ?? (view.Parked.Count > 0 ? view.Parked[0].Reason : null),
            proof?.Claim is { } claim
                ? new RunClaim(
                    harness.Metric, harness.Maximise ? "maximise" : "minimise", claim.Estimate, claim.Lower,
                    view.Input.Goal.Confidence, claim.Pairs)
                : null,
            last?.HoldOut is { } held ? new RunHoldOut(held.Proven, held.Estimate, held.Lower) : null,
            Enum.GetValues<Verification.TrialOutcome>().ToDictionary(
                Snake, outcome => view.Trials.Count(trial => trial.Trial.Outcome == outcome)),
            [
                .. view.ThrownOut.Select(
                    trial => new RunThrownOut(
                        trial.Parameters.ToDictionary(
                            pair => pair.Key, pair => CandidateMaker.IsContent(pair.Value) ? "edited" : pair.Value),
                        Snake(trial.Outcome), trial.Reason, trial.Temptation > 0 ? trial.Temptation : null)),
            ],
            result?.Branch,
            result?.Commit,
            result?.Evidence is { } evidence ? Path.Combine(view.Folder.Evidence, evidence) : null,
            File.Exists(ReportPath(view)) ? ReportPath(view) : null);
    }

    public static string ReportPath(OptimiseView view) => Path.Combine(view.Folder.Path, "report.html");

    public static string Snake<T>(T value)
        where T : struct, Enum => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}

internal sealed record RunClaim(string Metric, string Direction, double Estimate, double Lower, double Confidence, int Pairs);

internal sealed record RunHoldOut(bool Passed, double Estimate, double Lower);

internal sealed record RunThrownOut(IReadOnlyDictionary<string, string> Parameters, string Outcome, string? Reason, double? Temptation);
