using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Godwit.Durable;
using Godwit.Identity;
using Godwit.Durable.Journal;
using Godwit.Workspaces;

namespace Godwit.Verification;

/// <summary>What is signed: an in-toto statement (v1) about one commit.</summary>
public sealed record EvidenceStatement
{
    /// <summary>The predicate's type: a claim on an observed figure.</summary>
    public const string ClaimType = "urn:godwit:claim:2";

    /// <summary>The type of claims that were made before figures were told apart, on whatever the harness said.</summary>
    public const string SelfTimedClaimType = "urn:godwit:claim:1";

    /// <summary>The statement's type. Statements of the first type left it out.</summary>
    [System.Text.Json.Serialization.JsonPropertyName("_type")]
    public string Type { get; init; } = "";

    /// <summary>The type that statements of the second type state.</summary>
    public const string StatementType = "https://in-toto.io/Statement/v1";

    /// <summary>What it is about: one commit.</summary>
    public required IReadOnlyList<EvidenceSubject> Subject { get; init; }

    /// <summary><see cref="ClaimType"/>, or <see cref="SelfTimedClaimType"/>, which statements of that type left out.</summary>
    public string PredicateType { get; init; } = SelfTimedClaimType;

    /// <summary>The claim with all that it rests on.</summary>
    public required EvidencePredicate Predicate { get; init; }
}

/// <summary>A subject of a statement.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Digest">Its names by kind.</param>
public sealed record EvidenceSubject(string Name, IReadOnlyDictionary<string, string> Digest)
{
    /// <summary>A commit of a run's clone.</summary>
    internal static async Task<EvidenceSubject> OfCommitAsync(RunRepository repository, string commit, CancellationToken cancellation) => new(
        "result", new Dictionary<string, string> { ["gitCommit"] = commit, ["gitTree"] = await repository.TreeAsync(commit, cancellation) });
}

/// <summary>A claim with all that it rests on.</summary>
public sealed record EvidencePredicate
{
    /// <summary>The goal in the user's words.</summary>
    public required string Goal { get; init; }

    /// <summary>SHA-256 of the goal file.</summary>
    public required string GoalHash { get; init; }

    /// <summary>The commit that the claim compares with.</summary>
    public required string BaseCommit { get; init; }

    /// <summary>SHA-256 over the commands and every file that a candidate can't change.</summary>
    public required string HarnessHash { get; init; }

    /// <summary>
    /// How the figure is observed: <c>settings</c>, <c>wall</c>, <c>challenge</c>, <c>driver</c> or <c>judge</c>. In claims of the first
    /// type <c>process</c>, a harness in a process of its own, or <c>loads-candidate</c>, one that loads the candidate's code.
    /// </summary>
    public string HarnessKind { get; init; } = "process";

    /// <summary>
    /// What a check is worth here: <c>filter</c> where it ran the candidate's code, which can end it as it likes; null for no
    /// check.
    /// </summary>
    public string? Check { get; init; }

    /// <summary>The answer was the same for every seed: a candidate could carry it instead of working it out.</summary>
    public bool FixedAnswer { get; init; }

    /// <summary>
    /// Each side was built twice, and measured in both builds. A compiler that makes the same bytes each time has made one layout.
    /// </summary>
    public bool BuiltTwice { get; init; }

    /// <summary>How commands were kept apart.</summary>
    public required string Sandbox { get; init; }

    /// <summary>The machine.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>The run.</summary>
    public required string Run { get; init; }

    /// <summary>When it was signed, UTC.</summary>
    public required string At { get; init; }

    /// <summary>What a comparison left out of the commit that it was asked about; null where it measured that commit as it is.</summary>
    public EvidenceLeftOut? LeftOut { get; init; }

    /// <summary>How many candidates were tried.</summary>
    public int Trials { get; init; }

    /// <summary>What is claimed on the measured workload.</summary>
    public required EvidenceClaim Claim { get; init; }

    /// <summary>The same on the held-out workload; null where the goal has none.</summary>
    public EvidenceClaim? HoldOut { get; init; }

    /// <summary>The samples of the base against itself.</summary>
    public IReadOnlyList<EvidencePair> Calibration { get; init; } = [];

    /// <summary>The verifier's public key, in base64; its SHA-256 is the key id of the signature.</summary>
    public required string VerifierKey { get; init; }
}

/// <summary>Changes that the goal doesn't allow: those files were measured as the base has them.</summary>
/// <param name="Commit">The commit that was asked about.</param>
/// <param name="Files">The files.</param>
public sealed record EvidenceLeftOut(string Commit, IReadOnlyList<string> Files);

/// <summary>A claim and the raw samples that it is reckoned from.</summary>
public sealed record EvidenceClaim
{
    /// <summary>The metric.</summary>
    public required string Metric { get; init; }

    /// <summary>Its unit; null for none.</summary>
    public string? Unit { get; init; }

    /// <summary><c>maximise</c> or <c>minimise</c>.</summary>
    public required string Direction { get; init; }

    /// <summary>The smallest improvement worth a claim.</summary>
    public double MinimumEffect { get; init; }

    /// <summary>The one-sided level.</summary>
    public double Level { get; init; }

    /// <summary>What differences are parts of, where values are compared by them; 0 where they are compared by their ratio.</summary>
    public double Reference { get; init; }

    /// <summary>The metric doesn't vary: repeats were compared exactly.</summary>
    public bool Exact { get; init; }

    /// <summary>The Hodges-Lehmann estimate of the improvement: a factor, or a difference in the metric's unit.</summary>
    public double Estimate { get; init; }

