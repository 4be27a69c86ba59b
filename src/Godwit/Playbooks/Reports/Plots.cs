using System.Globalization;
using System.Text;
using Godwit.Verification;

namespace Godwit.Playbooks.Reports;

/// <summary>Small SVG drawings whose colours come from the page's variables, so that they suit light, dark and paper.</summary>
internal static class Plots
{
    private const int Width = 640;

    /// <summary>Before and after, as bars on one scale, with the interval of what is claimed on the second.</summary>
    public static string BeforeAfter(double before, double after, double low, string unit, bool proven)
    {
        var top = Math.Max(before, after) * 1.05;
        var svg = Start(Width, 92, $"before {Short(before)}, after {Short(after)} {unit}");
        Bar(svg, 8, "before", before, top, "var(--muted)", unit);
        Bar(svg, 48, proven ? "after" : "best, not proven", after, top, "var(--accent)", unit);
        var (x1, x2) = (X(low, top), X(after, top));
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<line x1='{x1:F1}' x2='{x2:F1}' y1='63' y2='63' stroke='var(--ink)' stroke-width='2'/><line x1='{x1:F1}' " +
            $"x2='{x1:F1}' y1='56' y2='70' stroke='var(--ink)' stroke-width='2'/>");
        return svg.Append("</svg>").ToString();

