namespace Godwit.Verification;

/// <summary>
/// Who makes the figure that a goal is about. It is <em>observed</em> where Godwit, or a process without a byte that the candidate
/// wrote and out of the candidate's reach, makes it: only then it can be claimed. docs/observed.md has the kinds.
/// </summary>
public enum MeasurementKind
{
    /// <summary>
    /// As runs were measured before figures were told apart: whatever the harness said counted. Only runs that began then.
    /// </summary>
    BeforeObservation,

    /// <summary>A process that runs the candidate's code says it of itself. It steers the search and is never claimed.</summary>
    SelfReported,

    /// <summary>
    /// Candidates differ in values that the goal lists, which no build reads: none of their bytes is a proposer's own, so the
    /// harness may report.
    /// </summary>
    Settings,

    /// <summary>Godwit's clock around a fixed piece of work, whose answer must be the base's.</summary>
    Wall,

    /// <summary>Godwit sends fresh seeds to a process that is warm, and times until each answer, which must be the base's.</summary>
    Challenge,

    /// <summary>
    /// A driver that is the base's alone loads a server that is the candidate's, through a network that is all they share.
    /// </summary>
    Driver,

    /// <summary>The candidate's processes are gone; a judge that is the base's alone reads what they left, as data.</summary>
    Judge,
}

/// <summary>What follows from a kind.</summary>
public static class MeasurementKinds
{
    /// <summary>The prefix of the metrics that Godwit itself makes.</summary>
    public const string Own = "godwit.";

    /// <summary>Seconds from the start of the measured command to its end.</summary>
    public const string Wall = Own + "wall_s";

    /// <summary>Seconds from sending a seed until its answer, a sample a round.</summary>
    public const string Round = Own + "round_s";

    /// <summary>Percentiles of the rounds of one measurement, in seconds.</summary>
    public static readonly IReadOnlyDictionary<string, double> RoundPercentiles =
        new Dictionary<string, double> { [Own + "round_p50_s"] = 0.50, [Own + "round_p90_s"] = 0.90, [Own + "round_p99_s"] = 0.99 };

    /// <summary>Processor seconds of the candidate's processes.</summary>
    public const string Cpu = Own + "cpu_s";

    /// <summary>Their peak memory in MiB.</summary>
    public const string Peak = Own + "peak_mib";

    /// <summary>Whether a gain of this kind can be claimed.</summary>
    public static bool CanClaim(this MeasurementKind kind) => kind != MeasurementKind.SelfReported;

    /// <summary>Whether each measurement has an answer that must be the base's for the same seed.</summary>
    public static bool HasAnswer(this MeasurementKind kind) => kind is MeasurementKind.Wall or MeasurementKind.Challenge;

    /// <summary>Whether a metric of this name is made where the candidate's code can't reach it.</summary>
    public static bool Observes(this MeasurementKind kind, string metric) =>
        metric.StartsWith(Own, StringComparison.Ordinal)
            || kind is not (MeasurementKind.SelfReported or MeasurementKind.Wall or MeasurementKind.Challenge);

    /// <summary>The kind in words, for people.</summary>
    public static string InWords(this MeasurementKind kind) => kind switch
    {
        MeasurementKind.BeforeObservation => "self-timed, before observation",
        MeasurementKind.SelfReported => "self-reported: the candidate's own process makes the figure, so a gain can't be claimed",
        MeasurementKind.Settings => "settings: only listed values differ, so the harness may report",
        MeasurementKind.Wall => "wall: Godwit's clock around fixed work, whose answer must be the base's",
        MeasurementKind.Challenge => "challenge: Godwit times fresh seeds until their answers, which must be the base's",
        MeasurementKind.Driver => "driver: a process of the base's alone drives the candidate's server and reports",
        MeasurementKind.Judge => "judge: a process of the base's alone scores what the candidate's left behind",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
