using Godwit.Agents;
using Godwit.Durable;
using Godwit.Playbooks.Measuring;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Optimise;

/// <summary>
/// Makes a number better without breaking anything, and proves it: calibrate, screen, ablate, confirm, hold out, deliver.
/// </summary>
/// <param name="Services">The world.</param>
public sealed record OptimisePlaybook(OptimiseServices Services) : Playbook<OptimiseInput, OptimiseResult>("optimise")
{
    private const double ScreenedShare = 0.60;
    private const int MostProofs = 8;

    /// <summary>All playbooks that a run of this one starts.</summary>
    public PlaybookCatalogue Catalogue() => new(
        [
            this,
            new CalibratePlaybook(Services.Measurer),
            new ScreenPlaybook(Services),
            new ProofPlaybook(Services),
            .. Services.Agents is { } agents ? AgentPlaybook.All(agents) : [],
        ]);

    /// <inheritdoc/>
    public override async Task<OptimiseResult> RunAsync(IDurableContext context, OptimiseInput input)
    {
        var stages = new Stages(context, input);
        var result = await OptimiseAsync(context, stages);
        var key = stages.Raises == 0 ? "note/finished" : $"note/finished/{stages.Raises}";
        await context.NoteAsync(key, (OptimiseNote)new OptimiseNote.Finished(result));
        return result;
    }

    private async Task<OptimiseResult> OptimiseAsync(IDurableContext context, Stages stages)
    {
        var calibration = await stages.RunAsync("calibrate", new CalibratePlaybook(Services.Measurer), given => given);
        for (var again = 2; calibration.Failure is not null && stages.WasRaised; again++)
        {
            calibration = await stages.RunAsync($"calibrate/{again}", new CalibratePlaybook(Services.Measurer), given => given);
        }

        return calibration.Failure is { } failure ? Failed(failure) : await SearchAsync(context, stages, calibration);
    }

    private async Task<OptimiseResult> SearchAsync(IDurableContext context, Stages stages, Calibration calibration)
    {
        var (goal, deadline) = (stages.Input.Goal, Deadline(stages.Input.Goal, calibration));
        var state = new ScreenState
        {
            Trials = calibration.Tried,
            Bases = [.. calibration.Bases.TakeLast(5)],
            BaseMetrics = calibration.BaseMetrics,
            ActiveSeconds = calibration.ActiveSeconds,
        };
        var disproven = new List<ProofResult>();
        var attempts = 0;
        for (var segment = 1; ; segment++)
        {
            var (known, until) = (state, deadline);
            var excluded = disproven.Select(attempt => attempt.Trial).ToList();
            state = await stages.RunAsync(
                $"screen/{segment}", new ScreenPlaybook(Services), given => new ScreenInput(given, calibration, known, until, excluded));
            if (stages.WasRaised)
            {
                GoOn();
                continue;
            }

            if (state.Failure is not null)
            {
                return Failed(state.Failure);
            }

            if (!state.Done)
            {
                continue;
            }

            var finalist = disproven.Count < MostProofs
                ? Screening.Finalist(state.Trials, calibration, goal.MinimumEffect, excluded)
                : null;
            var end = goal.Seconds > 0 ? calibration.StartSeconds + goal.Seconds : 0;
            if (finalist is null)
            {
                // The reserve is of no use without a finalist: it goes into further candidates, while there are any.
                if (deadline > 0
                    && deadline < end
                    && state.Trials.Count < goal.Trials
                    && (goal.Parameters is not null || goal.Agents.Any(agent => !state.Ended.ContainsKey(agent.Name))))
                {
                    deadline = end;
                    state = state with { Done = false };
                    continue;
                }

                return await WithDeadParametersAsync(context, stages.Input, Ended(stages, calibration, state, disproven));
            }

            var attempt = await AttemptAsync(context, stages, calibration, state, finalist, ++attempts + stages.Looks);
            state = state with { ActiveSeconds = Math.Max(state.ActiveSeconds, attempt.ActiveSeconds) };
            if (attempt.Proven)
            {
                return goal.Harness.Kind.CanClaim()
                    ? await DeliverAsync(context, stages.Input, calibration, attempt, state.Trials.Count)
                    : await KeepAsync(context, stages.Input, calibration, attempt);
            }

            if (attempt.BaseFailed && !stages.WasRaised)
            {
                return Failed($"the base can't be measured: {attempt.Reason}");
            }

            disproven.Add(attempt);
            state = state with { Done = state.Trials.Count >= goal.Trials || attempt.Planned == 0 };
            deadline = end;
            if (stages.WasRaised)
            {
                GoOn();
            }
        }

        // With more to spend: who had come to an end may be asked again, and what there was no time to prove may be proven.
        void GoOn()
        {
            goal = stages.Input.Goal;
            deadline = Deadline(goal, calibration);
            state = state with { Failure = null, Done = false, Ended = new Dictionary<string, string>() };
            disproven.RemoveAll(attempt => attempt.Planned == 0 || attempt.BaseFailed);
        }
    }

