using Godwit.Identity;
using Godwit.Playbooks.Build;
using Godwit.Verification;

namespace Godwit.Playbooks.Land;

/// <summary>What was landed, and what passed.</summary>
public sealed record LandPredicate
{
    /// <summary>The commit that branches were landed on.</summary>
    public required string BaseCommit { get; init; }

    /// <summary>What the last gate asked of the result on a clean checkout; all of it passed.</summary>
    public required IReadOnlyList<LandedCheck> Checks { get; init; }

    /// <summary>What was landed, in its order.</summary>
    public required IReadOnlyList<ProvenBranch> Landed { get; init; }

    /// <summary>What was left out, and why.</summary>
    public required IReadOnlyList<LeftOutBranch> LeftOut { get; init; }

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
    internal static LandPredicate Of(LandEvidenceRequest request, string run, PublicKey verifier)
    {
        var ground = request.Input.Ground;
        var commands = BuildChecks.OfEnd(ground.Goal).ToDictionary(check => check.Name, check => check.Run, StringComparer.Ordinal);
        return new LandPredicate
        {
            BaseCommit = ground.BaseCommit,
            Checks = [.. request.Checks.Select(check => new LandedCheck(check.Name, Statements.Hash(commands.GetValueOrDefault(check.Name, "")), check.Tests))],
            Landed = [.. request.Branches.Where(one => one.Tip is not null).Select(one => new ProvenBranch(one.Branch.Name, one.Branch.Commit, one.Tip!))],
            LeftOut = [.. request.Branches.Where(one => one.Tip is null).Select(LeftOutOf)],
            Sandbox = ground.Sandbox,
            Environment = Evidence.DescribeMachine(),
            Run = run,
            At = Statements.Time(request.At),
            VerifierKey = verifier.Base64,
        };
    }

    private static LeftOutBranch LeftOutOf(LandedBranch one) => new(one.Branch.Name, one.Branch.Commit, one.Reason ?? "");
}

/// <summary>A check that passed.</summary>
/// <param name="Name">Its name.</param>
/// <param name="CommandHash">SHA-256 of its command.</param>
/// <param name="Tests">How many tests it says that it ran; null where that isn't known.</param>
public sealed record LandedCheck(string Name, string CommandHash, int? Tests);

/// <summary>A branch that was landed.</summary>
/// <param name="Name">As the user named it.</param>
/// <param name="Head">Its commit.</param>
/// <param name="Commit">The merge that it became.</param>
public sealed record ProvenBranch(string Name, string Head, string Commit);

/// <summary>A branch that wasn't.</summary>
/// <param name="Name">As the user named it.</param>
/// <param name="Head">Its commit.</param>
/// <param name="Reason">Why.</param>
public sealed record LeftOutBranch(string Name, string Head, string Reason);

/// <summary>Evidence of landed branches.</summary>
public static class LandEvidence
{
    /// <summary>The predicate's type.</summary>
    public const string Type = "urn:godwit:land:1";

    /// <summary>Verifies an envelope: its form, its signature, that the key is trusted, and that it doesn't contradict itself.</summary>
    /// <param name="file">The envelope's bytes.</param>
    /// <param name="trusted">The name under which a key is trusted, or null.</param>
    /// <exception cref="EvidenceException">It is refused.</exception>
    public static VerifiedStatement<LandPredicate> Verify(byte[] file, Func<PublicKey, string?> trusted)
    {
        var verified = Statements.Open<LandPredicate>(file, Type, predicate => predicate.VerifierKey, trusted);
        var predicate = verified.Statement.Predicate;
        if (predicate.Checks.Count == 0)
        {
            throw new EvidenceException("the statement contradicts itself: nothing was asked of the result");
        }

        return predicate.Landed is [.., var last] && last.Commit == Statements.CommitOf(verified.Statement)
            ? verified
            : throw new EvidenceException("the statement contradicts itself: the last that was landed isn't the commit that it is about");
    }
}
