using Godwit.Playbooks.Measuring;
using System.Globalization;
using System.Text;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>A run that makes a number better, in words.</summary>
internal static class OptimiseText
{
    private const int TrialsShown = 10;

    /// <summary>The run as it stands.</summary>
    public static IEnumerable<RunLine> Summary(OptimiseView view)
    {
        if (view.Base is { } @base)
        {
            yield return new RunLine("base", $"{Scale.Number(@base.Value)} {view.Goal.Harness.Unit}".TrimEnd());
        }

        if (view.Calibration is { Failure: null } calibration)
        {
            yield return new RunLine("noise", Noise(calibration));
        }

        var best = view.Trials.OrderByDescending(trial => trial.Trial.Outcome == TrialOutcome.Ok ? trial.Mean : double.NegativeInfinity);
        foreach (var trial in best.Take(TrialsShown))
        {
            var what = trial.Trial.Outcome == TrialOutcome.Ok
                ? view.Scale.Text(view.Scale.Value(trial.Mean))
                : Snake.Of(trial.Trial.Outcome);
            var reason = trial.Trial.Reason is null ? "" : $"  {trial.Trial.Reason}";
            yield return new RunLine("trial", $"{trial.Trial.Number,3}  {what,-9} {Point(trial.Trial)}{reason}");
        }

        if (view.Trials.Count() > TrialsShown)
        {
            yield return new RunLine("", $"{view.Trials.Count() - TrialsShown} more; the report shows all");
        }

        if (view.Ended is not { } result)
        {
            yield break;
        }

        yield return new RunLine("result", result.Reason);
        if (result.Branch is not null)
        {
            yield return new RunLine("branch", $"{result.Branch} ({result.Commit})");
        }
    }

    /// <summary>How it ended, with what to do next.</summary>
    public static IEnumerable<RunLine> Verdict(OptimiseView view)
    {
        var result = view.Ended!;
        yield return result.State switch
        {
            "verified" => new RunLine("verified", result.Reason, Tone.Good),
            "not_verified" => new RunLine("not verified", result.Reason, Tone.Bad),
            "failed" => new RunLine("failed", result.Reason, Tone.Bad),
            _ => new RunLine("nothing", result.Reason, Tone.Strong),
        };
        var folder = Path.Combine(view.Input.Source, view.Goal.Harness.Folder);
        if (result.State == "no_improvement"
            && view.Goal.Parameters is { } parameters
            && OptimiseCheck.Unread(parameters, folder) is { Count: > 0 } unread)
        {
            yield return new RunLine(
                "note",
                $"no other file of the goal's folder names {string.Join(", ", unread)}: unless something reads all of " +
                $"{parameters.File}, dead parameters");
        }

        foreach (var next in Next(view, result))
        {
            yield return next;
        }
    }

    /// <summary>A trial with all that is known of it.</summary>
    public static string Trial(OptimiseView view, OptimiseNote.TrialEnded ended, string? log)
    {
        var trial = ended.Trial;
        var text = new StringBuilder();
        Line($"trial {trial.Number} of {view.Run}, proposed by {trial.ProposedBy}: {Snake.Of(trial.Outcome)}");
        foreach (var (name, value) in trial.Parameters.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Where(pair => !CandidateMaker.IsContent(pair.Value)))
        {
            Line($"  {name}: {value}");
        }

        if (trial.Claim is { } claim)
        {
            Line($"  {claim.Agent} ({string.Join(", ", claim.Models)}) says: {claim.Summary}");
            foreach (var check in claim.Checks)
            {
                Line($"  it says that '{check.Command}' {(check.Passed ? "passed" : "failed")}");
            }

            Line($"  verification saw: {(trial.Outcome == TrialOutcome.Ok ? "the check passes" : trial.Reason)}");
        }

        if (trial.Scores.Count > 0)
        {
            var scores = string.Join(' ', trial.Scores.Select(score => view.Scale.Text(view.Scale.Value(score))));
            Line($"  measured {scores}; {view.Scale.Text(view.Scale.Value(ended.Mean))} shrunk; screened, not proven");
        }

        if (trial.Reason is not null)
        {
            Line($"  {trial.Reason}");
        }

        if (trial.Claim is { Patch.Length: > 0 } change)
        {
            Line($"\n{change.Patch.TrimEnd()}");
        }

        if (log is not null)
        {
            Line($"\n{log.TrimEnd()}");
        }

        return text.ToString().TrimEnd();

        void Line(string line) => text.Append(line).Append('\n');
    }

    /// <summary>How noisy a pair is, and what can be proven in spite of it.</summary>
    public static string Noise(Calibration calibration) => calibration switch
    {
        { Exact: true } => "none: five measurements of the base agree, so candidates are compared exactly",
        { SmallestEffect: > 0, Ties: > 0.25 } =>
            $"{Provable(calibration)}; {calibration.Ties:P0} of the pairs tie: increase the work of a measurement",
        { SmallestEffect: > 0 } => Provable(calibration),
        _ => $"{calibration.Sigma:P1} a pair",
    };

    /// <summary>A candidate in one line: parameters with their values, files that an agent has changed by name.</summary>
    public static string Point(TrialRecord trial)
    {
        var files = trial.Parameters.Where(pair => CandidateMaker.IsContent(pair.Value))
            .Select(pair => pair.Key)
            .Order(StringComparer.Ordinal)
            .ToList();
        var parameters = trial.Parameters.Where(pair => !CandidateMaker.IsContent(pair.Value))
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"{pair.Key}={pair.Value}");
        return string.Join(
            ' ',
            parameters.Concat(files.Count > 2 ? [files[0], $"and {files.Count - 1} more files"] : files)
                .DefaultIfEmpty(trial.Claim?.Agent ?? "as the base"));
    }

    private static IEnumerable<RunLine> Next(OptimiseView view, OptimiseResult result)
    {
        if (result.Branch is not null)
        {
            var intoGit = view.Deliverable!.IntoGit;
            if (intoGit)
            {
                yield return new RunLine("branch", $"{result.Branch} ({result.Commit![..12]})");
            }

            yield return new RunLine(intoGit ? "merge" : "apply", $"godwit apply {view.Run}");
            yield return new RunLine("verify", $"godwit verify {OptimiseSummary.EvidencePath(view, result.Evidence!)}");
        }

        if (result.State == "no_improvement")
        {
            yield return new RunLine("more", More(view));
        }

        if (result.State == "not_verified")
        {
            yield return new RunLine("apply", $"godwit apply {view.Run} --unverified");
        }
    }

    /// <summary>How to go on with a run that found nothing within its budget.</summary>
    private static string More(OptimiseView view)
    {
        var goal = view.Goal;
        var time = goal.Seconds > 0 ? string.Create(CultureInfo.InvariantCulture, $" --time {2 * goal.Seconds:0}s") : "";
        var money = goal.Dollars is { } dollars ? string.Create(CultureInfo.InvariantCulture, $" --dollars {2 * dollars}") : "";
        var more = $"godwit resume {view.Run} --trials {2 * goal.Trials}{time}{money} goes on with a larger budget";
        var unproven = view.Proofs.LastOrDefault(
            attempt => attempt.Planned == 0 && !view.Proofs.Any(other => other.Trial == attempt.Trial && other.Planned > 0));
        return unproven is null ? more : $"godwit confirm {view.Run} --trial {unproven.Trial} tries to prove that trial alone; {more}";
    }

    private static string Provable(Calibration calibration) =>
        $"{calibration.Sigma:P1} a pair; this budget can prove >= {Math.Max(calibration.SmallestEffect, 0.001):P1}";
}
