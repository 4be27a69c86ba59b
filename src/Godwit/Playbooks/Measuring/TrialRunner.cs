using Godwit.Durable;
using Godwit.Playbooks.Optimise;
using Godwit.Verification;

namespace Godwit.Playbooks.Measuring;

/// <summary>Checks a candidate, and looks once at what a refused one would have shown.</summary>
/// <param name="context">The process.</param>
/// <param name="measurer">Checks and measures.</param>
/// <param name="goal">The goal.</param>
/// <param name="scale">How values are compared.</param>
internal sealed class TrialRunner(IDurableContext context, IMeasurer measurer, OptimiseGoal goal, Scale scale)
{
    public async Task<TrialRecord> CheckAsync(TrialRecord trial, Candidate candidate, double baseValue)
    {
        var check = await context.StepAsync($"trial/{trial.Number}/check", Effect.Repeatable, candidate, measurer.CheckAsync);
        trial = trial with
        {
            Outcome = check.Outcome,
            Reason = check.Reason,
            Log = check.Outcome == TrialOutcome.Ok ? null : check.Log,
            ActiveSeconds = check.ActiveSeconds,
        };
        if (check.Outcome != TrialOutcome.Invalid || goal.Harness.Check is null)
        {
            return trial;
        }

        // Only to show what the cheat was worth: the number decides nothing and no proposer sees it.
        var look = await context.StepAsync(
            $"trial/{trial.Number}/look", Effect.Repeatable,
            new SingleRequest(candidate, false, PairSeries.Seed(goal.Seed, "look", trial.Number), false), measurer.MeasureAsync);
        return look.Metrics.TryGetValue(goal.Harness.Metric, out var metric) && scale.Refuse(goal.Harness.Metric, metric.Value) is null
            ? trial with { Temptation = scale.Value(scale.Gain(baseValue, metric.Value)), ActiveSeconds = look.ActiveSeconds }
            : trial;
    }
}
