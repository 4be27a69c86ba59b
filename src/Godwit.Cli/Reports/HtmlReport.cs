using System.Globalization;
using System.Text;
using Godwit.Playbooks.Optimise;
using Godwit.Runs;
using Godwit.Search;
using Godwit.Verification;

namespace Godwit.Cli.Reports;

/// <summary>The report as one file that needs nothing else.</summary>
internal static class HtmlReport
{
    private const int RefusalsShown = 3;

    private const string Style = """
        :root{color-scheme:light dark;--ink:#1b2430;--paper:#fff;--muted:#8a95a3;--line:#dfe4ea;--accent:#0f6d74;--good:#14743a;--bad:#b3261e;--soft:#f4f6f8}
        @media (prefers-color-scheme:dark){
        :root{--ink:#e6eaf0;--paper:#12171d;--muted:#7c8896;--line:#2a333d;--accent:#4fb8bf;--good:#63c58a;--bad:#f2877f;--soft:#1a2129}}
        *{box-sizing:border-box}
        body{margin:0 auto;max-width:1180px;padding:18px 24px 60px;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
        h1{font-size:24px;margin:0 0 4px}h2{font-size:17px;margin:34px 0 10px;border-top:1px solid var(--line);padding-top:20px}
        .sub{color:var(--muted);margin:0 0 8px}
        .verdict{font-size:18px;font-weight:600;margin:8px 0}.verified{color:var(--good)}.failed{color:var(--bad)}
        .grid{display:grid;grid-template-columns:1fr 1fr;gap:14px 28px}@media(max-width:760px){.grid{grid-template-columns:1fr}}
        svg{max-width:100%;height:auto;display:block}svg .t{font-size:12px;fill:var(--ink)}
        pre,code{font:13px/1.45 ui-monospace,monospace}
        pre{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:10px 12px;
        overflow:auto;margin:8px 0;white-space:pre-wrap;overflow-wrap:anywhere}
        @media screen{pre.diff{max-height:17em}}section h2{margin-top:12px}section{min-width:0}
        .add{color:var(--good)}.del{color:var(--bad)}ul{padding-left:20px;margin:6px 0}table{border-collapse:collapse;width:100%;font-size:13px}
        td,th{text-align:left;padding:4px 8px;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
        th{color:var(--muted);font-weight:600}td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
        details summary{cursor:pointer;color:var(--muted)}.bad{color:var(--bad)}
        @media print{
        :root{color-scheme:light;--ink:#000;--paper:#fff;--soft:#fff;--accent:#0f6d74;--line:#ccc}body{max-width:none;padding:0}details{display:none}h2{break-after:avoid}svg,pre,tr{break-inside:avoid}}
        """;

    public static string Write(ReportData data)
    {
        var page = new StringBuilder();
        var (view, goal, result) = (data.View, data.Goal, data.Result);
        page.Append("<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>");
        page.Append(
            CultureInfo.InvariantCulture, $"<title>{Html.Text(goal.Title)}: {Html.Text(result?.State)}</title><style>{Style}</style>");
        page.Append(
            CultureInfo.InvariantCulture,
            $"<h1>{Html.Text(goal.Title)}</h1><p class=sub>run {Html.Text(view.Run)} · " +
            $"{view.Started.UtcDateTime:yyyy-MM-dd HH:mm} UTC · base {Html.Text(view.Input.BaseCommit[..12])}</p>");
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

    private static void AppendClaim(StringBuilder page, ReportData data, AttemptResult attempt, ClaimTest claim)
    {
        var harness = data.Goal.Harness;
        var (before, after) = (attempt.Pairs.Average(pair => pair.Base.Average()), attempt.Pairs.Average(pair => pair.Candidate.Average()));
        var bound = data.Scale switch
        {
            { ByDifference: true } => harness.Maximise ? before + claim.Lower : before - claim.Lower,
            _ => harness.Maximise ? before * Math.Max(claim.Lower, 0) : before / Math.Max(claim.Lower, 1e-9),
        };
        page.Append(Plots.BeforeAfter(before, after, bound, harness.Unit ?? harness.Metric, data.Result?.Evidence is not null));
        page.Append("<div class=grid><div>");
        page.Append(
            CultureInfo.InvariantCulture,
            $"<p class=sub>{claim.Pairs} randomised pairs on fresh " +
            $"data</p>{Plots.Pairs(data.Scale, data.Gains(attempt.Pairs), claim.Estimate, claim.Lower, "confirmation pairs")}</div><div>");
        if (attempt.HoldOut is { } held)
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"<p class=sub>{held.Pairs} pairs on the held-out " +
                $"workload</p>{Plots.Pairs(data.Scale, data.Gains(attempt.HoldOutPairs), held.Estimate, held.Lower, "held-out pairs")}");
        }

