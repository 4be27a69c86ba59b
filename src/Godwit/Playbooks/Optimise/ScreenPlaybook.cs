using Godwit.Agents;
using Godwit.Durable;
using Godwit.Playbooks.Measuring;
using Godwit.Search;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>What a segment of screening starts from.</summary>
/// <param name="Input">The run's input.</param>
/// <param name="Calibration">The noise.</param>
/// <param name="State">What is known.</param>
/// <param name="Deadline">The run's active time at which screening ends; 0 for none.</param>
/// <param name="Excluded">Trials that an attempt has disproven.</param>
public sealed record ScreenInput(
    OptimiseInput Input, Calibration Calibration, ScreenState State, double Deadline, IReadOnlyList<int> Excluded);

/// <summary>A segment of screening: proposes, checks and measures candidates, and spends little on losers.</summary>
/// <param name="Services">The world.</param>
internal sealed record ScreenPlaybook(OptimiseServices Services) : Playbook<ScreenInput, ScreenState>("optimise/screen")
{
    private const int SegmentMeasurements = 120;
    private const int FirstLooks = 2;
    private const int CandidatesPerBase = 3;
    private const int Repeats = 3;
    // Closer looks for each candidate, at the most: time that is there anyway may be spent, time that nobody gave may not.
    private const int CloserLooksTimed = 8;
    private const int CloserLooks = 2;
    private const double ClearlyBroken = -0.1;

    public override async Task<ScreenState> RunAsync(IDurableContext context, ScreenInput input)
    {
        var segment = new Segment(context, Services, input);
        await segment.RunAsync();
        return segment.State;
    }

    private sealed class Segment(IDurableContext context, OptimiseServices services, ScreenInput input)
    {
        private readonly OptimiseGoal _goal = input.Input.Goal;
        private readonly Calibration _calibration = input.Calibration;
        private readonly CandidateMaker _maker = new(input.Input);
        private readonly Scale _scale = input.Calibration.ScaleOf(input.Input.Goal.Harness.Maximise);
        private readonly TrialRunner _runner = new(
            context, services.Measurer, input.Input.Goal, input.Calibration.ScaleOf(input.Input.Goal.Harness.Maximise));
        private readonly IReadOnlyList<Constraint> _constraints =
            [.. input.Input.Goal.Harness.Constraints.Select(text => new Constraint(text)).Where(constraint => constraint.ComparesWithBase)];
        private readonly List<TrialRecord> _trials = [.. input.State.Trials];
        private readonly List<double> _bases = [.. input.State.Bases];
        private bool _replicated;
        private readonly int _start = input.State.Measurements;

        public ScreenState State { get; private set; } = input.State;

        private PointSource Points => new(_maker.Space, services.Outside, _goal, _trials);

        public async Task RunAsync()
        {
            while (!State.Done && State.Failure is null && State.Measurements - _start < SegmentMeasurements)
            {
                if (input.Deadline > 0 && State.ActiveSeconds - State.WaitedSeconds >= input.Deadline)
                {
                    State = State with { Done = true };
                }
                else if (
                    _trials.Find(
                        trial => trial.Outcome == TrialOutcome.Ok
                            && trial.Scores.Count < (_calibration.Exact ? 1 : FirstLooks)) is { } fresh)
                {
                    await MeasureAsync(fresh);
                }
                else if (_trials.Count < _goal.Trials && State.Proposals < 3 * _goal.Trials + 50 && Next() is { } next)
                {
                    await ProposeAsync(next);
                }
                else if (!_calibration.Exact
                    && State.Closer < (input.Deadline > 0 ? CloserLooksTimed : CloserLooks) * _trials.Count
                    && Closer() is { } again)
                {
                    State = State with { Closer = State.Closer + 1 };
                    await MeasureAsync(again);
                }
                else
                {
                    State = State with { Done = true };
                }
            }

            State = State with { Trials = _trials, Bases = [.. _bases.TakeLast(10)] };
        }

