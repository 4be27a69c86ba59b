namespace Godwit.Verification;

/// <summary>How candidates are built, checked and measured; all of it comes from the base commit.</summary>
public sealed record HarnessSpec
{
    /// <summary>The goal's folder from the top of the repository; where every command starts.</summary>
    public string Folder { get; init; } = "";

    /// <summary>Globs, from the goal's folder, of all that a candidate may change.</summary>
    public IReadOnlyList<string> Editable { get; init; } = [];

    /// <summary>Runs once, on the base commit, with the network; null for none.</summary>
    public string? Setup { get; init; }

    /// <summary>Runs once for each content of <see cref="BuildInputs"/>, without the network; null for none.</summary>
    public string? Build { get; init; }

    /// <summary>Globs, from the goal's folder, of the editable files that the build depends on; null for all.</summary>
    public IReadOnlyList<string>? BuildInputs { get; init; }

    /// <summary>Must exit 0 for every candidate; null for none.</summary>
    public string? Check { get; init; }

    /// <summary>Prints or writes the metrics.</summary>
    public required string Measure { get; init; }

    /// <summary>The same on a workload that proposers never see; null for none.</summary>
    public string? HoldOut { get; init; }

    /// <summary>Globs, from the goal's folder, of files that are in no tree but that of a held-out measurement.</summary>
    public IReadOnlyList<string> HoldOutFiles { get; init; } = [];

    /// <summary>The metric to improve.</summary>
    public required string Metric { get; init; }

    /// <summary>Its unit, for people; null for none.</summary>
    public string? Unit { get; init; }

    /// <summary>More is better.</summary>
    public bool Maximise { get; init; } = true;

    /// <summary>What one measurement may take. Default 10 minutes.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What setup, a build or a check may take. Default 10 minutes.</summary>
    public TimeSpan BuildTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Whether the process that measures loads the candidate's code, which could lie to it about time; else that process only
    /// starts the candidate, or reads it as data. Default no.
    /// </summary>
    public bool LoadsCandidate { get; init; }

    /// <summary>How many processors a measurement is pinned to; 0, the default, for no pinning.</summary>
    public int Cpus { get; init; }

    /// <summary>What must hold for the metrics of every measurement; <c>base.</c> before a name is the base's value.</summary>
    public IReadOnlyList<string> Constraints { get; init; } = [];

    /// <summary>Further paths that commands may read.</summary>
    public IReadOnlyList<string> Read { get; init; } = [];
}
