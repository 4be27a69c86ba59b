using Godwit.Playbooks.Optimise;
using Godwit.Verification;

namespace Godwit.Playbooks.Measuring;

/// <summary>What calibration learned.</summary>
public sealed record Calibration
{
    /// <summary>Why the run can't go on; null when it can.</summary>
    public string? Failure { get; init; }

    /// <summary>The metric doesn't vary: candidates are compared exactly.</summary>
    public bool Exact { get; init; }

    /// <summary>What differences are parts of, where values are compared by them; 0 where they are compared by their ratio.</summary>
    public double Reference { get; init; }

    /// <summary>Every seed has given the same answer, so an answer could be carried in a candidate.</summary>
    public bool SameAnswers { get; init; }

    /// <summary>The part of a base measurement that is timed, as a fraction; 0 where it isn't known.</summary>
    public double TimedShare { get; init; }

    /// <summary>How values are compared.</summary>
    public Scale ScaleOf(bool maximise) => new(maximise, Reference);

    /// <summary>The deviation of one pair's gain.</summary>
    public double Sigma { get; init; }

    /// <summary>The base's values, in order.</summary>
    public IReadOnlyList<double> Bases { get; init; } = [];

    /// <summary>The base's number, one for all that are told it: the median of its values.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public double Base => Bases.Count == 0 ? 0 : Bases.Order().ElementAt(Bases.Count / 2);

    /// <summary>All metrics of the last base measurement.</summary>
    public IReadOnlyDictionary<string, double> BaseMetrics { get; init; } = new Dictionary<string, double>();

    /// <summary>The A/A pairs that count.</summary>
    public IReadOnlyList<EvidencePair> Pairs { get; init; } = [];

    /// <summary>The share of A/A pairs without any difference.</summary>
    public double Ties { get; init; }

    /// <summary>How long a pair takes, in seconds.</summary>
    public double PairSeconds { get; init; }

    /// <summary>The run's active time when the base had been built and checked.</summary>
    public double StartSeconds { get; init; }

    /// <summary>The run's active time at the end.</summary>
    public double ActiveSeconds { get; init; }

    /// <summary>How many pairs confirmation can afford; 0 where time isn't limited.</summary>
    public int AffordablePairs { get; init; }

    /// <summary>The smallest effect that those can prove, as a fraction.</summary>
    public double SmallestEffect { get; init; }

    /// <summary>The first looks at the points that the goal asks to be tried.</summary>
    public IReadOnlyList<TrialRecord> Tried { get; init; } = [];
}
