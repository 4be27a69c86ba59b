using Godwit.Search;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>The drawings of a search: what was screened, what was confirmed, and how the score depends on each parameter.</summary>
internal static class OptimisePlots
{
    private const int MostPairs = 2000;
    private const int MostWords = 7;

    /// <summary>All that can be drawn of a run so far.</summary>
    public static IEnumerable<RunPlot> Of(OptimiseView view)
    {
        if (Trials(view) is { } trials)
        {
            yield return trials;
        }

        if ((view.Ended?.Proof ?? view.Proofs.LastOrDefault(proof => proof.Claim is not null)) is { Claim: { } claim } attempt)
        {
            yield return Pairs(view, "confirmation", $"Confirmation: {claim.Pairs} randomised pairs on fresh data", attempt.Pairs, claim.Estimate, claim.Lower);
            if (attempt.HoldOut is { } held)
            {
                yield return Pairs(view, "hold-out", $"{held.Pairs} pairs on the held-out workload", attempt.HoldOutPairs, held.Estimate, held.Lower);
            }
        }

        foreach (var parameter in view.Goal.Parameters?.Space ?? [])
        {
            if (Parameter(view, parameter) is { } plot)
            {
                yield return plot;
            }
        }

        if (view.Calibration is { Failure: null, Exact: false } calibration)
        {
            var nothing = view.Scale.Value(0);
            yield return Pairs(view, "noise", "The base against itself", calibration.Pairs, nothing, nothing);
        }
    }

    private static RunPlot? Trials(OptimiseView view)
    {
        var (scale, trials) = (view.Scale, view.Trials.ToList());
        var measured = trials.Where(IsMeasured).ToList();
        if (measured.Count == 0)
        {
            return null;
        }

        var sigma = view.Calibration?.Sigma;
        var claim = view.Ended?.Proof?.Claim;
        var isFew = measured.Sum(trial => trial.Trial.Scores.Count) <= MostPairs;
        IEnumerable<double> gains =
        [
            0, .. measured.Select(trial => trial.Mean), .. isFew ? measured.SelectMany(trial => trial.Trial.Scores) : [],
            .. sigma is { } wide ? [-2 * wide, 2 * wide] : (double[])[], .. claim is { } bound ? [scale.FromValue(bound.Lower)] : (double[])[],
        ];
        var y = Gains(view, gains.Where(double.IsFinite));
        var last = trials.Max(trial => trial.Trial.Number);
        var best = 0.0;
        List<PlotPoint> steps = [new(0.5, 0)];
        foreach (var trial in measured.OrderBy(trial => trial.Trial.Number))
        {
            if (trial.Mean > best)
            {
                best = trial.Mean;
                steps.Add(new PlotPoint(trial.Trial.Number, best));
            }
        }

        steps.Add(new PlotPoint(last + 0.5, best));
        return new RunPlot(
            "trials", "Trials",
            "Large dots: screened gains, shrunk and not proven; they only choose what is proven. Small dots: measured pairs. Band: the base " +
            "against itself, two deviations of a pair. Line: the best so far. ×: thrown out.",
            new PlotAxis("trial", 0.5, last + 0.5, [.. TrialTicks(last)]), y)
        {
            Bands = sigma is { } noise ? [new PlotBand(-2 * noise, 2 * noise, "noise")] : [],
            Rules =
            [
                new PlotRule(0, $"{scale.Text(scale.Value(0))}, as before", "base"),
                .. claim is { } proven ? [new PlotRule(scale.FromValue(proven.Lower), $"{scale.AtLeast(proven.Lower)} proven", "claim")] : (PlotRule[])[],
            ],
            Dots =
            [
                .. isFew ? measured.SelectMany(trial => trial.Trial.Scores.Select(score => new PlotDot(trial.Trial.Number, score, "small", ""))) : [],
                .. trials.Select(
                    trial => IsMeasured(trial)
                        ? new PlotDot(
                            trial.Trial.Number, trial.Mean, "main",
                            $"trial {trial.Trial.Number}: {scale.Text(scale.Value(trial.Mean))}, {OptimiseText.Point(trial.Trial)}")
                        : new PlotDot(trial.Trial.Number, y.Low, "out", $"trial {trial.Trial.Number}: {Snake.Of(trial.Trial.Outcome)}, {trial.Trial.Reason}")),
            ],
            Steps = steps,
        };
    }

