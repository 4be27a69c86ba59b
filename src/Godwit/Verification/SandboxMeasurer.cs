using System.Globalization;
using System.Text;
using Godwit.Durable;
using Godwit.Journal;
using Godwit.Sandbox;
using Godwit.Workspaces;
using Microsoft.Win32.SafeHandles;

namespace Godwit.Verification;

/// <summary>Checks and measures candidates with the goal's own commands, in sandboxes, one at a time.</summary>
internal sealed class SandboxMeasurer : IMeasurer, IDisposable
{
    private const int ResultLimit = 16 << 20;

    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly HarnessTrees _trees;
    private readonly HarnessSpec _spec;
    private readonly SandboxHost _sandbox;
    private readonly string _scratch;
    private readonly IReadOnlyList<Constraint> _constraints;

    public SandboxMeasurer(HarnessTrees trees, HarnessSpec spec, SandboxHost sandbox, RunFolder folder)
    {
        _trees = trees;
        _spec = spec;
        _sandbox = sandbox;
        _scratch = Path.Combine(folder.Trees, "scratch");
        _constraints = [.. spec.Constraints.Select(text => new Constraint(text)).Where(constraint => !constraint.ComparesWithBase)];
        Directory.CreateDirectory(_scratch);
        FileSystem.Own(_scratch, sandbox.OwnerOfFiles);
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
                return new CheckResult(TrialOutcome.Ok, null, null, attempt.ActiveTime.TotalSeconds);
            }

