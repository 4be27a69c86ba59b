using Godwit.Durable.Journal;
using Godwit.Models;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>What a run of the optimise playbook starts from.</summary>
public sealed record OptimiseInput
{
    /// <summary>The goal.</summary>
    public required OptimiseGoal Goal { get; init; }

    /// <summary>The commit that candidates differ from.</summary>
    public required string BaseCommit { get; init; }

    /// <summary>The parameters' file at the base; null where it isn't there.</summary>
    public byte[]? BaseFile { get; init; }

    /// <summary>Where that file really is, from the top of the repository, where its name is a link; null where it is no link.</summary>
    public string? LinkedFile { get; init; }

    /// <summary>The template of the parameters' file at the base; null for none.</summary>
    public byte[]? Template { get; init; }

    /// <summary>How commands are kept apart, for the evidence.</summary>
    public string Sandbox { get; init; } = "";

    /// <summary>The branch that the result becomes.</summary>
    public string Branch { get; init; } = "";

    /// <summary>Who answers the agents.</summary>
    public ModelSource Models { get; init; } = new();

    /// <summary>The folder that the user started from: the top of the repository, or the plain folder.</summary>
    public string Source { get; init; } = "";
}

/// <summary>One candidate and all that is known of it.</summary>
public sealed record TrialRecord
{
    /// <summary>From 1.</summary>
    public int Number { get; init; }

    /// <summary>Its active parameters.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();

    /// <summary>Who proposed it.</summary>
    public string Proposer { get; init; } = "";

    /// <summary>Who proposed it, and whether without a look at the others or from one of them.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string ProposedBy => Claim switch
    {
        { Alone: true } => $"{Proposer} (alone)",
        { Parent: > 0 } => $"{Proposer} (from trial {Claim.Parent})",
        _ => Proposer,
    };

    /// <summary>What the agent that made it says of it; null where none did.</summary>
    public TrialClaim? Claim { get; init; }

    /// <summary>What became of it.</summary>
    public TrialOutcome Outcome { get; init; }

    /// <summary>Why it was thrown out; null unless it was.</summary>
    public string? Reason { get; init; }

    /// <summary>What was printed when it was thrown out.</summary>
    public BlobRef? Log { get; init; }

    /// <summary>Its log ratios against the base, one a measurement, clipped.</summary>
    public IReadOnlyList<double> Scores { get; init; } = [];

    /// <summary>How the base-relative constraints stood, one a measurement: below 0 breaks one.</summary>
    public IReadOnlyList<double> Margins { get; init; } = [];

    /// <summary>The improvement factor that a refused candidate would have shown; 0 where it wasn't looked at.</summary>
    public double Temptation { get; init; }

    /// <summary>Measurements that the harness called the machine's fault.</summary>
    public int Infrastructure { get; init; }

    /// <summary>The run's active time when it was last touched.</summary>
    public double ActiveSeconds { get; init; }

    /// <summary>The active time that it took to propose it and to check it first.</summary>
    public double Seconds { get; init; }
}

/// <summary>An agent's word on its candidate. None of it counts until it is verified.</summary>
public sealed record TrialClaim
{
    /// <summary>The agent.</summary>
    public required string Agent { get; init; }

    /// <summary>It was shown nothing of the others: the control arm that tells whether sharing helps.</summary>
    public bool Alone { get; init; }

    /// <summary>
    /// What it started from: <c>base</c>, <c>best</c> for the best candidate at that time, or <c>other</c>; null in runs of earlier
    /// versions, which had the base only.
    /// </summary>
    public string? Start { get; init; }

    /// <summary>The trial that it started from; 0 for the base.</summary>
    public int Parent { get; init; }

    /// <summary>The models that answered it.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>Its last words.</summary>
    public string Summary { get; init; } = "";

    /// <summary>Checks that it says it ran.</summary>
    public IReadOnlyList<Agents.SelfReport> Checks { get; init; } = [];

    /// <summary>The change, cut where it is long.</summary>
    public string Patch { get; init; } = "";

    /// <summary>A hash of the change without white space.</summary>
    public string Shape { get; init; } = "";
}

/// <summary>What an attempt to prove a finalist came to.</summary>
public sealed record ProofResult
{
    /// <summary>The attempt, from 1.</summary>
    public int Attempt { get; init; }

    /// <summary>The trial.</summary>
    public int Trial { get; init; }

    /// <summary>The words of the agent that made it; empty for none.</summary>
    public string Summary { get; init; } = "";

    /// <summary>The parameters that are left after ablation.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();

    /// <summary>Parameters that made no difference and went back to the base's value.</summary>
    public IReadOnlyList<string> Dropped { get; init; } = [];

    /// <summary>The estimated factor that each kept change is worth; empty where there was no time to ablate.</summary>
    public IReadOnlyDictionary<string, double> Worth { get; init; } = new Dictionary<string, double>();

    /// <summary>The planned pairs.</summary>
    public int Planned { get; init; }

    /// <summary>The confirmation; null where it didn't come to one.</summary>
    public ClaimTest? Claim { get; init; }

    /// <summary>Its pairs.</summary>
    public IReadOnlyList<EvidencePair> Pairs { get; init; } = [];

    /// <summary>
    /// What the same pairs show by Godwit's clock around each measurement, where the figure itself is self-reported; null
    /// elsewhere.
    /// </summary>
    public ClaimTest? Outside { get; init; }

    /// <summary>The held-out test; null where there is none, or it didn't come to it.</summary>
    public ClaimTest? HoldOut { get; init; }

    /// <summary>Its pairs.</summary>
    public IReadOnlyList<EvidencePair> HoldOutPairs { get; init; } = [];

    /// <summary>Whether it is proven, held-out workload included.</summary>
    public bool Proven { get; init; }

    /// <summary>Why it isn't; null when it is.</summary>
    public string? Reason { get; init; }

    /// <summary>The base itself could not be measured: the run can't go on.</summary>
    public bool BaseFailed { get; init; }

    /// <summary>The run's active time at the end.</summary>
    public double ActiveSeconds { get; init; }
}

/// <summary>How a run of the optimise playbook ended.</summary>
public sealed record OptimiseResult
{
    /// <summary><c>verified</c>, <c>not_verified</c>, <c>no_improvement</c> or <c>failed</c>.</summary>
    public required string State { get; init; }

    /// <summary>One line that says why.</summary>
    public required string Reason { get; init; }

    /// <summary>The attempt that was proven, or whose gain is self-reported; null for neither.</summary>
    public ProofResult? Proof { get; init; }

    /// <summary>The branch; null unless verified.</summary>
    public string? Branch { get; init; }

    /// <summary>Its tip, or the commit of a gain that isn't verified, which is in the run's clone alone; null for neither.</summary>
    public string? Commit { get; init; }

    /// <summary>The evidence's file name in the run's folder; null unless verified.</summary>
    public string? Evidence { get; init; }
}
