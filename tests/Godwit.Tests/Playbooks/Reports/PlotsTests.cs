using System.Globalization;
using System.Xml.Linq;
using Godwit.Playbooks.Reports;
using Godwit.Verification;

namespace Godwit.Tests.Playbooks.Reports;

/// <summary>What the drawings of a report show is what was measured.</summary>
public sealed class PlotsTests
{
    private static readonly Scale Ratio = new(Maximise: true, Reference: 0);

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
    public void Pairs_EveryGain_IsADotAtItsHeightInItsOrder()
    {
        double[] gains = [0.1, 0.4, -0.2, 0.3];
        var svg = XElement.Parse(Plots.Pairs(Ratio, gains, Ratio.Value(0.25), Ratio.Value(0.05), "pairs"));
        var dots = svg.Elements("circle").ToList();
        Assert.Equal(gains.Length, dots.Count);
        Assert.Equal(dots.Select(dot => Number(dot, "cx")).Order(), dots.Select(dot => Number(dot, "cx")));

        // Higher gains stand higher: a smaller y.
        Assert.Equal([1, 3, 0, 2], Enumerable.Range(0, 4).OrderBy(index => Number(dots[index], "cy")));
        Assert.Contains($"pair 3: {Ratio.Text(Ratio.Value(-0.2))}", svg.Value, StringComparison.Ordinal);
        Assert.Contains("claimed", svg.Value, StringComparison.Ordinal);

        // What shows nothing claims nothing.
        Assert.DoesNotContain("claimed", Plots.Pairs(Ratio, gains, Ratio.Value(0.25), Ratio.Value(-0.05), "pairs"), StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_TheLine_RisesWithTheBestAloneAndThrownOutTrialsAreCrosses()
    {
        var svg = XElement.Parse(Plots.Progress(Ratio, [(1, 0.1, true), (2, 0.05, true), (3, 9, false), (4, 0.3, true)], "progress"));
        Assert.Equal(3, svg.Elements("circle").Count());
        Assert.Equal(1, svg.Elements("text").Count(text => text.Value.StartsWith('×')));

        // A move to the first, then one step for the fourth: the second is no better.
        var path = svg.Element("path")!.Attribute("d")!.Value;
        Assert.Equal(2, path.Count(letter => letter == 'V'));
        Assert.Equal("", Plots.Progress(Ratio, [(1, 0.1, false)], "progress"));
    }

    [Fact]
    public void Parameter_ValuesOfAUser_AreText()
    {
        var svg = Plots.Parameter(Ratio, "<b>", [("<script>", 1, 0.1), ("b", 2, 0.2)]);
        Assert.DoesNotContain("<script>", svg, StringComparison.Ordinal);
        Assert.Equal(2, XElement.Parse(svg).Elements("circle").Count());
    }

    private static double Number(XElement element, string name) =>
        double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);
}
