using System.Globalization;
using System.Text;
using Godwit.Playbooks.Build;
using Godwit.Playbooks.Reports;

namespace Godwit.Playbooks.Review;

/// <summary>The report of a review: what was shown first, then what was only said.</summary>
/// <param name="view">The review.</param>
internal sealed class ReviewReport(ReviewView view)
{
    private ReviewResult? Ended => view.Ended;

    /// <summary>What was shown first, and of that the most urgent.</summary>
    public static IEnumerable<FindingRecord> Ordered(IEnumerable<FindingRecord> findings) =>
        findings.OrderByDescending(record => record.Blocks).ThenBy(record => record.Finding.Priority);

    /// <summary>Markdown, fit for a pull request.</summary>
    public string Markdown()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"## {view.Title}\n\n{view.Reason ?? "It hasn't ended yet."}\n");
        if (Ended is { Closed: { Count: > 0 } closed })
        {
            text.Append(CultureInfo.InvariantCulture, $"\nIt changes {string.Join(", ", closed)}, which the goal file protects from tasks.\n");
        }

        var failed = (Ended?.Checks ?? []).Where(check => check.Words is not null).ToList();
        if (failed.Count > 0)
        {
            text.Append("\n### Checks\n\n");
            foreach (var check in failed)
            {
                text.Append(CultureInfo.InvariantCulture, $"- **{check.Check.Name}**: {OneLine(check.Words)}\n");
            }
        }

        var findings = Ordered(Ended?.Findings ?? []).ToList();
        Append(text, "Shown on clean checkouts of before and after", [.. findings.Where(record => record.Blocks)]);
        Append(text, "Said, and not shown", [.. findings.Where(record => !record.Blocks)]);
        foreach (var words in Ended?.Words ?? [])
        {
            text.Append(CultureInfo.InvariantCulture, $"\n> {words.ReplaceLineEndings("\n> ")}\n");
        }

        return text.ToString();
    }

    /// <summary>One HTML file that needs nothing else.</summary>
    public string Html()
    {
        var state = Ended?.State ?? Snake.Of(view.Status);
        var page = new StringBuilder(ReportPage.Start(view, state, state));
        page.Append(CultureInfo.InvariantCulture, $"<p class='verdict {(state == "clean" ? "verified" : "bad")}'>{Text(view.Reason)}</p>");
        page.Append(CultureInfo.InvariantCulture, $"<p class=sub>{Text(view.Input.Ground.BaseCommit[..12])} to {Text(view.Input.HeadCommit[..12])}</p>");
        page.Append(CultureInfo.InvariantCulture, $"<details><summary>what it is said to do</summary><pre>{Text(view.Input.Says)}</pre></details>");
        if (Ended is { Closed: { Count: > 0 } closed })
        {
            page.Append(CultureInfo.InvariantCulture, $"<p class=bad>It changes {Text(string.Join(", ", closed))}, which the goal file protects.</p>");
        }

        var checks = Ended?.Checks ?? [];
        if (checks.Count > 0)
        {
            page.Append("<h2>Checks</h2><table><tr><th>check<th>verdict</tr>");
            foreach (var check in checks)
            {
                var good = check.Words is null;
                page.Append($"<tr><td class=w>{Text(check.Check.Name)}<td class='{(good ? "verified" : "bad")}'>{(good ? "passes" : Text(check.Words))}</tr>");
            }

            page.Append("</table>");
        }

        if (Ended is { Findings.Count: > 0 })
        {
            page.Append("<h2>Findings</h2>").Append(Ledger(Ordered(Ended.Findings)));
        }

        foreach (var words in Ended?.Words ?? [])
        {
            page.Append(CultureInfo.InvariantCulture, $"<p>{Text(words)}</p>");
        }

        return page.ToString();
    }

    /// <summary>Findings as a table.</summary>
    public static string Ledger(IEnumerable<FindingRecord> findings)
    {
        var page = new StringBuilder("<table><tr><th><th>where<th>claim<th>shown by<th>without, with<th>blocks<th>state</tr>");
        foreach (var record in findings)
        {
            var finding = record.Finding;
            page.Append(
                CultureInfo.InvariantCulture,
                $"<tr><td class=w>{record.Id}<br>{finding.Priority}<td>{Text(finding.File)}:{finding.Line}<td>{Text(finding.Claim)}<br>" +
                $"<span class=sub>{Text(finding.Trigger)}</span><td><code>{Text(finding.Command)}</code><td class=n>{Shown(record)}" +
                $"<td>{(record.Blocks ? "yes" : "no")}: {Text(record.Reason)}<td>{record.State.ToString().ToLowerInvariant()}</tr>");
        }

        return page.Append("</table>").ToString();
    }

    private static void Append(StringBuilder text, string chapter, IReadOnlyList<FindingRecord> findings)
    {
        if (findings.Count == 0)
        {
            return;
        }

        text.Append(CultureInfo.InvariantCulture, $"\n### {chapter}\n\n");
        foreach (var record in findings)
        {
            var finding = record.Finding;
            text.Append(CultureInfo.InvariantCulture, $"- **{finding.Priority}** `{finding.File}:{finding.Line}` {OneLine(finding.Claim)}\n");
            text.Append(CultureInfo.InvariantCulture, $"  - shows when: {OneLine(finding.Trigger)}\n");
            text.Append(finding.Command.Length == 0 ? "" : $"  - shown by: `{OneLine(finding.Command).Replace('`', '\'')}`");
            text.Append(record.Reproduction is null ? "" : $" (exit codes without, with: {Shown(record)})");
            text.Append(finding.Command.Length == 0 ? "" : "\n");
            text.Append(CultureInfo.InvariantCulture, $"  - {OneLine(record.Reason)}\n");
        }
    }

    private static string Shown(FindingRecord record) =>
        record.Reproduction is { } seen ? $"{string.Join(' ', seen.AtBase)}, {string.Join(' ', seen.AtTip)}" : "";

    private static string OneLine(string? text) =>
        string.Join(' ', (text ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    private static string Text(string? text) => Reports.Html.Text(text);
}