        private TrialRecord? Closer() => Screening.Thompson(
            _trials.Where(trial => !input.Excluded.Contains(trial.Number)), _calibration,
            new SeededRandom(_goal.Seed, "thompson", $"{State.Measurements}"));

        /// <summary>Whose turn it is to propose; null where nobody can.</summary>
        private string? Next() => Proposers.Choose(
            Screening.Shares(
                _trials, _calibration,
                Proposers.First(_goal, _goal.Parameters is null ? null : _maker.Space, services.Outside is not null)),
            _goal.Parameters is not null && !(_maker.Space.Count <= _trials.Count(trial => trial.Claim is null)), _goal,
            State.Ended, new SeededRandom(_goal.Seed, "turn", $"{State.Proposals + 1}"));

        private async Task ProposeAsync(string next)
        {
            var number = State.Proposals + 1;
            if (_goal.Agents.FirstOrDefault(agent => agent.Name == next) is { } agent)
            {
                await EditAsync(agent, number);
                return;
            }

            State = State with { Proposals = number };
            var observations = Screening.Observations(_trials, _calibration);
            var proposal = await context.StepAsync(
                $"propose/{number}", Effect.Repeatable, new ProposeInput(number, next, observations),
                (ask, _, cancellation) => Points.AskAsync(ask, cancellation));
            if (proposal.Failure is { } failure)
            {
                await context.NoteAsync($"note/proposer/{number}", (OptimiseNote)new OptimiseNote.ProposerFailed(failure));
            }

            if (Points.Known(proposal.Point) is { } known)
            {
                // A point that is asked for again is worth another look, where looking again can tell anything new; one that
                // is asked for again and again must not keep new ones from being tried.
                var replicates = known.Outcome == TrialOutcome.Ok && !_calibration.Exact && !_replicated;
                _replicated = replicates;
                if (replicates)
                {
                    await MeasureAsync(known);
                    return;
                }

                if (Points.Untried(number) is not { } other)
                {
                    return;
                }

                proposal = new Proposal(Proposers.Random.Name, other);
            }

            _replicated = false;

            var trial = new TrialRecord { Number = _trials.Count + 1, Parameters = proposal.Point, Proposer = proposal.Proposer };
            _trials.Add(trial);
            var record = await _runner.CheckAsync(trial, _maker.Make(trial.Parameters), _bases[^1]);
            await UpdateAsync(Timed(record), $"note/trial/{trial.Number}/checked", tell: record.Outcome != TrialOutcome.Ok);
        }

        /// <summary>What it took, for the credit of who proposed it.</summary>
        /// <param name="fresh">The candidate, proposed and checked.</param>
        /// <param name="shared">What it took to propose those that were made at once, of which it bears its part.</param>
        private TrialRecord Timed(TrialRecord fresh, double shared = 0) =>
            fresh with { Seconds = Math.Max(0, fresh.ActiveSeconds - State.ActiveSeconds) + shared };

