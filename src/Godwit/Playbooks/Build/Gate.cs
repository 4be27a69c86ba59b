using Godwit.Durable;
using Godwit.Playbooks.Review;
using Godwit.Verification;

namespace Godwit.Playbooks.Build;

/// <summary>What a gate came to.</summary>
public enum GateVerdict
{
    /// <summary>Everything that was asked exits 0.</summary>
    Passed,

    /// <summary>The build or a check refused the tree.</summary>
    Failed,

    /// <summary>A command could not be carried out at all: it isn't there, or can't be executed.</summary>
    CouldNotRun,

    /// <summary>A check ended well without running a single test.</summary>
    NoTests,
}

/// <summary>What a gate is to look at.</summary>
/// <param name="For">What it is for: <c>base</c>, a task, <c>tip</c> or <c>result</c>.</param>
/// <param name="Commit">The commit, in the run's clone.</param>
/// <param name="Checks">What must exit 0, in this order.</param>
public sealed record GateRequest(string For, string Commit, IReadOnlyList<BuildCheck> Checks)
{
    /// <summary>Whether the files are there that no agent has seen. Default no.</summary>
    public bool WithHidden { get; init; }

    /// <summary>Whether all checks are asked, and not only those up to the first that fails. Default no.</summary>
    public bool AsksAll { get; init; }

    /// <summary>Whether tests that the base doesn't have are left out. Default no.</summary>
    public bool WithOldTestsOnly { get; init; }
}

/// <summary>What a check said of a tree.</summary>
/// <param name="Name">The check; <c>build</c> for the build.</param>
/// <param name="Verdict">What it came to.</param>
/// <param name="Reason">Why it isn't <see cref="GateVerdict.Passed"/>; null where it is.</param>
/// <param name="Tests">How many tests it says that it ran; null where that isn't known.</param>
public sealed record CheckVerdict(string Name, GateVerdict Verdict, string? Reason, int? Tests = null);

/// <summary>What a gate said of a tree.</summary>
/// <param name="For">What it was for, as it was asked.</param>
/// <param name="Checks">The checks that were asked, in their order.</param>
/// <param name="Commands">Every command that was carried out.</param>
public sealed record GateResult(string For, IReadOnlyList<CheckVerdict> Checks, IReadOnlyList<CommandRecord> Commands)
{
    /// <summary>The first check that isn't passed; null for none.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public CheckVerdict? Refusal => Checks.FirstOrDefault(check => check.Verdict != GateVerdict.Passed);

    /// <summary>Whether everything passed.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool HasPassed => Refusal is null;
}

/// <summary>Looks at a commit on a clean checkout that no agent can reach.</summary>
public interface IGate
{
    /// <summary>Builds it and asks the checks.</summary>
    Task<GateResult> RunAsync(GateRequest request, Attempt attempt, CancellationToken cancellation);

    /// <summary>Runs a finding's command where it should pass, and where it should fail.</summary>
    Task<Reproduction> ReproduceAsync(ReproduceRequest request, Attempt attempt, CancellationToken cancellation);

    /// <summary>Changes lines that a task has written, one at a time, until a check notices.</summary>
    Task<MutantResult> MutateAsync(MutantRequest request, Attempt attempt, CancellationToken cancellation);
}
