using System.Text;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Verification;

/// <summary>Checks and measures candidates with the goal's own commands, in sandboxes, one at a time.</summary>
internal sealed class SandboxMeasurer : IMeasurer, IDisposable
{
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly HarnessTrees _trees;
    private readonly HarnessSpec _spec;
    private readonly MeasuredCommands _commands;
    private readonly IReadOnlyList<Constraint> _constraints;

    public SandboxMeasurer(HarnessTrees trees, HarnessSpec spec, SandboxRunner sandbox, RunFolder folder)
    {
        _trees = trees;
        _spec = spec;
        _commands = new MeasuredCommands(trees, spec, sandbox, folder);
        _constraints = [.. spec.Constraints.Select(text => new Constraint(text)).Where(constraint => !constraint.ComparesWithBase)];
    }

    /// <summary>Held while something runs that noise would spoil; whoever draws takes it first.</summary>
    public SemaphoreSlim Quiet => _oneAtATime;

    public async Task<CheckResult> CheckAsync(Candidate candidate, Attempt attempt, CancellationToken cancellation)
    {
        await _oneAtATime.WaitAsync(cancellation);
        try
        {
            var tree = await _trees.PlaceAsync(candidate, left: true, cancellation);
            if (_spec.Check is null)
            {
                return new CheckResult(TrialOutcome.Ok, null, null, attempt.ActiveTime.TotalSeconds, Records([], attempt));
            }

            var result = await _commands.CheckAsync(_spec.Check, tree, cancellation);
            var (outcome, reason) = result switch
            {
                { TimedOut: true } => (TrialOutcome.TimedOut, $"check took longer than {_spec.BuildTimeout.TotalSeconds:0} s"),
                { ExitCode: 0 } => (TrialOutcome.Ok, null),
                { Crashed: true } =>
                    (TrialOutcome.Crashed, $"check was ended by signal {result.ExitCode - 128}: {FailureCause.Of(result)}"),
                _ => (TrialOutcome.Invalid, Why("check", _spec.Check, result, candidate)),
            };
            var records = Records([new Carried("check", _spec.Check, result)], attempt);
            return new CheckResult(outcome, reason, records[^1].Log, attempt.ActiveTime.TotalSeconds, records);
        }
        catch (PrepareException failed)
        {
            return new CheckResult(
                failed.Outcome, failed.Message, Put(failed.Log, attempt), attempt.ActiveTime.TotalSeconds, Records([], attempt));
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public async Task<Measurement> MeasureAsync(SingleRequest request, Attempt attempt, CancellationToken cancellation)
    {
        await _oneAtATime.WaitAsync(cancellation);
        using var measuring = MeasuringLock.Take();
        try
        {
            return await MeasureOnceAsync(request.Candidate, request.IsBase, request.Seed, request.HoldOut, attempt, cancellation);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public async Task<Pair> MeasureAsync(PairRequest request, Attempt attempt, CancellationToken cancellation)
    {
        await _oneAtATime.WaitAsync(cancellation);
        using var measuring = MeasuringLock.Take();
        try
        {
            if (request.BuiltTwice)
            {
                await BuildAllAsync([request.Base, request.Candidate], cancellation);
            }

            var first = await ArmAsync(request.BaseFirst);
            var second = await ArmAsync(!request.BaseFirst);
            return request.BaseFirst
                ? new Pair(true, first, second, attempt.Generation)
                : new Pair(false, second, first, attempt.Generation);
        }
        finally
        {
            _oneAtATime.Release();
        }

        Task<Measurement> ArmAsync(bool isBase) =>
            MeasureOnceAsync(
                isBase ? request.Base : request.Candidate, isBase, request.Seed, request.HoldOut, attempt, cancellation,
                request.BuiltTwice);
    }

    public void Dispose() => _oneAtATime.Dispose();

    /// <summary>All builds before the first measurement, so that none runs shortly before one.</summary>
    private async Task BuildAllAsync(IReadOnlyList<Candidate> candidates, CancellationToken cancellation)
    {
        try
        {
            foreach (var candidate in candidates)
            {
                await _trees.BuildTwiceAsync(candidate, cancellation);
            }
        }
        catch (PrepareException)
        {
            // The arm that can't be built says so when it is its turn.
        }
    }

    private async Task<Measurement> MeasureOnceAsync(
        Candidate candidate, bool isBase, ulong seed, bool holdOut, Attempt attempt, CancellationToken cancellation,
        bool builtTwice = false)
    {
        try
        {
            // Where a tree lies on the disk can favour it. The seed decides which place each arm has, so no arm keeps the better one.
            var tree = await _trees.PlaceAsync(candidate, isBase ^ ((seed & 1) == 1), cancellation, holdOut, builtTwice);
            var taken = await _commands.MeasureAsync(tree, seed, holdOut, cancellation);
            var records = Records(taken.Carried, attempt);
            return Judge(taken, candidate) with
            {
                Commands = records,
                Log = records.LastOrDefault(record => record.Log is not null)?.Log,
                Seconds = taken.Seconds,
                ActiveSeconds = attempt.ActiveTime.TotalSeconds,
            };
        }
        catch (PrepareException failed)
        {
            return new Measurement
            {
                Outcome = failed.Outcome, Reason = failed.Message, Log = Put(failed.Log, attempt), Commands = Records([], attempt),
                ActiveSeconds = attempt.ActiveTime.TotalSeconds,
            };
        }
    }

    private Measurement Judge(Taken taken, Candidate candidate)
    {
        if (taken.Refusal is { } refusal)
        {
            return new Measurement { Outcome = refusal.Outcome, Reason = refusal.Reason };
        }

        var last = taken.Carried[^1];
        var (outcome, reason) = last.Result switch
        {
            { TimedOut: true } => (TrialOutcome.TimedOut, $"the measurement took longer than {_spec.Timeout.TotalSeconds:0.#} s"),
            { ExitCode: 0 } => (TrialOutcome.Ok, (string?)null),
            { ExitCode: 75 } => (TrialOutcome.Infrastructure, FailureCause.Of(last.Result)),
            { Crashed: true } =>
                (TrialOutcome.Crashed, $"the measurement was ended by signal {last.Result.ExitCode - 128}: {FailureCause.Of(last.Result)}"),
            _ => (TrialOutcome.Invalid, Why("measure", last.Command, last.Result, candidate)),
        };
        return outcome == TrialOutcome.Ok ? Accept(taken, last.Result) : new Measurement { Outcome = outcome, Reason = reason };
    }

    private Measurement Accept(Taken taken, SandboxResult reporter)
    {
        var metrics = new Dictionary<string, MetricSamples>(StringComparer.Ordinal);
        string? reason;
        try
        {
            foreach (var (name, samples) in ResultReader.Read(taken.ResultFile, reporter.Output, _spec.Patterns))
            {
                metrics[name] = name.StartsWith(MeasurementKinds.Own, StringComparison.Ordinal)
                    ? throw new ResultException(
                        $"metric {name} was reported, and names that begin with {MeasurementKinds.Own} are Godwit's own")
                    : samples;
            }

            foreach (var (name, samples) in taken.Observed)
            {
                metrics[name] = samples;
            }

            reason = taken.AnswerProblem
                ?? RefuseMetric(metrics)
                ?? _constraints.Select(constraint => constraint.Refuse(metrics)).FirstOrDefault(refusal => refusal is not null);
        }
        catch (ResultException refusal)
        {
            reason = refusal.Message;
        }

        return new Measurement
        {
            Outcome = reason is null ? TrialOutcome.Ok : TrialOutcome.Invalid,
            Reason = reason,
            Metrics = metrics,
            Answer = taken.Answer,
            TimedShare = Share(taken, metrics),
            Complaint = FailureCause.Marked(reporter.Error) is [var first, ..] ? first : null,
        };
    }

    private double Share(Taken taken, Dictionary<string, MetricSamples> metrics) => taken.Seconds <= 0 ? 0
        : metrics.TryGetValue(MeasurementKinds.Round, out var rounds) ? rounds.Samples.Sum() / taken.Seconds
        : _spec.Timed is { } timed && metrics.TryGetValue(timed, out var inside) ? inside.Value / taken.Seconds : 0;

    private string? RefuseMetric(Dictionary<string, MetricSamples> metrics)
    {
        if (!metrics.TryGetValue(_spec.Metric, out var metric))
        {
            var others = metrics.Count == 0 ? "" : $"; there are {string.Join(", ", metrics.Keys.Order(StringComparer.Ordinal))}";
            return $"no metric {_spec.Metric} was reported{others}";
        }

        return metric.Unit is not null && _spec.Unit is not null && metric.Unit != _spec.Unit
            ? $"metric {_spec.Metric} is in {metric.Unit}, not in {_spec.Unit}"
            : null;
    }

    /// <summary>Of the base everything is told; of a candidate the cause alone, which is what its proposer can use.</summary>
    private string Why(string phase, string command, SandboxResult result, Candidate candidate) =>
        candidate.Files.Count == 0 ? FailureCause.Describe(phase, command, result, _trees.Run) : FailureCause.Of(result);

    private List<CommandRecord> Records(IReadOnlyList<Carried> carried, Attempt attempt) =>
    [
        .. _trees.TakeCarriedOut().Select(one => new Carried(one.Phase, one.Command, one.Result)).Concat(carried)
            .Select(
                one => new CommandRecord(
                    one.Phase, one.Command, one.Result.ExitCode, Math.Round(one.Result.Elapsed.TotalSeconds, 4),
                    Put(one.Result.Output + one.Result.Error, attempt))),
    ];

    private static BlobRef? Put(string log, Attempt attempt) => log.Length == 0 ? null : attempt.Put(Encoding.UTF8.GetBytes(log));
}