    /// <summary>The run's active time at which screening ends, so that a reserve is left for proof; 0 for none.</summary>
    private static double Deadline(OptimiseGoal goal, Calibration calibration) =>
        goal.Seconds > 0 ? calibration.StartSeconds + goal.Seconds * ScreenedShare : 0;

    /// <summary>A candidate that was built on another says whose work it carries on.</summary>
    private static TrialRecord WithOrigin(TrialRecord trial, IReadOnlyList<TrialRecord> trials)
    {
        var summary = trial.Claim?.Summary ?? "";
        for (var parent = trial.Claim?.Parent ?? 0; parent > 0 && trials[parent - 1].Claim is { } claim; parent = claim.Parent)
        {
            summary += $"\n\nBuilt on trial {parent}: {claim.Summary}";
        }

        return trial.Claim is { Parent: > 0 } own ? trial with { Claim = own with { Summary = summary } } : trial;
    }

    private async Task<ProofResult> AttemptAsync(
        IDurableContext context, Stages stages, Calibration calibration, ScreenState state, TrialRecord finalist, int number)
    {
        var attempt = await stages.RunAsync($"attempt/{number}", new ProofPlaybook(Services), given => new ProofInput(
            given, calibration, WithOrigin(finalist, state.Trials), number, Screening.Posterior(finalist, calibration).Mean,
            Screening.RefinedSigma(state.Trials, calibration), state.ActiveSeconds, state.WaitedSeconds));
        await context.NoteAsync($"note/attempt/{number}", (OptimiseNote)new OptimiseNote.ProofEnded(attempt));
        return attempt;
    }

    private async Task<OptimiseResult> DeliverAsync(
        IDurableContext context, OptimiseInput input, Calibration calibration, ProofResult proof, int trials)
    {
        var delivery = Services.Delivery;
        var at = await context.NowAsync("deliver/at");
        var commit = await context.StepAsync(
            "deliver/commit", Effect.Repeatable, new DeliveryRequest(input, proof, at), delivery.CommitAsync);
        var evidence = await context.StepAsync(
            "deliver/evidence", Effect.Repeatable, new EvidenceRequest(input, calibration, proof, commit, trials, at), delivery.SignAsync);
        var publish = new PublishRequest(input.Source, input.Branch, commit);
        var branch = await context.StepAsync(
            "deliver/branch",
            Effect.External(new Probe((_, cancellation) => Services.Publisher.ProbeAsync(publish, cancellation)), targetDeduplicates: true),
            publish, Services.Publisher.PublishAsync);
        await context.NoteAsync("note/delivered", (OptimiseNote)new OptimiseNote.Delivered(branch, commit, evidence));
        var claim = proof.Claim!;
        return new OptimiseResult
        {
            State = "verified",
            Reason = calibration.Exact
                ? $"{input.Goal.Harness.Metric} is {Gain(calibration, input.Goal, claim.Lower)}, in every repeat"
                : $"{input.Goal.Harness.Metric} is at least {Gain(calibration, input.Goal, claim.Lower)} " +
                    $"at {input.Goal.Confidence:P0} confidence",
            Proof = proof,
            Branch = branch,
            Commit = commit,
            Evidence = evidence,
        };
    }

