using Godwit.Playbooks.Measuring;
using System.Globalization;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>Tells a person how a run goes that makes a number better.</summary>
/// <param name="view">The run.</param>
internal sealed class OptimiseNarrator(OptimiseView view) : RunNarrator(view)
{
    private const double EnoughTimed = 0.9;
    private const double Better = 0.005;
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private double _best;
    private int _bestTrial;
    private OptimiseNote.ProofStarted? _attempt;

    private string Unit => view.Goal.Harness.Unit is { } name ? $" {name}" : "";

    /// <inheritdoc/>
    public override string Status
    {
        get
        {
            if (view.Base is null)
            {
                return "preparing the base: checkout, setup, build, check";
            }

            if (view.Calibration is null)
            {
                return "calibrating: the base against itself";
            }

            if (_attempt is { } attempt)
            {
                return $"attempt {attempt.Attempt}: ablating, then confirming on {attempt.Pairs} fresh pairs";
            }

            var best = view.Best is { } trial && trial.Mean > 0 ? $", best {Gain(trial.Mean)} (screened, not proven)" : "";
            return $"screening: {view.Trials.Count()} of {view.Goal.Trials} candidates, {view.ThrownOut.Count()} thrown out{best}{AtWork()}";
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<RunLine> Tell(object note)
    {
        switch (note)
        {
            case OptimiseNote.BaseReady ready:
                return OfBase(ready);
            case OptimiseNote.Calibrated { Calibration: { Failure: null } calibration }:
                return OfNoise(calibration);
            case OptimiseNote.TrialEnded trial:
                return OfTrial(trial);
            case OptimiseNote.ProposerFailed failed when _told.Add(failed.Reason):
                return [new RunLine("proposer", $"{view.Goal.Proposer} gave no point, and another proposes in its place: {failed.Reason}", Tone.Bad)];
            case OptimiseNote.ProofStarted started:
                _attempt = started;
                var heldOut = view.Goal.Harness.HoldOut is null ? "" : ", and as many on the held-out workload";
                return
                [
                    new RunLine(
                        "proving",
                        $"trial {started.Trial}, screened at {Gain(started.Screened)}: {started.Pairs} fresh pairs{heldOut}", Tone.Strong),
                ];
            case OptimiseNote.ProofEnded ended:
                _attempt = null;
                return OfAttempt(ended.Result);
            default:
                return [];
        }
    }

    private IEnumerable<RunLine> OfBase(OptimiseNote.BaseReady ready)
    {
        var harness = view.Goal.Harness;
        yield return new RunLine(
            "base", $"{Scale.Number(ready.Value)}{Unit}, {ready.Seconds:0.0#} s a measurement{TimedShare(ready)}", Tone.Strong);
        yield return new RunLine("measured", harness.Kind.InWords(), Tone.Strong);
        if (ready.Reference > 0)
        {
            yield return new RunLine(
                "note",
                $"{harness.Metric} can be 0 or below, so candidates are compared by their difference ('scale: ratio' below " +
                $"'measure' compares ratios)",
                Tone.Dim);
        }

        if (ready.Complaint is { } complaint)
        {
            yield return new RunLine("note", $"the base ends well, but its standard error says: {complaint}", Tone.Bad);
        }
    }

    private IEnumerable<RunLine> OfNoise(Calibration calibration)
    {
        var @base = calibration.Exact ? "" : $"; the base has {Scale.Number(calibration.Base)}{Unit}";
        yield return new RunLine("noise", OptimiseText.Noise(calibration) + @base, Tone.Strong);
        if (calibration.SameAnswers)
        {
            yield return new RunLine(
                "note", "the answer is the same for every seed, so a candidate could carry it: make the work from $GODWIT_SEED", Tone.Bad);
        }
    }

    private IEnumerable<RunLine> OfTrial(OptimiseNote.TrialEnded ended)
    {
        var trial = ended.Trial;
        if (trial.Outcome != TrialOutcome.Ok)
        {
            // One of a kind is told; the status line counts the others and the report shows all.
            if (_told.Add(Kind(trial)))
            {
                var temptation = trial.Temptation > 0 ? $"{view.Scale.Text(trial.Temptation)}, but " : "";
                yield return new RunLine(
                    "out", $"trial {trial.Number} ({OptimiseText.Point(trial)}): {temptation}{trial.Reason}", Tone.Bad);
            }

            yield break;
        }

        var best = view.Best;
        var isBest = best is not null && best.Trial.Number == trial.Number && best.Trial.Scores.Count > 1;
        if (isBest && best!.Mean > _best + Better && trial.Number != _bestTrial)
        {
            (_best, _bestTrial) = (best.Mean, trial.Number);
            yield return new RunLine(
                "best", $"trial {trial.Number} {Gain(best.Mean)} screened, not proven  {OptimiseText.Point(trial)}", Tone.Strong);
        }
    }

    private IEnumerable<RunLine> OfAttempt(ProofResult result)
    {
        if (result.Dropped.Count > 0)
        {
            yield return new RunLine("ablated", $"{string.Join(", ", result.Dropped)} made no difference and went back", Tone.Strong);
        }

        if (result.Claim is { } claim)
        {
            yield return new RunLine("confirm", $"{Shown(claim)} ({claim.Pairs} pairs)", Tone.Strong);
        }

        if (result.HoldOut is { } held)
        {
            yield return new RunLine("held out", Shown(held), Tone.Strong);
        }

        if (result.Reason is not null)
        {
            yield return new RunLine("not", result.Reason, Tone.Bad);
        }
    }

    private string Shown(ClaimTest test) => $"{view.Scale.Text(test.Estimate)}, at least {view.Scale.AtLeast(test.Lower)}";

    private string Gain(double mean) => view.Scale.Text(view.Scale.Value(mean));

    /// <summary>
    /// How much of a measurement is timed, and what that hides: a part outside of the clock's own span dilutes every gain.
    /// </summary>
    private string TimedShare(OptimiseNote.BaseReady ready)
    {
        if (ready.TimedShare <= 0)
        {
            return "";
        }

        var share = string.Create(CultureInfo.InvariantCulture, $", {ready.TimedShare:P0} of it timed");
        return view.Goal.Harness.Kind != MeasurementKind.Wall || ready.TimedShare >= EnoughTimed ? share
            : share + string.Create(
                CultureInfo.InvariantCulture,
                $": a gain of 3x there shows as {1 / (1 - ready.TimedShare + ready.TimedShare / 3):0.0}x, so do more work in " +
                $"one measurement");
    }

    /// <summary>A reason without its numbers: two refusals that differ only in them are of one kind.</summary>
    private static string Kind(TrialRecord trial) =>
        new([.. (trial.Reason ?? trial.Outcome.ToString()).Where(letter => !char.IsAsciiHexDigitLower(letter) && !char.IsDigit(letter))]);
}
