using System.Globalization;
using Godwit.Identity;
using Godwit.Playbooks.Review;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Build;

/// <summary>What was verified, and how it came to be.</summary>
public sealed record BuildPredicate
{
    /// <summary>The goal in the user's words.</summary>
    public required string Goal { get; init; }

    /// <summary>SHA-256 of the goal file.</summary>
    public required string GoalHash { get; init; }

    /// <summary>The commit that the result goes on from.</summary>
    public required string BaseCommit { get; init; }

    /// <summary>The version of the plan that it was finished by.</summary>
    public int PlanVersion { get; init; }

    /// <summary>What holds, each as it was judged on a clean checkout of the result.</summary>
    public required IReadOnlyList<ProvenAssertion> Assertions { get; init; }

    /// <summary>What the last gate asked; all of it passed.</summary>
    public required IReadOnlyList<ProvenCheck> Checks { get; init; }

    /// <summary>What was merged, one commit each, in the order of the commits.</summary>
    public required IReadOnlyList<ProvenWork> Works { get; init; }

    /// <summary>How commands were kept apart.</summary>
    public required string Sandbox { get; init; }

    /// <summary>The machine.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>The run.</summary>
    public required string Run { get; init; }

    /// <summary>When it was signed, UTC.</summary>
    public required string At { get; init; }

    /// <summary>The verifier's public key, in base64.</summary>
    public required string VerifierKey { get; init; }

    /// <summary>What is said of a result.</summary>
    internal static async Task<BuildPredicate> OfAsync(
        BuildEvidenceRequest request, RunRepository repository, string run, PublicKey verifier, CancellationToken cancellation)
    {
        var (input, goal) = (request.Input, request.Input.Goal);
        var commits = await repository.CommitsAsync(input.BaseCommit, request.Commit, cancellation);
        return new BuildPredicate
        {
            Goal = goal.Title,
            GoalHash = goal.Hash,
            BaseCommit = input.BaseCommit,
            PlanVersion = request.Plan.Version,
            Assertions =
            [
                .. goal.Acceptance.Select(assertion => new ProvenAssertion(
                    assertion.Id, assertion.Says, Statements.Hash(assertion.Run), assertion.IsKept, assertion.IsHidden,
                    request.Works.LastOrDefault(work => work.Asserts.Contains(assertion.Id)) is { } owner ? NameOf(owner) : null)),
            ],
            Checks = [.. request.Checks.Select(check => new ProvenCheck(check.Name, check.Tests))],
            Works = [.. request.Works.Select((work, index) => Of(work, commits[index]))],
            Sandbox = input.Sandbox,
            Environment = Evidence.DescribeMachine(),
            Run = run,
            At = Statements.Time(request.At),
            VerifierKey = verifier.Base64,
        };
    }

    private static ProvenWork Of(MergedWork work, string commit) => new()
    {
        Task = NameOf(work),
        IsContract = work.IsContract,
        Commit = commit,
        Agent = work.Agent,
        Models = work.Models,
        Reviewers = work.Reviewers,
        Findings = [.. work.Findings.Select(record => new ProvenFinding(
            record.Id, record.Finding.Priority.ToString(), record.Finding.Claim, record.Reproduction, record.Blocks, record.State.ToString()))],
        Dollars = work.Dollars,
    };

    /// <summary>A task of a later plan may have the id of one of an earlier.</summary>
    private static string NameOf(MergedWork work) =>
        work.Version == 1 ? work.Task : string.Create(CultureInfo.InvariantCulture, $"{work.Task} of plan {work.Version}");
}

/// <summary>An assertion that holds.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Says">What it asserts.</param>
/// <param name="CommandHash">SHA-256 of its command.</param>
/// <param name="IsKept">Whether the base fulfilled it; else it was red there.</param>
/// <param name="IsHidden">Whether no agent saw its command.</param>
/// <param name="Owner">The task after which it held; null for a kept one.</param>
public sealed record ProvenAssertion(string Id, string Says, string CommandHash, bool IsKept, bool IsHidden, string? Owner);

/// <summary>A command that passed.</summary>
/// <param name="Name">The check or the assertion.</param>
/// <param name="Tests">How many tests it says that it ran; null where that isn't known.</param>
public sealed record ProvenCheck(string Name, int? Tests);

/// <summary>A piece of work.</summary>
public sealed record ProvenWork
{
    /// <summary>The task.</summary>
    public required string Task { get; init; }

    /// <summary>Whether it is only what others build on.</summary>
    public bool IsContract { get; init; }

    /// <summary>The commit that it became.</summary>
    public required string Commit { get; init; }

    /// <summary>The agent that signed it.</summary>
    public required string Agent { get; init; }

    /// <summary>The models that answered it.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>The agents that reviewed it.</summary>
    public IReadOnlyList<string> Reviewers { get; init; } = [];

    /// <summary>What they found.</summary>
    public IReadOnlyList<ProvenFinding> Findings { get; init; } = [];

    /// <summary>What its answered model calls cost, in US dollars.</summary>
    public decimal Dollars { get; init; }
}

/// <summary>A finding, and what became of it.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Priority">P0 to P3.</param>
/// <param name="Claim">What was said to be wrong.</param>
/// <param name="Shown">What its reproduction showed; null where it had none.</param>
/// <param name="Blocked">Whether the work couldn't be merged with it.</param>
/// <param name="State">Open, Closed or Withdrawn.</param>
public sealed record ProvenFinding(string Id, string Priority, string Claim, Reproduction? Shown, bool Blocked, string State);

/// <summary>Evidence of builds.</summary>
public static class BuildEvidence
{
    /// <summary>The predicate's type.</summary>
    public const string Type = "urn:godwit:build:1";

    /// <summary>Verifies an envelope: its form, its signature, that the key is trusted, and that the result follows from what it says.</summary>
    /// <param name="file">The envelope's bytes.</param>
    /// <param name="trusted">The name under which a key is trusted, or null.</param>
    /// <exception cref="EvidenceException">It is refused.</exception>
    public static VerifiedStatement<BuildPredicate> Verify(byte[] file, Func<PublicKey, string?> trusted)
    {
        var verified = Statements.Open<BuildPredicate>(file, Type, predicate => predicate.VerifierKey, trusted);
        var predicate = verified.Statement.Predicate;
        var passed = predicate.Checks.Select(check => check.Name).ToHashSet(StringComparer.Ordinal);
        if (predicate.Assertions.FirstOrDefault(assertion => !passed.Contains(assertion.Id)) is { } unasked)
        {
            throw new EvidenceException($"the statement contradicts itself: {unasked.Id} was never asked of the result");
        }

        if (predicate.Works is not [.., var last] || last.Commit != Statements.CommitOf(verified.Statement))
        {
            throw new EvidenceException("the statement contradicts itself: its last work isn't the commit that it is about");
        }

        var open = predicate.Works.SelectMany(work => work.Findings).FirstOrDefault(finding => finding is { Blocked: true, State: nameof(FindingState.Open) });
        return open is null ? verified : throw new EvidenceException($"the statement contradicts itself: finding {open.Id} blocks and is open");
    }
}