        page.Append("</div></div>");
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
                $"<code>{Html.Text(LiveView.Point(worst))}</code></li>");
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

        var merge = data.View.IntoGit ? $"git merge {Html.Text(result.Branch)}      # or: " : "";
        page.Append(
            CultureInfo.InvariantCulture,
            $"<pre>{merge}godwit apply {Html.Text(data.View.Run)}\n" +
            $"godwit verify {Html.Text(result.Evidence)} --key {Html.Text(data.KeyId)}</pre>");
    }

    private static void AppendScreening(StringBuilder page, ReportData data)
    {
        var view = data.View;
        var trials = view.Trials.ToList();
        if (view.Calibration is not { Failure: null } calibration)
        {
            return;
        }

        page.Append(
            CultureInfo.InvariantCulture,
            $"<h2>Screening</h2><p class=sub>Scores here are shrunk and not proven; they only choose what is proven. Noise: " +
            $"{Html.Text(LiveView.Noise(calibration))}.</p>");
        page.Append(
            Plots.Progress(
                data.Scale,
                [
                    .. trials.Select(
                        trial => (trial.Trial.Number, trial.Mean, trial.Trial.Outcome == TrialOutcome.Ok && trial.Trial.Scores.Count > 0)),
                ],
                "progress"));
        page.Append("<div class=grid>");
        foreach (var parameter in data.Goal.Parameters?.Space ?? [])
        {
            var points = trials.Where(
                trial => trial.Trial.Outcome == TrialOutcome.Ok
                    && trial.Trial.Scores.Count > 0
                    && trial.Trial.Parameters.ContainsKey(parameter.Name))
                .Select(
                    trial => (
                        Value: trial.Trial.Parameters[parameter.Name],
                        Number: parameter.ToNumber(trial.Trial.Parameters[parameter.Name]), Gain: trial.Mean)).ToList();
            if (points.Count > 1)
            {
                page.Append(CultureInfo.InvariantCulture, $"<div>{Plots.Parameter(data.Scale, parameter.Name, points)}</div>");
            }
        }

        page.Append("</div>");
        if (!calibration.Exact)
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"<p class=sub>The base against " +
                $"itself</p>{Plots.Pairs(data.Scale, data.Gains(calibration.Pairs), data.Scale.Value(0), data.Scale.Value(0), "A/A pairs")}");
        }
    }

    private static void AppendTrials(StringBuilder page, ReportData data)
    {
        if (data.Logs.TryGetValue(0, out var ofBase))
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
                : $"<span class=bad>{RunResult.Snake(trial.Outcome)}</span> {Html.Text(trial.Reason)}";
            var log = data.Logs.TryGetValue(trial.Number, out var text)
                ? $"<details><summary>what its commands printed</summary><pre>{Html.Text(text)}</pre></details>"
                : "";
            var claim = trial.Claim is { } word
                ? $"<details><summary>{Html.Text(word.Agent)} claims</summary><p>{Html.Text(word.Summary)}</p>" +
                    $"<pre>{Html.Text(word.Patch)}</pre></details>"
                : "";
            var screened = trial.Scores.Count == 0 ? "" : data.Scale.Text(data.Scale.Value(mean));
            page.Append(
                CultureInfo.InvariantCulture,
                $"<tr><td class=n>{trial.Number}<td>{Html.Text(trial.ProposedBy)}<td><code>{Html.Text(LiveView.Point(trial))}</code>{claim}" +
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
