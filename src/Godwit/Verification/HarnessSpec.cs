using Godwit.Egress;

namespace Godwit.Verification;

/// <summary>How candidates are built, checked and measured; all of it comes from the base commit.</summary>
public sealed record HarnessSpec
{
    /// <summary>The goal's folder from the top of the repository; where every command starts.</summary>
    public string Folder { get; init; } = "";

    /// <summary>Globs, from the goal's folder, of all that a candidate may change.</summary>
    public IReadOnlyList<string> Editable { get; init; } = [];

    /// <summary>Runs once, on the base commit, with what <see cref="Network"/> allows; null for none.</summary>
    public string? Setup { get; init; }

    /// <summary>What setup and agents may reach; null for package registries in setup alone.</summary>
    public GoalNetwork? Network { get; init; }

    /// <summary>Runs once for each content of <see cref="BuildInputs"/>, without the network; null for none.</summary>
    public string? Build { get; init; }

    /// <summary>Globs, from the goal's folder, of the editable files that the build depends on; null for all.</summary>
    public IReadOnlyList<string>? BuildInputs { get; init; }

    /// <summary>Must exit 0 for every candidate; null for none.</summary>
    public string? Check { get; init; }

    /// <summary>Who makes the figure.</summary>
    public MeasurementKind Kind { get; init; }

    /// <summary>What is run to measure: the harness, the challenged process, the driver, or what leaves something to be judged.</summary>
    public required string Measure { get; init; }

    /// <summary>
    /// Where a measurement of kind <see cref="MeasurementKind.Wall"/> leaves its answer: a file from the goal's folder, or
    /// <c>stdout</c>; null for none.
    /// </summary>
    public string? Answer { get; init; }

    /// <summary>How many seeds a challenge sends to one process. Default 1.</summary>
    public int Rounds { get; init; } = 1;

    /// <summary>The server that <see cref="Measure"/> drives; null unless the kind is <see cref="MeasurementKind.Driver"/>.</summary>
    public string? Serve { get; init; }

    /// <summary>The TCP port of the loopback that the server listens on, given to both as <c>GODWIT_PORT</c>. Default 8080.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>Judges what <see cref="Measure"/> has left; null unless the kind is <see cref="MeasurementKind.Judge"/>.</summary>
    public string? Score { get; init; }

    /// <summary>Globs, from the goal's folder, of files that are in the driver's or the judge's tree alone.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>A file from the goal's folder whose variables check and measured commands get; null for none.</summary>
    public string? EnvironmentFile { get; init; }

    /// <summary>A file from the goal's folder whose words are added to the measured command; null for none.</summary>
    public string? ArgumentsFile { get; init; }

    /// <summary>Regular expressions whose named groups are metrics in what the harness prints or writes.</summary>
    public IReadOnlyList<string> Patterns { get; init; } = [];

    /// <summary>
    /// A self-reported metric that says how many seconds of the run are the work itself; null for none. It only explains.
    /// </summary>
    public string? Timed { get; init; }

    /// <summary>The same as <see cref="Measure"/> on a workload that proposers never see; null for none.</summary>
    public string? HoldOut { get; init; }

    /// <summary>The same as <see cref="Score"/> for <see cref="HoldOut"/>; null for the same judge.</summary>
    public string? HoldOutScore { get; init; }

    /// <summary>Globs, from the goal's folder, of files that are in no tree but that of a held-out measurement.</summary>
    public IReadOnlyList<string> HoldOutFiles { get; init; } = [];

    /// <summary>The metric to improve.</summary>
    public required string Metric { get; init; }

    /// <summary>Its unit, for people; null for none.</summary>
    public string? Unit { get; init; }

    /// <summary>More is better.</summary>
    public bool Maximise { get; init; } = true;

    /// <summary>
    /// Whether values are compared by their difference and not by their ratio; null where the base's first value decides, see
    /// <see cref="Scale.Of"/>.
    /// </summary>
    public bool? ByDifference { get; init; }

    /// <summary>
    /// Of runs that began before figures were told apart: the goal said that the process that measures loads the candidate's code.
    /// </summary>
    public bool LoadsCandidate { get; init; }

    /// <summary>What one measurement may take. Default 10 minutes.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What setup, a build or a check may take. Default 10 minutes.</summary>
    public TimeSpan BuildTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How many processors a measurement is pinned to; 0, the default, for no pinning.</summary>
    public int Cpus { get; init; }

    /// <summary>What must hold for the metrics of every measurement; <c>base.</c> before a name is the base's value.</summary>
    public IReadOnlyList<string> Constraints { get; init; } = [];

    /// <summary>Further paths that commands may read.</summary>
    public IReadOnlyList<string> Read { get; init; } = [];
}