        /// <summary>Candidates that agents make by editing code, as many at once as the goal says.</summary>
        private async Task EditAsync(AgentSpec agent, int number)
        {
            var before = State.ActiveSeconds;
            var proposals = await new CodeProposer(context, services, input.Input, _calibration, agent)
                .ProposeAsync(
                    number, Math.Min(agent.Parallel, _goal.Trials - _trials.Count), _trials, input.Excluded, State,
                    input.Deadline > 0 ? Math.Max(1, input.Deadline + State.WaitedSeconds - State.ActiveSeconds) : double.PositiveInfinity);
            State = State with
            {
                Proposals = State.Proposals + proposals.Count,
                Ended = proposals.FirstOrDefault(proposal => proposal.Ended is not null)?.Ended is { } ended
                    ? new Dictionary<string, string>(State.Ended) { [agent.Name] = ended }
                    : State.Ended,
                ToolCalls = State.ToolCalls + proposals.Sum(proposal => proposal.ToolCalls),
                Agents = State.Agents + proposals.Sum(proposal => proposal.Agents),
                WaitedSeconds = State.WaitedSeconds + proposals.Select(proposal => proposal.Waited).DefaultIfEmpty(0).Max(),
                ActiveSeconds = proposals.Select(proposal => proposal.Trial?.ActiveSeconds ?? 0).Append(before).Max(),
            };
            var made = proposals.Select(proposal => proposal.Trial).OfType<TrialRecord>().ToList();
            if (made.Count == 0
                && _trials.Count == 0
                && _goal.Parameters is null
                && _goal.Agents.All(one => State.Ended.ContainsKey(one.Name)))
            {
                State = State with
                {
                    Failure =
                        $"no agent could work: {string.Join("; ", State.Ended.Select(one => _goal.Agents.Count == 1 ? one.Value : $"{one.Key}: {one.Value}"))}",
                };
            }

            var each = (State.ActiveSeconds - before) / Math.Max(made.Count, 1);
            foreach (var trial in made)
            {
                await JudgeEditAsync(
                    trial with
                    {
                        Number = _trials.Count + 1,
                        Parameters = _maker.Complete(trial.Parameters),
                        ActiveSeconds = State.ActiveSeconds,
                    },
                    each);
            }
        }

        /// <summary>An agent that was thrown out, or that made what another had made, has used a trial up all the same.</summary>
        private async Task JudgeEditAsync(TrialRecord trial, double seconds)
        {
            if (trial.Reason is null && Points.Known(trial.Parameters) is { } same)
            {
                trial = trial with { Outcome = TrialOutcome.Invalid, Reason = $"it is the same as trial {same.Number}" };
            }
            else if (trial.Reason is null && _trials.Find(other => other.Claim?.Shape == trial.Claim!.Shape) is { } alike)
            {
                trial = trial with
                {
                    Outcome = TrialOutcome.Invalid,
                    Reason = $"it differs from trial {alike.Number} in nothing but white space",
                };
            }

            _trials.Add(trial);
            var record = trial.Reason is not null ? trial : await _runner.CheckAsync(trial, _maker.Make(trial.Parameters), _bases[^1]);
            await UpdateAsync(Timed(record, seconds), $"note/trial/{trial.Number}/checked", tell: record.Outcome != TrialOutcome.Ok);
        }

        private async Task MeasureAsync(TrialRecord trial)
        {
            if (State.SinceBase >= CandidatesPerBase || _bases.Count == 0 || (_goal.Harness.Kind.HasAnswer() && State.BaseAnswer is null))
            {
                await MeasureBaseAsync();
            }

            for (var repeat = 0; repeat < Repeats && State.Failure is null; repeat++)
            {
                var measured = await StepAsync($"trial/{trial.Number}", _maker.Make(trial.Parameters), isBase: false);
                State = State with { SinceBase = State.SinceBase + 1 };
                trial = trial with
                {
                    ActiveSeconds = measured.ActiveSeconds,
                    Infrastructure = trial.Infrastructure + (measured.Outcome == TrialOutcome.Infrastructure ? 1 : 0),
                };
                if (measured.Outcome != TrialOutcome.Infrastructure || repeat == Repeats - 1)
                {
                    trial = Judge(trial, measured);
                    break;
                }
            }

            await UpdateAsync(trial, $"note/trial/{trial.Number}/measured/{State.Measurements}", tell: true);
        }

