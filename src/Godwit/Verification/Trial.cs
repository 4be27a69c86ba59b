using Godwit.Durable.Journal;

namespace Godwit.Verification;

/// <summary>What became of a trial. Only <see cref="Ok"/> has a number; no number means failure.</summary>
public enum TrialOutcome
{
    /// <summary>Checked and measured.</summary>
    Ok,

    /// <summary>A check, a constraint or the result's form refused it.</summary>
    Invalid,

    /// <summary>A command was ended by a signal.</summary>
    Crashed,

    /// <summary>A command was killed at its timeout.</summary>
    TimedOut,

    /// <summary>The harness said (exit code 75) that the machine, not the candidate, was at fault.</summary>
    Infrastructure,
}

/// <summary>A file that a candidate has otherwise than the base.</summary>
/// <param name="Path">From the top of the repository.</param>
/// <param name="Content">What it holds; null for a file that is gone, or whose content is an object.</param>
/// <param name="GitObject">The object in the run's clone that is its content; null for none.</param>
public sealed record FileChange(string Path, byte[]? Content, string? GitObject = null);

/// <summary>What is measured: the base with some files changed. The base itself changes none.</summary>
/// <param name="Files">The changed files, each within what the goal allows.</param>
public sealed record Candidate(IReadOnlyList<FileChange> Files)
{
    /// <summary>The base.</summary>
    public static Candidate Base { get; } = new([]);

    /// <summary>The candidate with the contents of its objects read.</summary>
    internal async Task<Candidate> ResolveAsync(Workspaces.RunRepository repository, CancellationToken cancellation)
    {
        var files = new List<FileChange>();
        foreach (var file in Files)
        {
            files.Add(
                file.GitObject is null ? file : new FileChange(file.Path, await repository.ObjectAsync(file.GitObject, cancellation)));
        }

        return new Candidate(files);
    }
}

/// <summary>What a check said.</summary>
/// <param name="Outcome">Never <see cref="TrialOutcome.Infrastructure"/>.</param>
/// <param name="Reason">Why it refused; null where it passed.</param>
/// <param name="Log">All that it printed.</param>
/// <param name="ActiveSeconds">The run's active time when it ended.</param>
/// <param name="Commands">Every command that was carried out for it; null in journals of earlier versions.</param>
public sealed record CheckResult(
    TrialOutcome Outcome, string? Reason, BlobRef? Log, double ActiveSeconds, IReadOnlyList<CommandRecord>? Commands = null);

/// <summary>The samples of one metric in one measurement.</summary>
/// <param name="Samples">As printed, at least one.</param>
/// <param name="Unit">As printed; null where none was.</param>
public sealed record MetricSamples(IReadOnlyList<double> Samples, string? Unit)
{
    /// <summary>Their arithmetic mean.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public double Value => Samples.Average();
}

/// <summary>One measurement: a fresh process of the harness on a clean tree.</summary>
public sealed record Measurement
{
    /// <summary>What became of it.</summary>
    public TrialOutcome Outcome { get; init; }

    /// <summary>Why it isn't <see cref="TrialOutcome.Ok"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>What it printed; kept where it isn't <see cref="TrialOutcome.Ok"/>.</summary>
    public BlobRef? Log { get; init; }

    /// <summary>Every command that was carried out for it; null in journals of earlier versions.</summary>
    public IReadOnlyList<CommandRecord>? Commands { get; init; }

    /// <summary>Lines that look like errors on the standard error of a command that ended well; null for none.</summary>
    public string? Complaint { get; init; }

    /// <summary>The metrics by name, those that Godwit makes among them; empty where there is no result.</summary>
    public IReadOnlyDictionary<string, MetricSamples> Metrics { get; init; } = new Dictionary<string, MetricSamples>();

    /// <summary>How long the command ran.</summary>
    public double Seconds { get; init; }

    /// <summary>What must be the base's for the same seed, or its hash; null where the goal's kind has no answer.</summary>
    public string? Answer { get; init; }

    /// <summary>The part of the run that is timed, as a fraction; 0 where it isn't known.</summary>
    public double TimedShare { get; init; }

    /// <summary>The run's active time when it ended.</summary>
    public double ActiveSeconds { get; init; }

    /// <summary>The value of a metric.</summary>
    /// <exception cref="KeyNotFoundException">It wasn't measured.</exception>
    public double Value(string metric) => Metrics[metric].Value;
}

/// <summary>Base and candidate, measured one right after the other.</summary>
/// <param name="BaseFirst">The coin.</param>
/// <param name="Base">The base's measurement.</param>
/// <param name="Candidate">The candidate's measurement.</param>
/// <param name="Generation">The owner that measured it; the first pair of a new one is a warm-up.</param>
public sealed record Pair(bool BaseFirst, Measurement Base, Measurement Candidate, int Generation);

/// <summary>What to measure in a pair.</summary>
/// <param name="Base">The left arm; the base in all but the calibration of reductions.</param>
/// <param name="Candidate">The right arm.</param>
/// <param name="BaseFirst">The coin.</param>
/// <param name="Seed">Given to both as <c>GODWIT_SEED</c>.</param>
/// <param name="HoldOut">The held-out workload instead of the measured one.</param>
/// <param name="BuiltTwice">Each place has a build of its own, so that both sides are measured in two builds.</param>
public sealed record PairRequest(Candidate Base, Candidate Candidate, bool BaseFirst, ulong Seed, bool HoldOut, bool BuiltTwice = false);

/// <summary>What to measure once.</summary>
/// <param name="Candidate">The candidate.</param>
/// <param name="IsBase">Whether it stands in the base's place.</param>
/// <param name="Seed">Given as <c>GODWIT_SEED</c>.</param>
/// <param name="HoldOut">The held-out workload instead of the measured one.</param>
public sealed record SingleRequest(Candidate Candidate, bool IsBase, ulong Seed, bool HoldOut);
