using Godwit.Agents;
using Godwit.Durable;
using Godwit.Playbooks.Measuring;
using Godwit.Search;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>
/// One round of screening: asks for candidates, checks and measures them, and looks again where looking again pays, until its share of
/// measurements is used up.
/// </summary>
/// <param name="context">The process.</param>
/// <param name="services">The world.</param>
/// <param name="input">What it starts from.</param>
internal sealed class ScreenRound(IDurableContext context, OptimiseServices services, ScreenInput input)
{
    private const int RoundMeasurements = 120;

    // Proposals may come to nothing, such as a point that is known already; a search that finds nothing new must end all the same.
    private const int ProposalsPerTrial = 3;
    private const int SpareProposals = 50;
    private const int FirstLooks = 2;
    private const int CandidatesPerBase = 3;
    private const int Repeats = 3;
    private const int KeptBases = 10;

    // Closer looks for each candidate, at the most: time that is there anyway may be spent, time that nobody gave may not.
    private const int CloserLooksTimed = 8;
    private const int CloserLooks = 2;
    private const double ClearlyBroken = -0.1;

    private readonly OptimiseGoal _goal = input.Input.Goal;
    private readonly Calibration _calibration = input.Calibration;
    private readonly CandidateMaker _maker = new(input.Input);
    private readonly Scale _scale = input.Calibration.ScaleOf(input.Input.Goal.Harness.Maximise);
    private readonly IReadOnlyList<Constraint> _constraints =
        [.. input.Input.Goal.Harness.Constraints.Select(text => new Constraint(text)).Where(constraint => constraint.ComparesWithBase)];
    private readonly List<TrialRecord> _trials = [.. input.State.Trials];
    private readonly List<double> _bases = [.. input.State.Bases];
    private bool _replicated;
    private readonly int _start = input.State.Measurements;

    public ScreenState State { get; private set; } = input.State;

    private TrialRunner Runner => new(context, services.Measurer, _goal, _scale);

    private PointSource Points => new(_maker.Space, services.Outside, _goal, _trials);

    private int Looks => _calibration.Exact ? 1 : FirstLooks;

    private bool IsTimeUp => input.Deadline > 0 && State.ActiveSeconds - State.WaitedSeconds >= input.Deadline;

    private bool MayPropose =>
        _trials.Count < _goal.Trials && State.Proposals < ProposalsPerTrial * _goal.Trials + SpareProposals;

    private bool MayLookCloser =>
        !_calibration.Exact && State.Closer < (input.Deadline > 0 ? CloserLooksTimed : CloserLooks) * _trials.Count;

    public async Task RunAsync()
    {
        while (!State.Done && State.Failure is null && State.Measurements - _start < RoundMeasurements)
        {
            if (IsTimeUp || !await GoOnAsync())
            {
                State = State with { Done = true };
            }
        }

        State = State with { Trials = _trials, Bases = [.. _bases.TakeLast(KeptBases)] };
    }

    /// <summary>Does what is most worth doing next; false where nothing is.</summary>
    private async Task<bool> GoOnAsync()
    {
        if (_trials.Find(trial => trial.Outcome == TrialOutcome.Ok && trial.Scores.Count < Looks) is { } fresh)
        {
            await MeasureAsync(fresh);
            return true;
        }

        if (MayPropose && Next() is { } next)
        {
            await ProposeAsync(next);
            return true;
        }

        if (MayLookCloser && Closer() is { } again)
        {
            State = State with { Closer = State.Closer + 1 };
            await MeasureAsync(again);
            return true;
        }

        return false;
    }

    /// <summary>The trial of which another look would tell most; null where there is none.</summary>
    private TrialRecord? Closer() => Screening.Thompson(
        _trials.Where(trial => !input.Excluded.Contains(trial.Number)), _calibration,
        new SeededRandom(_goal.Seed, "thompson", $"{State.Measurements}"));