        private TrialRecord Judge(TrialRecord trial, Measurement measured)
        {
            if (measured.Outcome != TrialOutcome.Ok)
            {
                var refused = measured.Metrics.TryGetValue(_goal.Harness.Metric, out var metric)
                    && _scale.Refuse(_goal.Harness.Metric, metric.Value) is null;
                return trial with
                {
                    Outcome = measured.Outcome,
                    Reason = measured.Reason,
                    Log = measured.Log,
                    Temptation = refused ? _scale.Value(_scale.Gain(_bases[^1], metric!.Value)) : 0,
                };
            }

            trial = trial with
            {
                Scores =
                    [.. trial.Scores, Screening.Score(measured.Value(_goal.Harness.Metric), _bases, _calibration, _goal.Harness.Maximise)],
                Margins = _constraints.Count == 0 ? [] : [.. trial.Margins, Margin(measured)],
            };
            return trial.Margins.Count >= (_calibration.Exact ? 1 : FirstLooks)
                && trial.Margins.All(margin => margin < 0)
                && trial.Margins.Average() < (_calibration.Exact ? 0 : ClearlyBroken)
                ? trial with
                {
                    Outcome = TrialOutcome.Invalid,
                    Reason =
                        $"constraint {string.Join(" or ", _constraints.Select(constraint => constraint.Text))} is broken in " +
                        $"every measurement",
                }
                : trial;
        }

        private double Margin(Measurement measured)
        {
            var @base = new Measurement
            {
                Metrics = State.BaseMetrics.ToDictionary(pair => pair.Key, pair => new MetricSamples([pair.Value], null)),
            };
            return _constraints.Min(constraint => constraint.Margin(new Pair(true, @base, measured, 0)));
        }

        private async Task MeasureBaseAsync()
        {
            for (var repeat = 0; repeat < Repeats; repeat++)
            {
                var measured = await StepAsync("base", Candidate.Base, isBase: true);
                if (measured.Outcome == TrialOutcome.Ok)
                {
                    _bases.Add(measured.Value(_goal.Harness.Metric));
                    State = State with
                    {
                        SinceBase = 0,
                        BaseAnswer = measured.Answer,
                        BaseSeed = PairSeries.Seed(_goal.Seed, "screen", State.Measurements),
                        BaseMetrics = measured.Metrics.ToDictionary(pair => pair.Key, pair => pair.Value.Value),
                    };
                    return;
                }

                State = repeat == Repeats - 1 ? State with { Failure = $"the base can't be measured: {measured.Reason}" } : State;
            }
        }

        private async Task<Measurement> StepAsync(string what, Candidate candidate, bool isBase)
        {
            var number = State.Measurements + 1;

            // Answers are compared with the base's, so they are asked with its seed.
            var seed = !isBase && _goal.Harness.Kind.HasAnswer() ? State.BaseSeed : PairSeries.Seed(_goal.Seed, "screen", number);
            var measured = await context.StepAsync(
                $"{what}/measure/{number}", Effect.Repeatable, new SingleRequest(candidate, isBase, seed, false),
                services.Measurer.MeasureAsync);
            State = State with { Measurements = number, ActiveSeconds = Math.Max(State.ActiveSeconds, measured.ActiveSeconds) };
            return measured.Outcome == TrialOutcome.Ok && Refuse(measured, isBase) is { } refusal
                ? measured with { Outcome = TrialOutcome.Invalid, Reason = refusal }
                : measured;
        }

        private string? Refuse(Measurement measured, bool isBase) =>
            _scale.Refuse(_goal.Harness.Metric, measured.Value(_goal.Harness.Metric))
            ?? (
                !isBase && _goal.Harness.Kind.HasAnswer() && measured.Answer != State.BaseAnswer
                    ? PairSeries.WrongAnswer(measured.Answer, State.BaseAnswer)
                    : null);

        private async Task UpdateAsync(TrialRecord trial, string note, bool tell)
        {
            _trials[trial.Number - 1] = trial;
            State = State with { ActiveSeconds = Math.Max(State.ActiveSeconds, trial.ActiveSeconds) };
            if (tell)
            {
                await context.NoteAsync(
                    note,
                    (OptimiseNote)new OptimiseNote.TrialEnded(
                        trial, Screening.Posterior(trial, _calibration).Mean, _bases.Count == 0 ? 0 : _bases[^1]));
            }
        }
    }
}
