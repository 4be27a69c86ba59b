using System.Globalization;
using System.Text;

namespace Godwit.Playbooks.Reports;

/// <summary>Draws a plot as SVG whose colours come from the page's variables, so that it suits light, dark and paper.</summary>
internal static class PlotSvg
{
    private const int Left = 64;
    private const int Top = 10;
    private const int Bottom = 36;
    private const int Right = 130;

    /// <summary>The drawing with its title and caption.</summary>
    public static string Figure(RunPlot plot) =>
        $"<figure style='margin:0 0 14px'><figcaption class=sub><b>{Html.Text(plot.Title)}</b></figcaption>{Of(plot)}" +
        $"<p class=sub style='font-size:12px'>{Html.Text(plot.Caption)}</p></figure>";

    /// <summary>The drawing.</summary>
    public static string Of(RunPlot plot)
    {
        var (width, height) = plot.IsSmall ? (540, 210) : (1100, 260);
        var right = plot.Rules.Count > 0 ? Right : 16;
        var svg = new StringBuilder().Append(
            CultureInfo.InvariantCulture,
            $"<svg viewBox='0 0 {width} {height}' width='{width}' role='img' aria-label='{Html.Text(plot.Title)}'>");
        foreach (var band in plot.Bands)
        {
            var (top, low) = (Y(Math.Min(band.High, plot.Y.High)), Y(Math.Max(band.Low, plot.Y.Low)));
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<rect x='{Left}' y='{top:F1}' width='{width - Left - right}' height='{Math.Max(1, low - top):F1}' fill='var(--soft)'>" +
                $"<title>{Html.Text(band.Text)}</title></rect>");
        }

        foreach (var tick in plot.Y.Ticks)
        {
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<line x1='{Left}' x2='{width - right}' y1='{Y(tick.At):F1}' y2='{Y(tick.At):F1}' stroke='var(--line)'/><text " +
                $"x='{Left - 6}' y='{Y(tick.At) + 4:F1}' class='t' text-anchor='end'>{Html.Text(tick.Text)}</text>");
        }

        foreach (var tick in plot.X.Ticks)
        {
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<text x='{X(tick.At):F1}' y='{height - 20}' class='t' text-anchor='middle'>{Html.Text(tick.Text)}</text>");
        }

        var below = double.NegativeInfinity;
        foreach (var rule in plot.Rules.OrderByDescending(rule => rule.At))
        {
            // Two labels need room between them, however near the lines are.
            below = Math.Max(Y(rule.At), below + RunPlot.Apart);
            var (colour, dash) = rule.Tone switch
            {
                "base" => ("var(--muted)", "4 3"),
                "claim" => ("var(--good)", "none"),
                _ => ("var(--accent)", "none"),
            };
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<line x1='{Left}' x2='{width - right}' y1='{Y(rule.At):F1}' y2='{Y(rule.At):F1}' stroke='{colour}' stroke-dasharray='{dash}'/><text " +
                $"x='{width - right + 6}' y='{below + 4:F1}' class='t'>{Html.Text(rule.Text)}</text>");
        }

        if (plot.Steps.Count > 0)
        {
            var path = new StringBuilder();
            foreach (var point in plot.Steps)
            {
                path.Append(
                    CultureInfo.InvariantCulture, $"{(path.Length == 0 ? $"M{X(point.X):F1} {Y(point.Y):F1}" : $"H{X(point.X):F1}V{Y(point.Y):F1}")}");
            }

            svg.Append(CultureInfo.InvariantCulture, $"<path d='{path}' fill='none' stroke='var(--accent)' stroke-width='1.5'/>");
        }

        foreach (var dot in plot.Dots)
        {
            var title = dot.Text.Length > 0 ? $"<title>{Html.Text(dot.Text)}</title>" : "";
            svg.Append(dot.Tone switch
            {
                "out" => string.Create(
                    CultureInfo.InvariantCulture,
                    $"<text x='{X(dot.X):F1}' y='{Y(plot.Y.Low) - 2:F1}' fill='var(--bad)' font-size='12' text-anchor='middle'>×{title}</text>"),
                "small" => Circle(dot, "r='1.8' fill='var(--muted)' fill-opacity='.6'", title),
                _ => Circle(dot, "r='4' fill='var(--accent)' fill-opacity='.75'", title),
            });
        }

        svg.Append(
            CultureInfo.InvariantCulture,
            $"<text x='{(Left + width - right) / 2}' y='{height - 4}' class='t' text-anchor='middle' font-weight='600'>{Html.Text(plot.X.Label)}</text><text " +
            $"transform='rotate(-90) translate({-(Top + height - Bottom) / 2},11)' class='t' text-anchor='middle' font-weight='600'>" +
            $"{Html.Text(plot.Y.Label)}</text>");
        return svg.Append("</svg>").ToString();

        string Circle(PlotDot dot, string style, string title) => string.Create(
            CultureInfo.InvariantCulture, $"<circle cx='{X(dot.X):F1}' cy='{Y(dot.Y):F1}' {style}>{title}</circle>");

        double X(double value) => Left + ((width - Left - right) * (value - plot.X.Low) / (plot.X.High - plot.X.Low));
        double Y(double value) => Top + ((height - Top - Bottom) * (plot.Y.High - value) / (plot.Y.High - plot.Y.Low));
    }
}
