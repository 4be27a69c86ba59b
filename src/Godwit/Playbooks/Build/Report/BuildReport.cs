using System.Globalization;
using System.Text;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks.Reports;
using Godwit.Playbooks.Review;

namespace Godwit.Playbooks.Build.Report;

/// <summary>The report of a build: what holds first, then how it came to be.</summary>
internal sealed class BuildReport
{
    private readonly BuildView _view;
    private readonly IReadOnlyList<RunEvent> _events;
    private readonly IReadOnlyList<CostLine> _costs;

    /// <summary>The report of a run as it stands.</summary>
    public BuildReport(BuildView view, JournalReader reader)
    {
        _view = view;
        _events = [.. view.Details(reader)];
        var activity = new AgentActivity();
        foreach (var happened in _events.OfType<RunEvent.OfAgent>())
        {
            activity.Fold(happened.Event);
        }

        _costs = activity.Costs;
    }

    /// <summary>One HTML file that needs nothing else.</summary>
    public string Html()
    {
        var state = _view.Ended?.State ?? Snake.Of(_view.Status);
        var page = new StringBuilder(ReportPage.Start(_view, state, $"base {_view.Input.BaseCommit[..12]}"));
        page.Append($"<p class='verdict {Text(state)}'>{Text(Verdict())}</p>");
        AppendAssertions(page);
        AppendPlan(page);
        AppendTimeline(page);
        AppendWork(page);
        AppendLedger(page);
        AppendCosts(page);
        return page.ToString();
    }

    /// <summary>The same, fit for a pull request.</summary>
    public string Markdown()
    {
        var text = new StringBuilder($"## {_view.Title}\n\n{Verdict()}\n\n");
        foreach (var assertion in _view.Input.Goal.Acceptance)
        {
            var (word, reason) = Standing(assertion);
            text.Append($"- **{assertion.Id}** {assertion.Says}: {word}{(reason is null ? "" : $": {reason}")}\n");
        }

        text.Append("\n| task | | agent | findings |\n|---|---|---|---|\n");
        foreach (var task in _view.Tasks)
        {
            var blocked = task.Result?.Findings.Count(record => record.Blocks) ?? 0;
            text.Append(
                $"| {task.Task.Id} | {BuildText.Subject(task.Task)} | {task.Result?.HandOff.Agent} | " +
                $"{(blocked == 0 ? "" : $"{blocked} blocked, mended")} |\n");
        }

        return text.Append($"\nRun {_view.Run}, {Money(_costs)}.{(_view.Ended?.Evidence is null ? "" : " Evidence: `godwit verify`.")}\n").ToString();
    }

    private string Verdict() => _view.Ended switch
    {
        { State: "verified" } ended => $"Verified: {ended.Reason}, on a clean checkout, by commands that no agent could change.",
        { State: "partial" } ended => $"Partial: {ended.Reason}",
        { } ended => ended.Reason,
        null => "The run hasn't ended.",
    };

    private (string Word, string? Reason) Standing(Assertion assertion)
    {
        var verdict = _view.Judged?.Assertions.FirstOrDefault(judged => judged.Id == assertion.Id);
        return verdict switch
        {
            { Holds: true } => ("verified", null),
            { Holds: false } => ("doesn't hold", verdict.Reason),
            null when _view.Holding.Contains(assertion.Id) || assertion.IsKept => ("held on the tip, not judged", null),
            null => ("doesn't hold yet", null),
        };
    }

    private void AppendAssertions(StringBuilder page)
    {
        page.Append("<h2>Assertions</h2><table><tr><th><th>asserts<th>command<th>owner<th>verdict</tr>");
        foreach (var assertion in _view.Input.Goal.Acceptance)
        {
            var (word, reason) = Standing(assertion);
            var kind = assertion.IsKept ? " <span class=sub>(held before)</span>" : assertion.IsHidden ? " <span class=sub>(hidden from agents)</span>" : "";
            var owner = _view.Tasks.LastOrDefault(task => task.Task.Asserts.Contains(assertion.Id))?.Task.Id ?? "the run";
            var tone = word == "verified" ? "verified" : "bad";
            page.Append(
                $"<tr><td class=w>{Text(assertion.Id)}<td>{Text(assertion.Says)}{kind}<td><code>{Text(assertion.Run)}</code><td class=w>{owner}" +
                $"<td class='{tone}{(reason is null ? " w" : "")}'>{word}{(reason is null ? "" : $": {Text(reason)}")}</tr>");
        }

        page.Append("</table>");
        var checks = _view.Judged?.Checks ?? [];
        if (checks.Count > 0)
        {
            page.Append($"<p class=sub>Checks on the result: {Text(string.Join("; ", checks.Select(Words)))}</p>");
        }
    }

