using System.Globalization;
using System.Text;
using Godwit.Playbooks.Reports;

namespace Godwit.Playbooks.Build.Report;

/// <summary>A stretch of time in which something was done to a task.</summary>
/// <param name="Row">The task and the plan's version.</param>
/// <param name="Start">When it began.</param>
/// <param name="End">When it ended.</param>
/// <param name="What">What was done.</param>
/// <param name="IsQueue">Whether it only waited to be merged.</param>
/// <param name="IsBad">Whether it came to nothing.</param>
internal sealed record TimelineSpan(string Row, DateTimeOffset Start, DateTimeOffset End, string What, bool IsQueue, bool IsBad);

/// <summary>Who was at work when: a row a task, work as bars, and a mark where it was merged.</summary>
internal static class Timeline
{
    private const int Width = 900;
    private const int Left = 70;
    private const int RowHeight = 24;
    private const int Ticks = 6;

    private const string Legend = "<p class=sub>bars: work with its checks and reviews; grey: in the queue; green: merged; " +
        "red: came to nothing or was sent back</p>";

    /// <summary>The stretches of a run.</summary>
    public static IReadOnlyList<TimelineSpan> Of(IEnumerable<RunEvent> events)
    {
        var spans = new List<TimelineSpan>();
        var open = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        var version = 0;
        foreach (var noted in events.OfType<RunEvent.Noted>())
        {
            switch (noted.Note)
            {
                case BuildNote.PlanDecided decided:
                    version = decided.Plan.Version;
                    break;
                case BuildNote.WorkStarted started:
                    open[started.Task] = noted.At;
                    break;
                case BuildNote.WorkEnded ended:
                    Add(ended.Task, noted.At, WhatOf(ended), isQueue: false, isBad: ended.Result.Commit is null);
                    open[ended.Task] = noted.At;
                    break;
                case BuildNote.Merged merged:
                    Add(merged.Task, noted.At, "merged", isQueue: true, isBad: false);
                    break;
                case BuildNote.SentBack back:
                    Add(back.Task, noted.At, "sent back", isQueue: true, isBad: true);
                    break;
            }
        }

        return spans;

        void Add(string task, DateTimeOffset at, string what, bool isQueue, bool isBad)
        {
            if (open.Remove(task, out var start))
            {
                var row = version > 1 ? string.Create(CultureInfo.InvariantCulture, $"{task} v{version}") : task;
                spans.Add(new TimelineSpan(row, start, at, what, isQueue, isBad));
            }
        }
    }

    private static string WhatOf(BuildNote.WorkEnded ended) => ended switch
    {
        { IsContract: true } => "contract",
        { Round: 1 } => "work",
        _ => string.Create(CultureInfo.InvariantCulture, $"work, round {ended.Round}"),
    };

    /// <summary>The picture.</summary>
    public static string Svg(IReadOnlyList<TimelineSpan> spans)
    {
        var (first, last) = (spans.Min(span => span.Start), spans.Max(span => span.End));
        var length = Math.Max(1, (last - first).TotalSeconds);
        var rows = spans.Select(span => span.Row).Distinct().ToList();
        var height = rows.Count * RowHeight + 26;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg viewBox='0 0 {Width} {height}' width='{Width}' height='{height}' role=img aria-label='timeline'>");
        for (var tick = 0; tick <= Ticks; tick++)
        {
            var x = Left + (Width - Left - 30) * tick / Ticks;
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<line x1='{x}' x2='{x}' y1='0' y2='{height - 20}' stroke='var(--line)'/><text class=t x='{x}' y='{height - 6}' text-anchor='middle'>" +
                $"{Clock(length * tick / Ticks)}</text>");
        }

        for (var row = 0; row < rows.Count; row++)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<text class=t x='0' y='{row * RowHeight + 16}'>{Html.Text(rows[row])}</text>");
        }

        foreach (var span in spans)
        {
            var (x1, x2) = (X(span.Start), X(span.End));
            var y = rows.IndexOf(span.Row) * RowHeight + 5;
            var colour = span.IsBad ? "var(--bad)" : span.IsQueue ? "var(--muted)" : "var(--accent)";
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<rect x='{x1:F1}' y='{y}' width='{Math.Max(2, x2 - x1):F1}' height='14' fill='{colour}' fill-opacity='{(span.IsQueue ? ".5" : ".85")}'>" +
                $"<title>{Html.Text(span.Row)}: {span.What}, {(span.End - span.Start).TotalSeconds:0.0} s</title></rect>");
            if (span is { IsQueue: true, IsBad: false })
            {
                svg.Append(CultureInfo.InvariantCulture, $"<circle cx='{x2:F1}' cy='{y + 7}' r='5' fill='var(--good)'/>");
            }
        }

        return svg.Append("</svg>").Append(Legend).ToString();

        double X(DateTimeOffset at) => Left + (Width - Left - 30) * (at - first).TotalSeconds / length;
    }

    private static string Clock(double seconds) => seconds < 120
        ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0.#} s")
        : string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0.#} min");
}