    /// <summary>The lower bound: what is claimed.</summary>
    public double Lower { get; init; }

    /// <summary>The same of the arithmetic means.</summary>
    public double MeanRatio { get; init; }

    /// <summary>How its values are compared.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public Scale Scale => new(Direction == "maximise", Reference);

    /// <summary>Every pair.</summary>
    public required IReadOnlyList<EvidencePair> Pairs { get; init; }
}

/// <summary>The samples of one pair, in the order in which it was measured.</summary>
/// <param name="BaseFirst">Whether the base came first.</param>
/// <param name="Base">The base's samples.</param>
/// <param name="Candidate">The candidate's.</param>
public sealed record EvidencePair(bool BaseFirst, IReadOnlyList<double> Base, IReadOnlyList<double> Candidate);

/// <summary>What evidence proves, once it has been verified.</summary>
/// <param name="Statement">The statement.</param>
/// <param name="Key">Who signed it.</param>
/// <param name="KeyName">The name under which the key is trusted.</param>
public sealed record VerifiedEvidence(EvidenceStatement Statement, PublicKey Key, string KeyName);

/// <summary>Evidence was refused. The message is one line.</summary>
/// <param name="message">Why.</param>
/// <param name="unknownKey">Whether the evidence is whole, and only its key is not trusted here.</param>
public sealed class EvidenceException(string message, bool unknownKey = false) : Exception(message)
{
    /// <summary>The evidence is whole, and only its key is not trusted here.</summary>
    public bool UnknownKey { get; } = unknownKey;
}

/// <summary>Signs claims and verifies them.</summary>
public static class Evidence
{
    /// <summary>The envelope of a statement.</summary>
    public static byte[] Sign(EvidenceStatement statement, SigningKey key) => Dsse.Sign(statement, key);

    /// <summary>
    /// Verifies an envelope: its form, its signature, that the key is trusted, and that the claim follows from the samples.
    /// </summary>
    /// <param name="file">The envelope's bytes.</param>
    /// <param name="trusted">The name under which a key is trusted, or null.</param>
    /// <exception cref="EvidenceException">It is refused.</exception>
    public static VerifiedEvidence Verify(byte[] file, Func<PublicKey, string?> trusted)
    {
        var (statement, key, name) = Dsse.Open<EvidenceStatement>(
            file,
            known => known is { PredicateType: EvidenceStatement.ClaimType, Type: EvidenceStatement.StatementType }
                or { PredicateType: EvidenceStatement.SelfTimedClaimType, Type: "" },
            known => known.Predicate.VerifierKey, trusted);
        Recompute(statement.Predicate.Claim, "claim");
        if (statement.Predicate.HoldOut is { } holdOut)
        {
            Recompute(holdOut, "held-out claim");
        }

        return new VerifiedEvidence(statement, key, name);
    }

    /// <summary>This machine, for a statement.</summary>
    public static IReadOnlyDictionary<string, string> DescribeMachine() => new Dictionary<string, string>
    {
        ["os"] = RuntimeInformation.OSDescription,
        ["architecture"] = RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant(),
        ["cpu"] = File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?
            .Split(':', 2)[1]
            .Trim()
            ?? "unknown",
        ["processors"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
        ["memory_gib"] = (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1L << 30)).ToString(CultureInfo.InvariantCulture),
        ["runtime"] = RuntimeInformation.FrameworkDescription,
        ["godwit"] = typeof(Evidence).Assembly.GetName().Version?.ToString(3) ?? "",
    };

    private static void Recompute(EvidenceClaim claim, string what)
    {
        var rule = new ClaimRule(claim.MinimumEffect, claim.Level);
        var test = ClaimJudge.Judge(claim.Pairs, rule, claim.Scale, claim.Exact, claim.Level);
        if (!test.Proven
            || !Near(test.Estimate, claim.Estimate)
            || !Near(test.Lower, claim.Lower)
            || !Near(test.MeanRatio, claim.MeanRatio))
        {
            throw new EvidenceException(
                $"the {what} doesn't follow from the samples: they give " +
                $"{test.Lower.ToString("0.####", CultureInfo.InvariantCulture)}, the statement says " +
                $"{claim.Lower.ToString("0.####", CultureInfo.InvariantCulture)}");
        }
    }

    /// <summary>Sums may be taken in another order on another machine; a claim is not about the fifteenth digit.</summary>
    private static bool Near(double left, double right) => Math.Abs(left - right) <= 1e-9 * Math.Max(Math.Abs(left), Math.Abs(right));
}

/// <summary>Judges raw pairs; what claims and what verifies a claim are one piece of code.</summary>
internal static class ClaimJudge
{
    public static ClaimTest Judge(IReadOnlyList<EvidencePair> pairs, ClaimRule rule, Scale scale, bool exact, double level)
    {
        var values = pairs.Select(pair => (Base: pair.Base.Average(), Candidate: pair.Candidate.Average())).ToList();
        if (!exact)
        {
            return rule.Test(values, scale, level);
        }

        // Without noise there is nothing to estimate: the repeats agree or they don't.
        var gains = values.Select(pair => scale.Value(scale.Gain(pair.Base, pair.Candidate))).ToList();
        var agree = gains.Count >= 3 && gains.TrueForAll(gain => gain == gains[0]);
        var lowest = gains.DefaultIfEmpty(scale.Value(0)).Min();
        return new ClaimTest(
            lowest, agree ? lowest : scale.Value(double.NegativeInfinity), lowest, gains.Count, level,
            agree && lowest >= scale.Value(scale.GainOf(rule.MinimumEffect)));
    }
}
