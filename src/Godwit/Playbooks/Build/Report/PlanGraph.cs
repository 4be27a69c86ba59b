using System.Globalization;
using System.Text;
using Godwit.Playbooks.Reports;

namespace Godwit.Playbooks.Build.Report;

/// <summary>
/// A plan as a picture: what waits for what, from the left to the right, in the colours of how it stands. Many tasks that wait for the
/// same, and are waited for by the same, are one box.
/// </summary>
internal static class PlanGraph
{
    private const int BoxWidth = 230;
    private const int BoxHeight = 52;
    private const int Across = 70;
    private const int Down = 16;
    private const int LongestLine = 30;
    private const int MostAlike = 8;

    // The report's colours on a light page.
    private const string Colours =
        "<style>:root{--good:#14743a;--bad:#b3261e;--accent:#0f6d74;--muted:#8a95a3;--soft:#f4f6f8}.t{font:13px system-ui,sans-serif}</style>";

    /// <summary>The picture alone, as a file that needs nothing else.</summary>
    public static string Picture(BuildPlan plan, IReadOnlyList<TaskProgress> tasks) =>
        Drawing(plan, [.. tasks.Where(task => task.Version == plan.Version)], Colours);

    /// <summary>The picture in a page, with what its lines mean.</summary>
    public static string Svg(BuildPlan plan, IReadOnlyList<TaskProgress> tasks) =>
        $"{Drawing(plan, tasks, "")}<p class=sub>solid: after it is merged; dashed: builds on its contract</p>";

    private static string Drawing(BuildPlan plan, IReadOnlyList<TaskProgress> tasks, string style)
    {
        var boxes = plan.Tasks.GroupBy(task => Alike(plan, task))
            .SelectMany(group => group.Count() > MostAlike ? [[.. group]] : group.Select(task => (List<PlannedTask>)[task])).ToList();
        var columns = boxes.GroupBy(box => Depth(plan, box[0], [])).OrderBy(group => group.Key).Select(group => group.ToList()).ToList();
        var places = new Dictionary<string, (int X, int Y)>(StringComparer.Ordinal);
        for (var column = 0; column < columns.Count; column++)
        {
            for (var row = 0; row < columns[column].Count; row++)
            {
                foreach (var task in columns[column][row])
                {
                    places[task.Id] = (column * (BoxWidth + Across) + 4, row * (BoxHeight + Down) + 4);
                }
            }
        }

        var (width, height) = (columns.Count * (BoxWidth + Across) - Across + 8, columns.Max(column => column.Count) * (BoxHeight + Down) + 8);
        var svg = new StringBuilder();
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}' role='img' " +
            $"aria-label='the plan: {plan.Tasks.Count} tasks'>{style}");
        var merged = plan.Tasks.SelectMany(task => task.Depends.Select(other => (From: places[other], To: places[task.Id], Style: "")));
        var landed = plan.Tasks.SelectMany(task => task.Needs.Select(plan.ProviderOf).OfType<PlannedTask>()
            .Select(provider => (From: places[provider.Id], To: places[task.Id], Style: " stroke-dasharray='5 4'")));
        foreach (var (from, to, dashes) in merged.Concat(landed).Distinct())
        {
            Line(svg, from, to, dashes);
        }

        var states = tasks.GroupBy(progress => progress.Task.Id).ToDictionary(group => group.Key, group => group.First().State);
        foreach (var box in boxes)
        {
            Box(svg, places[box[0].Id], box, [.. box.Select(task => states.GetValueOrDefault(task.Id, TaskState.Planned))]);
        }

        return svg.Append("</svg>").ToString();
    }

    /// <summary>What tasks that are drawn as one have in common; of a task that gives something, its name.</summary>
    private static string Alike(BuildPlan plan, PlannedTask task) => task.Provides.Count + task.Asserts.Count > 0
        ? task.Id
        : $"{string.Join(' ', task.Depends.Order())}/{string.Join(' ', task.Needs.Order())}/" +
            string.Join(' ', plan.Tasks.Where(other => other.Depends.Contains(task.Id)).Select(other => other.Id));

    private static int Depth(BuildPlan plan, PlannedTask task, HashSet<string> seen)
    {
        if (!seen.Add(task.Id))
        {
            // Contracts may be needed both ways.
            return 0;
        }

        var providers = task.Needs.Select(need => plan.ProviderOf(need)?.Id).OfType<string>();
        var before = task.Depends.Concat(providers).Where(id => id != task.Id).Distinct().ToList();
        var depth = before.Count == 0 ? 0 : 1 + before.Max(id => Depth(plan, plan[id], seen));
        seen.Remove(task.Id);
        return depth;
    }

    private static void Line(StringBuilder svg, (int X, int Y) from, (int X, int Y) to, string style)
    {
        var (x1, y1, x2, y2) = (from.X + BoxWidth, from.Y + BoxHeight / 2, to.X, to.Y + BoxHeight / 2);
        var bend = Math.Max(30, Math.Abs(x2 - x1) / 2);
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<path d='M{x1},{y1} C{x1 + bend},{y1} {x2 - bend},{y2} {x2},{y2}' fill='none' stroke='var(--muted)'{style}/>");
    }

    private static void Box(StringBuilder svg, (int X, int Y) at, IReadOnlyList<PlannedTask> tasks, IReadOnlyList<TaskState> states)
    {
        var colour = states.Contains(TaskState.Failed) ? "var(--bad)"
            : states.All(state => state == TaskState.Merged) ? "var(--good)"
            : states.All(state => state == TaskState.Planned) ? "var(--muted)"
            : "var(--accent)";
        var task = tasks[0];
        var subject = BuildText.Subject(task);
        var line = subject.Length > LongestLine ? subject[..(LongestLine - 1)] + "…" : subject;
        List<string> gives = [.. task.Provides.Select(contract => contract.Name), .. task.Asserts];
        var standing = string.Join(", ", states.CountBy(state => state).Select(pair => $"{pair.Value} {pair.Key.ToString().ToLowerInvariant()}"));
        var head = tasks.Count > 1
            ? $"{tasks.Count} tasks: {standing}"
            : $"{task.Id} {states[0].ToString().ToLowerInvariant()}{(gives.Count == 0 ? "" : $": {string.Join(", ", gives)}")}";
        var intents = string.Join('\n', tasks.Select(one => $"{one.Id}: {one.Intent}"));
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<g><title>{Html.Text(intents)}</title><rect x='{at.X}' y='{at.Y}' width='{BoxWidth}' height='{BoxHeight}' rx='6' " +
            $"fill='var(--soft)' stroke='{colour}' stroke-width='2'/>" +
            $"<text class='t' x='{at.X + 10}' y='{at.Y + 20}' font-weight='600'>{Html.Text(head)}</text>" +
            $"<text class='t' x='{at.X + 10}' y='{at.Y + 40}'>{Html.Text(line)}</text></g>");
    }
}
