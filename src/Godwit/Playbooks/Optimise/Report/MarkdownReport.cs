using System.Globalization;
using System.Text;
using Godwit.Runs;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise.Report;

/// <summary>The report as Markdown, fit for a pull request.</summary>
internal static class MarkdownReport
{
    public static string Write(ReportData data)
    {
        var text = new StringBuilder();
        var (view, goal, result) = (data.View, data.Goal, data.Result);
        text.Append(CultureInfo.InvariantCulture, $"## {goal.Title}\n\n{System.Net.WebUtility.HtmlDecode(HtmlReport.Verdict(data))}\n\n");
        if (data.Attempt is { Claim: { } claim } attempt)
        {
            var unit = goal.Harness.Unit is { } name ? $" {name}" : "";
            text.Append("| | before | after | factor | at least | pairs |\n|---|---|---|---|---|---|\n");
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {goal.Harness.Metric} | {Scale.Number(attempt.Pairs.Average(pair => pair.Base.Average()))}{unit} | " +
                $"{Scale.Number(attempt.Pairs.Average(pair => pair.Candidate.Average()))}{unit} | " +
                $"{data.Scale.Text(claim.Estimate)} | **{data.Scale.AtLeast(claim.Lower)}** | {claim.Pairs} |\n");
            if (attempt.HoldOut is { } held)
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"| held out | {Scale.Number(attempt.HoldOutPairs.Average(pair => pair.Base.Average()))}{unit} | " +
                    $"{Scale.Number(attempt.HoldOutPairs.Average(pair => pair.Candidate.Average()))}{unit} | " +
                    $"{data.Scale.Text(held.Estimate)} | {data.Scale.AtLeast(held.Lower)} | {held.Pairs} |\n");
            }

            text.Append('\n');
        }

        var refused = view.ThrownOut.GroupBy(trial => trial.Reason)
            .OrderByDescending(group => group.Max(trial => trial.Temptation))
            .Take(6)
            .ToList();
        if (refused.Count > 0)
        {
            text.Append("Thrown out:\n\n");
            foreach (var group in refused)
            {
                var worst = group.MaxBy(trial => trial.Temptation)!;
                var tempting = worst.Temptation > 0 ? $"{data.Scale.Text(worst.Temptation)}, but " : "";
                text.Append(
                    CultureInfo.InvariantCulture, $"- {group.Count()} × {tempting}{group.Key} (`{OptimiseText.Point(worst)}`)\n");
            }

            text.Append('\n');
        }

        if (data.Diff is not null && result?.Branch is not null)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"```diff\n{data.Diff.TrimEnd()}\n```\n\n" +
                $"{(data.View.Deliverable!.IntoGit ? $"Merge with `git merge {result.Branch}`" : $"Apply with `godwit apply {data.View.Run}`")}; " +
                $"check the signed evidence with\n\n    godwit verify {result.Evidence} --key {data.KeyId}\n\n");
        }

        return text.Append(
            CultureInfo.InvariantCulture,
            $"{view.Trials.Count()} candidates, base `{view.Input.BaseCommit[..12]}`, seed {goal.Seed}, sandbox: " +
            $"{view.Input.Sandbox}. Screening scores choose what is proven; only the factor above is.\n")
            .ToString();
    }
}