    private void AppendPlan(StringBuilder page)
    {
        if (_view.Plan is not { } plan)
        {
            return;
        }

        page.Append($"<h2>The plan, version {plan.Version}</h2><p>{Text(plan.Reason)}</p>");
        page.Append(PlanGraph.Svg(plan, [.. _view.Tasks.Where(task => task.Version == plan.Version)]));
        page.Append("<details><summary>tasks as they were planned</summary><table><tr><th>task<th>intent<th>scope<th>after<th>gives</tr>");
        foreach (var task in plan.Tasks)
        {
            List<string> after = [.. task.Depends, .. task.Needs.Select(need => $"contract {need}")];
            List<string> gives = [.. task.Provides.Select(contract => $"contract {contract.Name}"), .. task.Asserts];
            page.Append(
                $"<tr><td class=w>{task.Id}<td>{Text(task.Intent)}<td><code>{Text(string.Join(", ", task.Scope))}</code>" +
                $"<td>{Text(string.Join(", ", after))}<td>{Text(string.Join(", ", gives))}</tr>");
        }

        page.Append("</table></details>");
    }

    private void AppendTimeline(StringBuilder page)
    {
        var spans = Timeline.Of(_events);
        if (spans.Count > 0)
        {
            page.Append("<h2>Timeline</h2>").Append(Timeline.Svg(spans));
        }
    }

    private void AppendWork(StringBuilder page)
    {
        if (_view.Tasks.Count == 0)
        {
            return;
        }

        page.Append("<h2>Work</h2><table><tr><th>task<th><th>agent<th>files<th>checked alone<th>says<th>state</tr>");
        foreach (var task in _view.Tasks)
        {
            var hand = task.Result?.HandOff;
            var tone = task.State switch { TaskState.Merged => "verified w", TaskState.Failed => "bad", _ => "" };
            var reason = task.Reason is null || task.State == TaskState.Merged ? "" : $": {Text(task.Reason)}";
            page.Append($"<tr><td class=w>{task.Task.Id}<td style='min-width:11em'>{Text(BuildText.Subject(task.Task))}")
                .Append($"<td class=w>{Text(hand?.Agent)}<br><span class=sub>{Text(string.Join(", ", hand?.Models ?? []))}</span>")
                .Append($"<td>{Text(string.Join(", ", hand?.Files ?? []))}<td>{Text(Words(hand?.Gate))}")
                .Append($"<br><span class=sub>{Text(hand?.Mutants?.Words)}</span><td>{Text(hand?.Claims)}")
                .Append($"<td class='{tone}'>{task.State.ToString().ToLowerInvariant()}{reason}</tr>");
        }

        page.Append("</table>");
        foreach (var flake in _view.Flakes)
        {
            page.Append($"<p class=bad>Flake: {Text(flake.Name)} failed and passed on the same tip: {Text(flake.Reason)}</p>");
        }
    }

    private void AppendLedger(StringBuilder page)
    {
        var findings = _view.Findings.ToList();
        var reviews = _view.Tasks.SelectMany(task => task.Result?.Reviewers ?? []).Count();
        if (reviews == 0)
        {
            return;
        }

        var blocked = findings.Count(one => one.Blocks);
        page.Append(
            CultureInfo.InvariantCulture,
            $"<h2>Reviews</h2><p class=sub>{reviews} reviews, {findings.Count} findings, of which {blocked} blocked</p>");
        if (findings.Count == 0)
        {
            return;
        }

        page.Append(ReviewReport.Ledger(findings));
    }

    private void AppendCosts(StringBuilder page)
    {
        if (_costs.Count == 0)
        {
            return;
        }

        page.Append("<h2>Costs</h2>");
        if (RunView.CostPlot(_view.Started, _events) is { } plot)
        {
            page.Append(PlotSvg.Figure(plot));
        }

        page.Append("<table><tr><th>for<th>calls<th>tokens<th>$</tr>");
        Append("task", _costs.GroupBy(cost => cost.Budget.Split('/') is [_, var task, ..] ? task : cost.Budget));
        Append("role", _costs.Where(cost => cost.Role.Length > 0).GroupBy(cost => cost.Role));
        Append("model", _costs.Where(cost => cost.Model.Length > 0).GroupBy(cost => cost.Model));
        Append("", [.. _costs.GroupBy(_ => "all")]);
        page.Append("</table>");

        void Append(string what, IEnumerable<IGrouping<string, CostLine>> groups)
        {
            foreach (var group in groups)
            {
                var sum = group.Aggregate(Charge.None, (all, cost) => all + cost.Charge);
                page.Append(
                    CultureInfo.InvariantCulture,
                    $"<tr><td>{what} {Text(group.Key)}<td class=n>{group.Count()}<td class=n>{sum.Tokens:N0}<td class=n>{sum.Dollars:0.0000}</tr>");
            }
        }
    }

    private static string Words(CheckVerdict check)
    {
        var tests = check.Tests is { } count ? string.Create(CultureInfo.InvariantCulture, $", {count} tests") : "";
        return $"{check.Name}{tests}{(check.Reason is null ? "" : $": {check.Reason}")}";
    }

    private static string Words(GateResult? gate) => gate switch
    {
        null => "",
        { Refusal: { } refusal } => refusal.Reason ?? "",
        { Checks.Count: 1 } => "1 check passes",
        _ => string.Create(CultureInfo.InvariantCulture, $"{gate.Checks.Count} checks pass"),
    };

    private static string Money(IReadOnlyList<CostLine> costs)
    {
        var sum = costs.Aggregate(Charge.None, (all, cost) => all + cost.Charge);
        return string.Create(CultureInfo.InvariantCulture, $"{costs.Count} model calls, ${sum.Dollars:0.00}");
    }

    private static string Text(string? text) => Reports.Html.Text(text);
}