    private static IEnumerable<PlotTick> TrialTicks(int last)
    {
        var step = Math.Max(1, (last + 9) / 10);
        return Enumerable.Range(1, last).Where(number => number == 1 || number % step == 0)
            .Select(number => new PlotTick(number, number.ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }

    /// <summary>A dot for each pair's gain, in the order of measuring.</summary>
    private static RunPlot Pairs(OptimiseView view, string id, string title, IReadOnlyList<EvidencePair> pairs, double estimate, double lower)
    {
        var scale = view.Scale;
        List<double> gains = [.. pairs.Select(pair => scale.Gain(pair.Base.Average(), pair.Candidate.Average()))];
        var isClaimed = lower > scale.Value(0) && lower != estimate;
        var isNothing = estimate == scale.Value(0);
        return new RunPlot(
            id, title, "A dot for each pair: the candidate beside the base, in the order of measuring.",
            new PlotAxis(
                "pair", 0.5, gains.Count + 0.5,
                [new PlotTick(1, "1"), new PlotTick(gains.Count, gains.Count.ToString(System.Globalization.CultureInfo.InvariantCulture))]),
            Gains(view, [0, scale.FromValue(estimate), .. isClaimed ? [scale.FromValue(lower)] : (double[])[], .. gains]))
        {
            IsSmall = true,
            Rules =
            [
                new PlotRule(0, $"{scale.Text(scale.Value(0))}, as before", "base"),
                .. isNothing ? (PlotRule[])[] : [new PlotRule(scale.FromValue(estimate), $"{scale.Text(estimate)} estimated", "estimate")],
                .. isClaimed ? [new PlotRule(scale.FromValue(lower), $"{scale.AtLeast(lower)} claimed", "claim")] : (PlotRule[])[],
            ],
            Dots = [.. gains.Select((gain, index) => new PlotDot(index + 1, gain, "main", $"pair {index + 1}: {scale.Text(scale.Value(gain))}"))],
        };
    }

    /// <summary>Score against one parameter's values; null where there is nothing to compare.</summary>
    private static RunPlot? Parameter(OptimiseView view, Parameter parameter)
    {
        var scale = view.Scale;
        List<(string Value, double Number, OptimiseNote.TrialEnded Trial)> points =
        [
            .. view.Trials.Where(trial => IsMeasured(trial) && trial.Trial.Parameters.ContainsKey(parameter.Name))
                .Select(trial => (trial.Trial.Parameters[parameter.Name], parameter.ToNumber(trial.Trial.Parameters[parameter.Name]), trial)),
        ];
        if (points.Count < 2)
        {
            return null;
        }

        List<(double At, string Text)> known =
            [.. points.Select(point => (point.Number, point.Value)).DistinctBy(point => point.Number).OrderBy(point => point.Number)];
        var (low, high) = (known[0].At, known[^1].At);
        var room = high > low ? (high - low) * 0.06 : 1;
        List<PlotTick> ticks = [];
        foreach (var (at, text) in known)
        {
            if (ticks.Count == 0 || at - ticks[^1].At >= (high - low) / MostWords)
            {
                ticks.Add(new PlotTick(at, text));
            }
        }

        return new RunPlot(
            $"parameter-{parameter.Name}", $"{parameter.Name} against score", "Every candidate that was measured.",
            new PlotAxis(parameter.Name, low - room, high + room, ticks), Gains(view, [0, .. points.Select(point => point.Trial.Mean)]))
        {
            IsSmall = true,
            Rules = [new PlotRule(0, $"{scale.Text(scale.Value(0))}, as before", "base")],
            Dots =
            [
                .. points.Select(
                    point => new PlotDot(
                        point.Number, point.Trial.Mean, "main",
                        $"trial {point.Trial.Trial.Number}: {point.Value}: {scale.Text(scale.Value(point.Trial.Mean))}")),
            ],
        };
    }

    /// <summary>The axis of gains, with room above and below.</summary>
    private static PlotAxis Gains(OptimiseView view, IEnumerable<double> gains)
    {
        var (low, high) = (gains.Min(), gains.Max());
        var room = Math.Max((high - low) * 0.08, 0.01);
        var harness = view.Goal.Harness;
        var unit = harness.Unit is { } given ? $", {given}" : "";
        return PlotAxis.Of($"gain of {harness.Metric}{unit}", low - room, high + room, gain => view.Scale.Text(view.Scale.Value(gain)));
    }

    private static bool IsMeasured(OptimiseNote.TrialEnded trial) => trial.Trial.Outcome == TrialOutcome.Ok && trial.Trial.Scores.Count > 0;
}
