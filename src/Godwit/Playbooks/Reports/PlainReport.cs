using System.Globalization;
using System.Text;
using Godwit.Durable.Journal;

namespace Godwit.Playbooks.Reports;

/// <summary>The report of a run whose kind has none of its own: what it came to, what it told of, its commands and its agents.</summary>
internal static class PlainReport
{
    public static string Html(RunView view, JournalReader reader)
    {
        var page = new StringBuilder(ReportPage.Start(view, Snake.Of(view.Status), Snake.Of(view.Status)));
        page.Append(CultureInfo.InvariantCulture, $"<p class='verdict {Snake.Of(view.Status)}'>{Reports.Html.Text(view.Reason)}</p>");
        var events = view.Details(reader).ToList();
        List<RunLine> told = [.. events.SelectMany(view.Narrator().Tell)];
        if (told.Count > 0)
        {
            page.Append("<h2>What happened</h2><table>");
            foreach (var line in told)
            {
                page.Append(CultureInfo.InvariantCulture, $"<tr><th>{Reports.Html.Text(line.Label)}<td>{Reports.Html.Text(line.Text)}</tr>");
            }

            page.Append("</table>");
        }

        var commands = events.OfType<RunEvent.CommandRan>().ToList();
        if (commands.Count > 0)
        {
            page.Append("<h2>Commands</h2><table><tr><th>for<th>command<th>exit code<th>seconds</tr>");
            foreach (var ran in commands)
            {
                page.Append(
                    CultureInfo.InvariantCulture,
                    $"<tr><td>{Reports.Html.Text(ran.Of)}<td><code>{Reports.Html.Text(ran.Command.Command)}</code>" +
                    $"<td class=n>{ran.Command.ExitCode}<td class=n>{ran.Command.Seconds:0.00}</tr>");
            }

            page.Append("</table>");
        }

        return page.ToString();
    }

    public static string Markdown(RunView view)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"## {view.Title}\n\n{Snake.Of(view.Status)}: {view.Reason}\n\n");
        foreach (var line in view.Summary)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {line.Label}: {line.Text}\n");
        }

        return text.ToString();
    }
}
