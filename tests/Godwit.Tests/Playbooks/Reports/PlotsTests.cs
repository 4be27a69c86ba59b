using System.Globalization;
using System.Xml.Linq;
using Godwit.Playbooks;
using Godwit.Playbooks.Reports;

namespace Godwit.Tests.Playbooks.Reports;

/// <summary>What the drawings of a report show is what was measured.</summary>
public sealed class PlotsTests
{
    private static readonly PlotAxis Across = new("trial", 0, 5, [new PlotTick(1, "1")]);
    private static readonly PlotAxis Up = new("gain of x, ops/s", -1, 1, [new PlotTick(0, "1.00x")]);

    [Fact]
    public void BeforeAfter_Bars_AreAsLongAsTheirValues()
    {
        var svg = XElement.Parse(Plots.BeforeAfter(100, 250, 200, "ops/s", proven: true));
        var bars = svg.Elements("rect").Select(bar => Number(bar, "width")).ToList();
        Assert.Equal(2.5, bars[1] / bars[0], 2);

        // The line from what is claimed to what is estimated.
        var claim = svg.Elements("line").First();
        Assert.Equal(200.0 / 250, (Number(claim, "x1") - 130) / (Number(claim, "x2") - 130), 2);
        Assert.Contains("250 ops/s", svg.Value, StringComparison.Ordinal);
        Assert.DoesNotContain("not proven", svg.Value, StringComparison.Ordinal);
        Assert.Contains("best, not proven", Plots.BeforeAfter(100, 250, 200, "ops/s", proven: false), StringComparison.Ordinal);
    }

    [Fact]
    public void Plot_EveryDot_StandsAtItsValueAndTheAxesSayWhatTheyCount()
    {
        double[] gains = [0.1, 0.4, -0.2, 0.3];
        var plot = new RunPlot("p", "pairs", "how", Across, Up)
        {
            Dots = [.. gains.Select((gain, index) => new PlotDot(index + 1, gain, "main", $"pair {index + 1}"))],
        };
        var svg = XElement.Parse(PlotSvg.Of(plot));
        var dots = svg.Elements("circle").ToList();
        Assert.Equal(dots.Select(dot => Number(dot, "cx")).Order(), dots.Select(dot => Number(dot, "cx")));

        // Higher gains stand higher: a smaller y, in proportion.
        Assert.Equal([1, 3, 0, 2], Enumerable.Range(0, 4).OrderBy(index => Number(dots[index], "cy")));
        Assert.Equal(3.0, (Number(dots[0], "cy") - Number(dots[1], "cy")) / (Number(dots[3], "cy") - Number(dots[1], "cy")), 1);
        Assert.Contains("trial", svg.Value, StringComparison.Ordinal);
        Assert.Contains("gain of x, ops/s", svg.Value, StringComparison.Ordinal);
        Assert.Contains("pair 3", svg.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Plot_RulesThatNearlyMeet_HaveLabelsThatDont()
    {
        var plot = new RunPlot("p", "pairs", "how", Across, Up)
        {
            Rules = [new PlotRule(0.01, "estimated", "estimate"), new PlotRule(0, "as before", "base"), new PlotRule(0.005, "claimed", "claim")],
        };
        var labels = XElement.Parse(PlotSvg.Of(plot)).Elements("text").Where(text => text.Value is "estimated" or "as before" or "claimed")
            .Select(text => Number(text, "y")).Order().ToList();
        Assert.All(labels.Zip(labels.Skip(1)), pair => Assert.True(pair.Second - pair.First >= 13.9));
    }

    [Fact]
    public void Plot_TheLine_GoesInStepsAndWhatWasThrownOutIsACross()
    {
        var plot = new RunPlot("p", "progress", "how", Across, Up)
        {
            Steps = [new PlotPoint(0, 0), new PlotPoint(1, 0.1), new PlotPoint(4, 0.3)],
            Dots = [new PlotDot(3, 9, "out", "thrown out")],
        };
        var svg = XElement.Parse(PlotSvg.Of(plot));
        Assert.Equal(2, svg.Element("path")!.Attribute("d")!.Value.Count(letter => letter == 'V'));
        Assert.Single(svg.Elements("text"), text => text.Value.StartsWith('×'));
    }

    [Fact]
    public void Plot_WordsOfAUser_AreText()
    {
        var plot = new RunPlot("p", "<script>", "</figure>", new PlotAxis("<b>", 0, 1, [new PlotTick(0, "<i>")]), Up)
        {
            Dots = [new PlotDot(0, 0, "main", "<script>x</script>")],
        };
        Assert.DoesNotContain("<script>", PlotSvg.Figure(plot), StringComparison.Ordinal);
        _ = XElement.Parse(PlotSvg.Of(plot));
    }

    [Fact]
    public void Costs_OverTime_EndAtTheSumAndKeepFewPoints()
    {
        var began = DateTimeOffset.UnixEpoch;
        var plot = RunPlot.Costs(began, Enumerable.Range(1, 1000).Select(minute => (began.AddMinutes(minute), 0.01m)))!;
        Assert.Equal(1000, plot.Steps[^1].X, 6);
        Assert.Equal(10, plot.Steps[^1].Y, 6);
        Assert.InRange(plot.Steps.Count, 300, 402);
        Assert.Null(RunPlot.Costs(began, [(began, 0m)]));
    }

    private static double Number(XElement element, string name) =>
        double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);
}
