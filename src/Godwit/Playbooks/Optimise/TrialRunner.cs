using Godwit.Durable;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>Checks a candidate, and looks once at what a refused one would have shown.</summary>
internal sealed class TrialRunner(IDurableContext context, IMeasurer measurer, Goal goal)
{
    public async Task<TrialRecord> CheckAsync(TrialRecord trial, Candidate candidate, double baseValue)
    {
        var check = await context.StepAsync($"trial/{trial.Number}/check", Effect.Repeatable, candidate, measurer.CheckAsync);
        trial = trial with { Outcome = check.Outcome, Reason = check.Reason, Log = check.Outcome == TrialOutcome.Ok ? null : check.Log, ActiveSeconds = check.ActiveSeconds };
        if (check.Outcome != TrialOutcome.Invalid || goal.Harness.Check is null)
        {
            return trial;
        }

        // Only to show what the cheat was worth: the number decides nothing and no proposer sees it.
        var look = await context.StepAsync(
            $"trial/{trial.Number}/look", Effect.Repeatable, new SingleRequest(candidate, false, PairSeries.Seed(goal.Seed, "look", trial.Number), false), measurer.MeasureAsync);
        return look.Metrics.TryGetValue(goal.Harness.Metric, out var metric) && metric.Value > 0
            ? trial with { Temptation = Math.Exp(ClaimRule.LogRatio(baseValue, metric.Value, goal.Harness.Maximise)), ActiveSeconds = look.ActiveSeconds }
            : trial;
    }
}