            var result = await _sandbox.RunAsync(Command(_spec.Check, tree, _spec.BuildTimeout, Processors.ForWork(_spec.Cpus), new Dictionary<string, string>()), cancellation);
            var log = attempt.Put(Encoding.UTF8.GetBytes(result.Output + result.Error));
            var (outcome, reason) = result switch
            {
                { TimedOut: true } => (TrialOutcome.TimedOut, $"check took longer than {_spec.BuildTimeout.TotalSeconds:0} s"),
                { ExitCode: 0 } => (TrialOutcome.Ok, null),
                { Crashed: true } => (TrialOutcome.Crashed, $"check was ended by signal {result.ExitCode - 128}"),
                _ => (TrialOutcome.Invalid, LastLine.Of(result)),
            };
            return new CheckResult(outcome, reason, log, attempt.ActiveTime.TotalSeconds);
        }
        catch (PrepareException failed)
        {
            return new CheckResult(failed.Outcome, failed.Message, attempt.Put(Encoding.UTF8.GetBytes(failed.Log)), attempt.ActiveTime.TotalSeconds);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public async Task<Measurement> MeasureAsync(SingleRequest request, Attempt attempt, CancellationToken cancellation)
    {
        await _oneAtATime.WaitAsync(cancellation);
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
        try
        {
            if (request.BuiltTwice)
            {
                await BuildAllAsync([request.Base, request.Candidate], cancellation);
            }

            var first = await ArmAsync(request.BaseFirst);
            var second = await ArmAsync(!request.BaseFirst);
            return request.BaseFirst ? new Pair(true, first, second, attempt.Generation) : new Pair(false, second, first, attempt.Generation);
        }
        finally
        {
            _oneAtATime.Release();
        }

        Task<Measurement> ArmAsync(bool isBase) =>
            MeasureOnceAsync(isBase ? request.Base : request.Candidate, isBase, request.Seed, request.HoldOut, attempt, cancellation, request.BuiltTwice);
    }

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

    public void Dispose() => _oneAtATime.Dispose();

    private async Task<Measurement> MeasureOnceAsync(Candidate candidate, bool isBase, ulong seed, bool holdOut, Attempt attempt, CancellationToken cancellation, bool builtTwice = false)
    {
        string tree;
        try
        {
            // Where a tree lies on the disk can favour it. The seed decides which place each arm has, so no arm keeps the better one.
            tree = await _trees.PlaceAsync(candidate, isBase ^ ((seed & 1) == 1), cancellation, holdOut, builtTwice);
        }
        catch (PrepareException failed)
        {
            return Refused(failed.Outcome, failed.Message, failed.Log, 0, attempt);
        }

        var resultFile = Path.Combine(_scratch, "result.json");
        File.Delete(resultFile);
        FileSystem.SyncAll();
        var environment = new Dictionary<string, string>
        {
            ["GODWIT_SEED"] = seed.ToString(CultureInfo.InvariantCulture),
            ["GODWIT_RESULT"] = $"{SandboxLine.ScratchInside}/result.json",
        };
        var line = holdOut ? _spec.HoldOut! : _spec.Measure;
        var result = await _sandbox.RunAsync(Command(line, tree, _spec.Timeout, Processors.ForMeasuring(_spec.Cpus), environment), cancellation);
        var seconds = result.Elapsed.TotalSeconds;
        var log = result.Output + result.Error;
        return result switch
        {
            { TimedOut: true } => Refused(TrialOutcome.TimedOut, $"the measurement took longer than {_spec.Timeout.TotalSeconds:0.#} s", log, seconds, attempt),
            { ExitCode: 0 } => Accept(result, ReadResult(resultFile), seconds, attempt),
            { ExitCode: 75 } => Refused(TrialOutcome.Infrastructure, LastLine.Of(result), log, seconds, attempt),
            { Crashed: true } => Refused(TrialOutcome.Crashed, $"the measurement was ended by signal {result.ExitCode - 128}", log, seconds, attempt),
            _ => Refused(TrialOutcome.Invalid, LastLine.Of(result), log, seconds, attempt),
        };
    }

    private Measurement Accept(SandboxResult result, byte[]? json, double seconds, Attempt attempt)
    {
        IReadOnlyDictionary<string, MetricSamples> metrics = new Dictionary<string, MetricSamples>();
        string? reason;
        try
        {
            metrics = ResultReader.Read(json, result.Output);
            reason = RefuseMetric(metrics) ?? _constraints.Select(constraint => constraint.Refuse(metrics)).FirstOrDefault(refusal => refusal is not null);
        }
        catch (ResultException refusal)
        {
            reason = refusal.Message;
        }

        return new Measurement
        {
            Outcome = reason is null ? TrialOutcome.Ok : TrialOutcome.Invalid,
            Reason = reason,
            Log = reason is null ? null : attempt.Put(Encoding.UTF8.GetBytes(result.Output + result.Error)),
            Metrics = metrics,
            Seconds = seconds,
            ActiveSeconds = attempt.ActiveTime.TotalSeconds,
        };
    }

    private string? RefuseMetric(IReadOnlyDictionary<string, MetricSamples> metrics)
    {
        if (!metrics.TryGetValue(_spec.Metric, out var metric))
        {
            return $"no metric {_spec.Metric} was reported{(metrics.Count == 0 ? "" : $"; there are {string.Join(", ", metrics.Keys)}")}";
        }

        if (metric.Samples.Any(sample => sample <= 0))
        {
            return $"metric {_spec.Metric} is {metric.Samples.Min().ToString(CultureInfo.InvariantCulture)}; ratios need it above 0";
        }

        return metric.Unit is not null && _spec.Unit is not null && metric.Unit != _spec.Unit
            ? $"metric {_spec.Metric} is in {metric.Unit}, not in {_spec.Unit}"
            : null;
    }

    private static Measurement Refused(TrialOutcome outcome, string reason, string log, double seconds, Attempt attempt) => new()
    {
        Outcome = outcome,
        Reason = reason,
        Log = attempt.Put(Encoding.UTF8.GetBytes(log)),
        Seconds = seconds,
        ActiveSeconds = attempt.ActiveTime.TotalSeconds,
    };

    private SandboxCommand Command(string shell, string tree, TimeSpan timeout, string? cpus, IReadOnlyDictionary<string, string> environment) => new()
    {
        Shell = shell,
        Tree = tree,
        Folder = _spec.Folder,
        Scratch = _scratch,
        Home = _trees.Home,
        Read = _spec.Read,
        Mounts = _trees.Mounts,
        Timeout = timeout,
        Cpus = cpus,
        Environment = environment.Concat(PackageCaches.Variables()).ToDictionary(),
    };

    /// <summary>The candidate's side wrote this file: a link, a device or something huge in its place is no result.</summary>
    private static byte[]? ReadResult(string path)
    {
        if (FileSystem.Facts(path) is not { IsRegular: true, Size: <= ResultLimit })
        {
            return null;
        }

        // Nothing that could swap the file is alive any more.
        using SafeFileHandle file = File.OpenHandle(path);
        var content = new byte[RandomAccess.GetLength(file)];
        RandomAccess.Read(file, content, 0);
        return content;
    }
}