        static double X(double value, double top) => 130 + 340 * value / top;
    }

    /// <summary>A dot for each pair's gain, in the order of measuring.</summary>
    public static string Pairs(Scale scale, IReadOnlyList<double> gains, double estimate, double lower, string label)
    {
        const int Height = 150;
        var values = gains.Append(0).Append(scale.FromValue(estimate)).ToList();
        var (low, high) = (values.Min(), values.Max());
        var margin = Math.Max((high - low) * 0.08, 0.01);
        (low, high) = (low - margin, high + margin);
        var svg = Start(Width, Height, label);
        Rule(svg, Y(0), $"{scale.Text(scale.Value(0))}, as before", "var(--muted)", "4 3");
        // Of the base against itself the two lines nearly meet, and the labels must not.
        var apart = Y(scale.FromValue(estimate)) - Y(0);
        var shift = Math.Abs(apart) >= 14 ? 0 : (apart <= 0 ? -14 : 14) - apart;
        Rule(svg, Y(scale.FromValue(estimate)), $"{scale.Text(estimate)} estimated", "var(--accent)", "none", shift);
        if (lower > scale.Value(0) && lower != estimate)
        {
            // Two labels need 14 px between them, however near the lines are.
            var down = Math.Max(0, 14 - (Y(scale.FromValue(lower)) - Y(scale.FromValue(estimate))));
            Rule(svg, Y(scale.FromValue(lower)), $"{scale.AtLeast(lower)} claimed", "var(--ink)", "2 2", down);
        }

        for (var index = 0; index < gains.Count; index++)
        {
            var x = 20 + (Width - 180) * (index + 0.5) / gains.Count;
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<circle cx='{x:F1}' cy='{Y(gains[index]):F1}' r='4' fill='var(--accent)' fill-opacity='.75'><title>pair " +
                $"{index + 1}: {scale.Text(scale.Value(gains[index]))}</title></circle>");
        }

        return svg.Append("</svg>").ToString();

        double Y(double value) => 10 + (Height - 20) * (high - value) / (high - low);
    }

    /// <summary>Points of x and y with a line through the best so far.</summary>
    public static string Progress(Scale scale, IReadOnlyList<(int Trial, double Gain, bool Ok)> trials, string label)
    {
        const int Height = 180;
        var ok = trials.Where(trial => trial.Ok).ToList();
        if (ok.Count == 0)
        {
            return "";
        }

        var (low, high) = (Math.Min(ok.Min(trial => trial.Gain), 0), Math.Max(ok.Max(trial => trial.Gain), 0));
        (low, high) = (low - 0.03, high + 0.03);
        var last = trials.Max(trial => trial.Trial);
        var svg = Start(Width, Height, label);
        Rule(svg, Y(0), scale.Text(scale.Value(0)), "var(--muted)", "4 3");
        var best = double.NegativeInfinity;
        var path = new StringBuilder();
        foreach (var trial in ok.OrderBy(trial => trial.Trial))
        {
            if (trial.Gain > best)
            {
                var (x, y) = (X(trial.Trial), Y(trial.Gain));
                path.Append(CultureInfo.InvariantCulture, $"{(path.Length == 0 ? $"M{x:F1} {y:F1}" : $"H{x:F1}")}V{y:F1}");
                best = trial.Gain;
            }
        }

        svg.Append(CultureInfo.InvariantCulture, $"<path d='{path}H{X(last):F1}' fill='none' stroke='var(--accent)' stroke-width='1.5'/>");
        foreach (var trial in trials)
        {
            svg.Append(trial.Ok
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"<circle cx='{X(trial.Trial):F1}' cy='{Y(trial.Gain):F1}' r='3.5' fill='var(--accent)' " +
                    $"fill-opacity='.7'><title>trial {trial.Trial}: {scale.Text(scale.Value(trial.Gain))}</title></circle>")
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"<text x='{X(trial.Trial):F1}' y='{Height - 6}' fill='var(--bad)' font-size='11' " +
                    $"text-anchor='middle'>×<title>trial {trial.Trial} was thrown out</title></text>"));
        }

        return svg.Append("</svg>").ToString();

        double X(int trial) => 20 + (Width - 180) * (trial - 0.5) / last;
        double Y(double gain) => 12 + (Height - 40) * (high - gain) / (high - low);
    }

    /// <summary>Score against one parameter's values.</summary>
    public static string Parameter(Scale scale, string name, IReadOnlyList<(string Value, double Number, double Gain)> points)
    {
        const int Height = 120;
        const int Small = 300;
        var (low, high) = (points.Min(point => point.Number), points.Max(point => point.Number));
        var (bottom, top) = (points.Min(point => point.Gain), points.Max(point => point.Gain));
        var svg = Start(Small, Height, $"{name} against score");
        foreach (var (value, number, gain) in points)
        {
            var x = high > low ? 12 + (Small - 24) * (number - low) / (high - low) : Small / 2;
            var y = top > bottom ? 8 + (Height - 40) * (top - gain) / (top - bottom) : 40;
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<circle cx='{x:F1}' cy='{y:F1}' r='3.5' fill='var(--accent)' fill-opacity='.55'><title>{Html.Text(value)}: " +
                $"{scale.Text(scale.Value(gain))}</title></circle>");
        }

        svg.Append(
            CultureInfo.InvariantCulture,
            $"<text x='6' y='{Height - 4}' class='t'>{Html.Text(points.MinBy(point => point.Number).Value)}</text><text " +
            $"x='{Small - 6}' y='{Height - 4}' class='t' " +
            $"text-anchor='end'>{Html.Text(points.MaxBy(point => point.Number).Value)}</text><text x='{Small / 2}' " +
            $"y='{Height - 4}' class='t' text-anchor='middle' font-weight='600'>{Html.Text(name)}</text>");
        return svg.Append("</svg>").ToString();
    }

    private static StringBuilder Start(int width, int height, string label) => new StringBuilder().Append(
        CultureInfo.InvariantCulture, $"<svg viewBox='0 0 {width} {height}' width='{width}' role='img' aria-label='{Html.Text(label)}'>");

    private static void Bar(StringBuilder svg, int y, string name, double value, double top, string colour, string unit) => svg.Append(
        CultureInfo.InvariantCulture,
        $"<text x='122' y='{y + 20}' class='t' text-anchor='end'>{Html.Text(name)}</text><rect x='130' y='{y}' " +
        $"width='{340 * value / top:F1}' height='30' rx='3' fill='{colour}'/><text x='{136 + 340 * value / top:F1}' " +
        $"y='{y + 20}' class='t' font-weight='600'>{Short(value)} {Html.Text(unit)}</text>");

    private static void Rule(StringBuilder svg, double y, string text, string colour, string dash, double down = 0) => svg.Append(
        CultureInfo.InvariantCulture,
        $"<line x1='20' x2='{Width - 150}' y1='{y:F1}' y2='{y:F1}' stroke='{colour}' stroke-dasharray='{dash}'/><text " +
        $"x='{Width - 145}' y='{y + 4 + down:F1}' class='t'>{Html.Text(text)}</text>");

    private static string Short(double value) => Scale.Number(value);
}
