using System.Globalization;

namespace Godwit.Playbooks;

/// <summary>A drawing of a run, as what it shows: the report and the command centre draw the same.</summary>
/// <param name="Id">Names it within the run.</param>
/// <param name="Title">What it shows.</param>
/// <param name="Caption">How it is to be read.</param>
/// <param name="X">The axis across.</param>
/// <param name="Y">The axis upwards.</param>
public sealed record RunPlot(string Id, string Title, string Caption, PlotAxis X, PlotAxis Y)
{
    /// <summary>The least distance between the labels of two rules, in pixels.</summary>
    internal const double Apart = 14;

    private const int MostSteps = 400;

    /// <summary>Whether two fit beside each other.</summary>
    public bool IsSmall { get; init; }

    /// <summary>Bands across it, such as the noise.</summary>
    public IReadOnlyList<PlotBand> Bands { get; init; } = [];

    /// <summary>Lines across it, such as what is claimed.</summary>
    public IReadOnlyList<PlotRule> Rules { get; init; } = [];

    /// <summary>What was measured.</summary>
    public IReadOnlyList<PlotDot> Dots { get; init; } = [];

    /// <summary>Where a line in steps turns, such as that of the best so far.</summary>
    public IReadOnlyList<PlotPoint> Steps { get; init; } = [];

    /// <summary>What models have cost over a run's time; null where nothing was spent.</summary>
    /// <param name="began">When it began.</param>
    /// <param name="charges">What each call cost, in US dollars, in order.</param>
    public static RunPlot? Costs(DateTimeOffset began, IEnumerable<(DateTimeOffset At, decimal Dollars)> charges)
    {
        var (sum, steps) = (0.0, new List<PlotPoint>());
        foreach (var (at, dollars) in charges)
        {
            sum += (double)dollars;
            steps.Add(new PlotPoint((at - began).TotalMinutes, sum));
        }

        if (sum <= 0)
        {
            return null;
        }

        var every = (steps.Count + MostSteps - 1) / MostSteps;
        var axis = PlotAxis.Of("time, min", 0, Math.Max(steps[^1].X, 1e-3), value => value.ToString("0.#", CultureInfo.InvariantCulture));
        return new RunPlot(
            "costs", "Spent on models", "US dollars that answered calls have cost, since the run began.", axis,
            PlotAxis.Of("spent, $", 0, sum, value => value.ToString(sum < 0.1 ? "0.0000" : "0.00", CultureInfo.InvariantCulture)))
        {
            Steps = [new PlotPoint(0, 0), .. steps.Where((_, index) => (index + 1) % every == 0 || index == steps.Count - 1)],
        };
    }
}

/// <summary>An axis.</summary>
/// <param name="Label">What it counts, with its unit.</param>
/// <param name="Low">Its one end.</param>
/// <param name="High">Its other end.</param>
/// <param name="Ticks">Where it has words.</param>
public sealed record PlotAxis(string Label, double Low, double High, IReadOnlyList<PlotTick> Ticks)
{
    private const int Parts = 4;

    /// <summary>An axis with ticks at even distances.</summary>
    /// <param name="label">What it counts, with its unit.</param>
    /// <param name="low">Its one end.</param>
    /// <param name="high">Its other end.</param>
    /// <param name="text">A value in words.</param>
    internal static PlotAxis Of(string label, double low, double high, Func<double, string> text)
    {
        if (high <= low)
        {
            return new PlotAxis(label, low - 1, low + 1, [new PlotTick(low, text(low))]);
        }

        var ticks = Enumerable.Range(0, Parts + 1).Select(part => low + ((high - low) * part / Parts)).Select(at => new PlotTick(at, text(at)));
        return new PlotAxis(label, low, high, [.. ticks.DistinctBy(tick => tick.Text)]);
    }
}

/// <summary>Words at an axis.</summary>
/// <param name="At">Where.</param>
/// <param name="Text">The words.</param>
public sealed record PlotTick(double At, string Text);

/// <summary>A band across a drawing.</summary>
/// <param name="Low">From.</param>
/// <param name="High">To.</param>
/// <param name="Text">What it is.</param>
public sealed record PlotBand(double Low, double High, string Text);

/// <summary>A line across a drawing.</summary>
/// <param name="At">Where.</param>
/// <param name="Text">What it is.</param>
/// <param name="Tone"><c>base</c>, <c>estimate</c> or <c>claim</c>.</param>
public sealed record PlotRule(double At, string Text, string Tone);

/// <summary>A dot.</summary>
/// <param name="X">Across.</param>
/// <param name="Y">Upwards.</param>
/// <param name="Tone"><c>main</c>, <c>small</c>, or <c>out</c> for what was thrown out, which stands at the foot.</param>
/// <param name="Text">What it is.</param>
public sealed record PlotDot(double X, double Y, string Tone, string Text);

/// <summary>A point of a line.</summary>
/// <param name="X">Across.</param>
/// <param name="Y">Upwards.</param>
public sealed record PlotPoint(double X, double Y);