    /// <summary>Whose turn it is to propose; null where nobody can.</summary>
    private string? Next()
    {
        var first = Proposers.First(_goal, _goal.Parameters is null ? null : _maker.Space, services.Outside is not null);
        var shares = Screening.Shares(_trials, _calibration, first);
        var isSearched = _maker.Space.Count <= _trials.Count(trial => trial.Claim is null);
        var turn = new SeededRandom(_goal.Seed, "turn", $"{State.Proposals + 1}");
        return Proposers.Choose(shares, _goal.Parameters is not null && !isSearched, _goal, State.Ended, turn);
    }

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
        var record = await Runner.CheckAsync(trial, _maker.Make(trial.Parameters), _bases[^1]);
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
        var proposer = new CodeProposer(context, services, input.Input, _calibration, agent);
        var count = Math.Min(agent.Parallel, _goal.Trials - _trials.Count);
        var left = input.Deadline + State.WaitedSeconds - State.ActiveSeconds;
        var proposals = await proposer.ProposeAsync(
            number, count, _trials, input.Excluded, State, input.Deadline > 0 ? Math.Max(1, left) : double.PositiveInfinity);
        State = After(agent, proposals);
        var made = proposals.Select(proposal => proposal.Trial).OfType<TrialRecord>().ToList();
        if (made.Count == 0 && _trials.Count == 0 && _goal.Parameters is null && HaveAllAgentsEnded)
        {
            State = State with { Failure = $"no agent could work: {WhyTheyEnded()}" };
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

    private bool HaveAllAgentsEnded => _goal.Agents.All(agent => State.Ended.ContainsKey(agent.Name));

    private string WhyTheyEnded() =>
        string.Join("; ", State.Ended.Select(end => _goal.Agents.Count == 1 ? end.Value : $"{end.Key}: {end.Value}"));

    /// <summary>The state when agents have worked at once: what they used adds up, how long they waited doesn't.</summary>
    private ScreenState After(AgentSpec agent, IReadOnlyList<CodeProposal> proposals)
    {
        var ended = proposals.FirstOrDefault(proposal => proposal.Ended is not null)?.Ended;
        return State with
        {
            Proposals = State.Proposals + proposals.Count,
            Ended = ended is null ? State.Ended : new Dictionary<string, string>(State.Ended) { [agent.Name] = ended },
            ToolCalls = State.ToolCalls + proposals.Sum(proposal => proposal.ToolCalls),
            Agents = State.Agents + proposals.Sum(proposal => proposal.Agents),
            WaitedSeconds = State.WaitedSeconds + proposals.Select(proposal => proposal.Waited).DefaultIfEmpty(0).Max(),
            ActiveSeconds = proposals.Select(proposal => proposal.Trial?.ActiveSeconds ?? 0).Append(State.ActiveSeconds).Max(),
        };
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
        var record = trial.Reason is not null ? trial : await Runner.CheckAsync(trial, _maker.Make(trial.Parameters), _bases[^1]);
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
            return Refused(trial, measured);
        }

        var score = Screening.Score(measured.Value(_goal.Harness.Metric), _bases, _calibration, _goal.Harness.Maximise);
        trial = trial with
        {
            Scores = [.. trial.Scores, score],
            Margins = _constraints.Count == 0 ? [] : [.. trial.Margins, Margin(measured)],
        };
        if (!IsBroken(trial.Margins))
        {
            return trial;
        }

        var names = string.Join(" or ", _constraints.Select(constraint => constraint.Text));
        return trial with { Outcome = TrialOutcome.Invalid, Reason = $"constraint {names} is broken in every measurement" };
    }

    /// <summary>Whether margins show a broken constraint: each of enough measurements, and by more than noise would make.</summary>
    private bool IsBroken(IReadOnlyList<double> margins) =>
        margins.Count >= Looks
            && margins.All(margin => margin < 0)
            && margins.Average() < (_calibration.Exact ? 0 : ClearlyBroken);

    private TrialRecord Refused(TrialRecord trial, Measurement measured)
    {
        var isNumber = measured.Metrics.TryGetValue(_goal.Harness.Metric, out var metric)
            && _scale.Refuse(_goal.Harness.Metric, metric.Value) is null;
        return trial with
        {
            Outcome = measured.Outcome,
            Reason = measured.Reason,
            Log = measured.Log,
            Temptation = isNumber ? _scale.Value(_scale.Gain(_bases[^1], metric!.Value)) : 0,
        };
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