    /// <summary>A gain that only the candidate's own process reports is kept in the run's clone, and nothing is signed.</summary>
    private async Task<OptimiseResult> KeepAsync(
        IDurableContext context, OptimiseInput input, Calibration calibration, ProofResult attempt)
    {
        var at = await context.NowAsync("deliver/at");
        var commit = await context.StepAsync(
            "deliver/commit", Effect.Repeatable, new DeliveryRequest(input, attempt, at), Services.Delivery.CommitAsync);
        var (claim, outside) = (attempt.Claim!, attempt.Outside!);
        return new OptimiseResult
        {
            State = "not_verified",
            Reason =
                $"{input.Goal.Harness.Metric} is {Gain(calibration, input.Goal, claim.Estimate)} by what the candidate's own " +
                $"process reports, and {Bound.Text(outside.Estimate)} times (at least {Bound.Text(outside.Lower)}) by Godwit's " +
                $"clock around the whole run; "
                + "a figure that the candidate's code can reach is never claimed, whether or not it is true: docs/observed.md " +
                "says how to have it observed",
            Proof = attempt,
            Commit = commit,
        };
    }

    private static string Gain(Calibration calibration, OptimiseGoal goal, double value) =>
        calibration.ScaleOf(goal.Harness.Maximise) is { ByDifference: true } scale
        ? $"{scale.Text(value)}{(goal.Harness.Unit is { } unit ? $" {unit}" : "")} than the base's"
        : $"{Bound.Text(value)} times better";

    /// <summary>A search that found nothing may have turned knobs that are connected to nothing.</summary>
    private async Task<OptimiseResult> WithDeadParametersAsync(IDurableContext context, OptimiseInput input, OptimiseResult result)
    {
        if (result.State != "no_improvement" || input.Goal.Parameters is not { } parameters)
        {
            return result;
        }

        var request = new SingleRequest(
            new CandidateMaker(input).Unreadable(), true, PairSeries.Seed(input.Goal.Seed, "unreadable", 0), false);
        var blind = await context.StepAsync("unreadable/measure", Effect.Repeatable, request, Services.Measurer.MeasureAsync);
        return blind.Outcome != TrialOutcome.Ok ? result : result with
        {
            Reason =
                $"{result.Reason}; measure gives a number even when {parameters.File} can't be read: dead parameters, unless " +
                $"it falls back to defaults on purpose",
        };
    }

    private static OptimiseResult Ended(Stages stages, Calibration calibration, ScreenState state, List<ProofResult> disproven)
    {
        // A search may ask for the base's own point, which passes whatever is wrong with all others.
        var goal = stages.Input.Goal;
        var maker = new CandidateMaker(stages.Input);
        var others = state.Trials.Where(trial => trial.Claim is not null || maker.Changed(trial.Parameters).Count > 0).ToList();
        if (others.Count > 0 && others.TrueForAll(trial => trial.Outcome != TrialOutcome.Ok))
        {
            var common = others.GroupBy(trial => (trial.Outcome, trial.Reason)).MaxBy(group => group.Count())!;
            var how = others.TrueForAll(trial => trial.Outcome == TrialOutcome.Crashed) ? "crashed" : "were thrown out";
            return Failed($"all {others.Count} candidates {how}; most often: {common.Key.Reason}");
        }

        if (disproven.FindLast(attempt => attempt.Claim is not null || attempt.Planned == 0) is { } last)
        {
            return new OptimiseResult { State = "no_improvement", Reason = $"trial {last.Trial} looked best, but {last.Reason}" };
        }

        var smallest = stages.Raises == 0 && calibration.SmallestEffect > goal.MinimumEffect
            ? $"; this budget could prove {calibration.SmallestEffect:P0} or more"
            : "";
        return new OptimiseResult
        {
            State = "no_improvement",
            Reason = $"no candidate of {state.Trials.Count} came near +{goal.MinimumEffect:P0}{smallest}",
        };
    }

    private static OptimiseResult Failed(string reason) => new() { State = "failed", Reason = reason };
}
