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

    private static StringBuilder Start(int width, int height, string label) => new StringBuilder().Append(
        CultureInfo.InvariantCulture, $"<svg viewBox='0 0 {width} {height}' width='{width}' role='img' aria-label='{Html.Text(label)}'>");

    private static void Bar(StringBuilder svg, int y, string name, double value, double top, string colour, string unit) => svg.Append(
        CultureInfo.InvariantCulture,
        $"<text x='122' y='{y + 20}' class='t' text-anchor='end'>{Html.Text(name)}</text><rect x='130' y='{y}' " +
        $"width='{340 * value / top:F1}' height='30' rx='3' fill='{colour}'/><text x='{136 + 340 * value / top:F1}' " +
        $"y='{y + 20}' class='t' font-weight='600'>{Short(value)} {Html.Text(unit)}</text>");

    private static string Short(double value) => Scale.Number(value);
}
