using Godwit.Playbooks.Measuring;
using System.Globalization;
using System.Text;
using Godwit.Playbooks.Reports;
using Godwit.Runs;
using Godwit.Search;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise.Report;

/// <summary>The report as one file that needs nothing else.</summary>
internal static class HtmlReport
{
    private const int RefusalsShown = 3;

    public static string Write(ReportData data)
    {
        var page = new StringBuilder();
        var (view, goal, result) = (data.View, data.Goal, data.Result);
        page.Append(ReportPage.Start(view, result?.State, $"base {view.Input.BaseCommit[..12]}"));
        page.Append(CultureInfo.InvariantCulture, $"<p class='verdict {Html.Text(result?.State)}'>{Verdict(data)}</p>");
        if (data.Attempt is { Claim: { } claim } attempt)
        {
            AppendClaim(page, data, attempt, claim);
        }

        // Side by side: what was refused and what is handed over belong on the first screen.
        page.Append("<div class=grid><section>");
        AppendThrownOut(page, data);
        page.Append("</section><section>");
        AppendChange(page, data);
        page.Append("</section></div>");
        AppendCommands(page, data);
        AppendScreening(page, data);
        AppendTrials(page, data);
        AppendReproduction(page, data);
        return page.ToString();
    }

    public static string Verdict(ReportData data) => data.Result switch
    {
        { State: "verified", Proof: { Claim: { } claim, HoldOut: var held } } =>
            $"Proven: at least {data.Scale.AtLeast(claim.Lower)} on {Html.Text(data.Goal.Harness.Metric)} " +
            $"({data.Scale.Text(claim.Estimate)} estimated){HeldOut(data, held)}.",
        { State: "not_verified" } reported => $"Not verified: {Html.Text(reported.Reason)}.",
        { State: "failed" } failed => $"The run could not be carried out: {Html.Text(failed.Reason)}.",
        { } other => $"No proven improvement: {Html.Text(other.Reason)}.",
        null => "The run hasn't ended.",
    };

    private static string HeldOut(ReportData data, ClaimTest? held) =>
        held is null ? "" : $", and at least {data.Scale.AtLeast(held.Lower)} on a held-out workload";

    private static void AppendClaim(StringBuilder page, ReportData data, ProofResult attempt, ClaimTest claim)
    {
        var harness = data.Goal.Harness;
        var (before, after) = (attempt.Pairs.Average(pair => pair.Base.Average()), attempt.Pairs.Average(pair => pair.Candidate.Average()));
        var bound = data.Scale switch
        {
            { ByDifference: true } => harness.Maximise ? before + claim.Lower : before - claim.Lower,
            _ => harness.Maximise ? before * Math.Max(claim.Lower, 0) : before / Math.Max(claim.Lower, 1e-9),
        };
        page.Append(Plots.BeforeAfter(before, after, bound, harness.Unit ?? harness.Metric, data.Result?.Evidence is not null));
        AppendPlots(page, data, plot => plot.Id is "confirmation" or "hold-out");
    }

    /// <summary>Drawings, two beside each other where they are small.</summary>
    private static void AppendPlots(StringBuilder page, ReportData data, Func<RunPlot, bool> isWanted)
    {
        page.Append("<div class=grid>");
        foreach (var plot in data.Plots.Where(isWanted))
        {
            page.Append(plot.IsSmall ? $"<div>{PlotSvg.Figure(plot)}</div>" : $"<div style='grid-column:1/-1'>{PlotSvg.Figure(plot)}</div>");
        }

        page.Append("</div>");
    }

