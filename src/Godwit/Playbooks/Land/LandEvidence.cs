using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Godwit.Identity;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Land;

/// <summary>What is signed of branches that were landed: an in-toto statement (v1) about one commit.</summary>
public sealed record LandStatement
{
    /// <summary>The predicate's type.</summary>
    public const string LandType = "urn:godwit:land:1";

    /// <summary>The statement's type.</summary>
    [JsonPropertyName("_type")]
    public string Type { get; init; } = "";

    /// <summary>What it is about: one commit.</summary>
    public required IReadOnlyList<EvidenceSubject> Subject { get; init; }

    /// <summary><see cref="LandType"/>.</summary>
    public string PredicateType { get; init; } = "";

    /// <summary>What was landed, and what passed.</summary>
    public required LandPredicate Predicate { get; init; }

    /// <summary>The statement about a result.</summary>
    internal static async Task<LandStatement> OfAsync(
        LandEvidenceRequest request, RunRepository repository, string run, PublicKey verifier, CancellationToken cancellation)
    {
        var ground = request.Input.Ground;
        var commands = ground.Goal.Checks.ToDictionary(check => check.Name, check => check.Run, StringComparer.Ordinal);
        return new LandStatement
        {
            Type = EvidenceStatement.StatementType,
            PredicateType = LandType,
            Subject = [await EvidenceSubject.OfCommitAsync(repository, request.Commit, cancellation)],
            Predicate = new LandPredicate
            {
                BaseCommit = ground.BaseCommit,
                Checks = [.. request.Checks.Select(check => new LandedCheck(check.Name, Hash(commands.GetValueOrDefault(check.Name, "")), check.Tests))],
                Landed = [.. request.Branches.Where(one => one.Tip is not null).Select(one => new ProvenBranch(one.Branch.Name, one.Branch.Commit, one.Tip!))],
                LeftOut = [.. request.Branches.Where(one => one.Tip is null).Select(one => new LeftOutBranch(one.Branch.Name, one.Branch.Commit, one.Reason ?? ""))],
                Sandbox = ground.Sandbox,
                Environment = Evidence.DescribeMachine(),
                Run = run,
                At = request.At.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
                VerifierKey = verifier.Base64,
            },
        };
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}

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

/// <summary>Evidence of landed branches that has been verified.</summary>
/// <param name="Statement">The statement.</param>
/// <param name="Key">Who signed it.</param>
/// <param name="KeyName">The name under which the key is trusted.</param>
public sealed record VerifiedLanding(LandStatement Statement, PublicKey Key, string KeyName);

/// <summary>Verifies evidence of landed branches.</summary>
public static class LandEvidence
{
    /// <summary>Verifies an envelope: its form, its signature, that the key is trusted, and that it doesn't contradict itself.</summary>
    /// <param name="file">The envelope's bytes.</param>
    /// <param name="trusted">The name under which a key is trusted, or null.</param>
    /// <exception cref="EvidenceException">It is refused.</exception>
    public static VerifiedLanding Verify(byte[] file, Func<PublicKey, string?> trusted)
    {
        var (statement, key, name) = Dsse.Open<LandStatement>(
            file, known => known is { PredicateType: LandStatement.LandType, Type: EvidenceStatement.StatementType },
            known => known.Predicate.VerifierKey, trusted);
        var predicate = statement.Predicate;
        if (predicate.Checks.Count == 0)
        {
            throw new EvidenceException("the statement contradicts itself: nothing was asked of the result");
        }

        return predicate.Landed.Count > 0 && predicate.Landed[^1].Commit == statement.Subject[0].Digest.GetValueOrDefault("gitCommit")
            ? new VerifiedLanding(statement, key, name)
            : throw new EvidenceException("the statement contradicts itself: the last that was landed isn't the commit that it is about");
    }
}