    private static void AppendThrownOut(StringBuilder page, ReportData data)
    {
        var groups = data.View.ThrownOut.GroupBy(trial => trial.Reason)
            .OrderByDescending(group => group.Max(trial => trial.Temptation))
            .ToList();
        if (groups.Count == 0)
        {
            return;
        }

        page.Append("<h2>Thrown out</h2><ul>");
        foreach (var group in groups.Take(RefusalsShown))
        {
            var worst = group.MaxBy(trial => trial.Temptation)!;
            var tempting = worst.Temptation > 0 ? $"<b>{data.Scale.Text(worst.Temptation)}</b>, but " : "";
            page.Append(
                CultureInfo.InvariantCulture,
                $"<li>{group.Count()} × {tempting}<span class=bad>{Html.Text(group.Key)}</span><br>" +
                $"<code>{Html.Text(OptimiseText.Point(worst))}</code></li>");
        }

        page.Append("</ul>");
        if (groups.Count > RefusalsShown)
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"<p class=sub>and {groups.Skip(RefusalsShown).Sum(group => group.Count())} more for " +
                $"{groups.Count - RefusalsShown} other reasons: see all trials</p>");
        }
    }

    private static void AppendChange(StringBuilder page, ReportData data)
    {
        if (data.Diff is null || data.Result is not { Commit: not null } result)
        {
            return;
        }

        page.Append("<h2>The change</h2><pre class=diff>");
        foreach (var line in data.Diff.Split('\n').Where(line => !line.StartsWith("index ", StringComparison.Ordinal)))
        {
            var kind = line.StartsWith('+') ? "add" : line.StartsWith('-') ? "del" : "";
            page.Append(CultureInfo.InvariantCulture, $"<span class='{kind}'>{Html.Text(line)}</span>\n");
        }

        page.Append("</pre>");
        if (result.Proof is { Dropped.Count: > 0 } proof)
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"<p class=sub>{Html.Text(string.Join(", ", proof.Dropped))} made no difference and went back to the base's value.</p>");
        }
    }

    private static void AppendCommands(StringBuilder page, ReportData data)
    {
        if (data.Result is { State: "not_verified" })
        {
            page.Append(CultureInfo.InvariantCulture, $"<pre>godwit apply {Html.Text(data.View.Run)} --unverified</pre>");
            return;
        }

        if (data.Diff is null || data.Result is not { Branch: not null } result)
        {
            return;
        }

        var merge = data.View.Deliverable!.IntoGit ? $"git merge {Html.Text(result.Branch)}      # or: " : "";
        page.Append(
            CultureInfo.InvariantCulture,
            $"<pre>{merge}godwit apply {Html.Text(data.View.Run)}\n" +
            $"godwit verify {Html.Text(result.Evidence)} --key {Html.Text(data.KeyId)}</pre>");
    }

    private static void AppendScreening(StringBuilder page, ReportData data)
    {
        if (data.View.Calibration is not { Failure: null } calibration)
        {
            return;
        }

        page.Append(
            CultureInfo.InvariantCulture,
            $"<h2>Screening</h2><p class=sub>Scores here are shrunk and not proven; they only choose what is proven. Noise: " +
            $"{Html.Text(OptimiseText.Noise(calibration))}.</p>");
        AppendPlots(page, data, plot => plot.Id is not ("confirmation" or "hold-out"));
    }

    private static void AppendTrials(StringBuilder page, ReportData data)
    {
        if (data.Logs.TryGetValue("base", out var ofBase))
        {
            var open = data.Result is { State: "failed" } ? " open" : "";
            page.Append(
                CultureInfo.InvariantCulture,
                $"<h2>The base</h2><details{open}><summary>what its commands printed</summary><pre>{Html.Text(ofBase)}</pre></details>");
        }

        page.Append("<h2>Every trial</h2><table><tr><th>#<th>by<th>parameters<th>outcome<th>screened</tr>");
        foreach (var (trial, mean, _) in data.View.Trials.Select(ended => (ended.Trial, ended.Mean, ended.BaseValue)))
        {
            var outcome = trial.Outcome == TrialOutcome.Ok
                ? "ok"
                : $"<span class=bad>{Snake.Of(trial.Outcome)}</span> {Html.Text(trial.Reason)}";
            var log = data.Logs.TryGetValue($"trial-{trial.Number}", out var text)
                ? $"<details><summary>what its commands printed</summary><pre>{Html.Text(text)}</pre></details>"
                : "";
            var claim = trial.Claim is { } word
                ? $"<details><summary>{Html.Text(word.Agent)} claims</summary><p>{Html.Text(word.Summary)}</p>" +
                    $"<pre>{Html.Text(word.Patch)}</pre></details>"
                : "";
            var screened = trial.Scores.Count == 0 ? "" : data.Scale.Text(data.Scale.Value(mean));
            page.Append(
                CultureInfo.InvariantCulture,
                $"<tr><td class=n>{trial.Number}<td>{Html.Text(trial.ProposedBy)}<td><code>{Html.Text(OptimiseText.Point(trial))}</code>{claim}" +
                $"<td>{outcome}{log}<td class=n>{screened}</tr>");
        }

        page.Append("</table>");
    }

    private static void AppendReproduction(StringBuilder page, ReportData data)
    {
        var (view, goal) = (data.View, data.Goal);
        page.Append(
            CultureInfo.InvariantCulture,
            $"<h2>How to reproduce</h2><pre>git checkout {Html.Text(view.Input.BaseCommit)}\ngodwit run " +
            $"{Html.Text(goal.Harness.Folder.Length == 0 ? "." : goal.Harness.Folder)} --seed {goal.Seed}</pre>");
        page.Append("<table>");
        foreach (var (name, value) in Evidence.DescribeMachine()
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Append(KeyValuePair.Create("sandbox", view.Input.Sandbox))
            .Append(KeyValuePair.Create("goal sha256", goal.Hash)))
        {
            page.Append(CultureInfo.InvariantCulture, $"<tr><th>{Html.Text(name)}<td>{Html.Text(value)}</tr>");
        }

        page.Append("</table>");
    }
}
