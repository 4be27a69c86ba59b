using Godwit.Durable;
using Godwit.Identity;
using Godwit.Playbooks.Build;
using Godwit.Verification;

namespace Godwit.Tests.Verification;

public sealed class EvidenceTests
{
    private static EvidenceStatement Statement(SigningKey key, double inflate = 1)
    {
        var random = new SeededRandom(1, "evidence");
        var pairs = Enumerable.Range(0, 20)
            .Select(_ => new EvidencePair(random.NextDouble() < 0.5, [100 + random.NextNormal()], [130 + random.NextNormal()]))
            .ToList();
        var test = new ClaimRule(0.05, 0.025).Test([.. pairs.Select(pair => (pair.Base[0], pair.Candidate[0]))], new Scale(true), 0.025);
        return new EvidenceStatement
        {
            Type = EvidenceStatement.StatementType,
            PredicateType = EvidenceStatement.ClaimType,
            Subject = [new EvidenceSubject("result", new Dictionary<string, string> { ["gitCommit"] = "abc" })],
            Predicate = new EvidencePredicate
            {
                Goal = "faster", GoalHash = "h", BaseCommit = "b", HarnessHash = "hh", Sandbox = "bubblewrap", Run = "r",
                At = "2026-05-01T00:00:00Z",
                Environment = new Dictionary<string, string> { ["cpu"] = "x" },
                VerifierKey = key.Public.Base64,
                Claim = new EvidenceClaim
                {
                    Metric = "m", Direction = "maximise", MinimumEffect = 0.05, Level = 0.025, Pairs = pairs,
                    Estimate = test.Estimate, Lower = test.Lower * inflate, MeanRatio = test.MeanRatio,
                },
            },
        };
    }

    /// <summary>
    /// Evidence as it was signed before figures were told apart, on the word of a process that loaded the candidate's code.
    /// </summary>
    [Fact]
    public void Verify_OfTheFirstType_HoldsAndIsToldApart()
    {
        var verified = Evidence.Verify(
            File.ReadAllBytes(Path.Combine(Repository.Root, "tests", "Godwit.Tests", "Verification", "Golden", "claim-1.evidence.json")),
            _ => "then");
        Assert.Equal(EvidenceStatement.SelfTimedClaimType, verified.Statement.PredicateType);
        Assert.Equal("loads-candidate", verified.Statement.Predicate.HarnessKind);
        Assert.Equal(1.935, Math.Floor(verified.Statement.Predicate.Claim.Lower * 1000) / 1000);
    }

    /// <summary>What a file says in its words doesn't decide how it is verified.</summary>
    [Fact]
    public void PredicateType_ClaimWhoseGoalNamesTheTypeOfABuild_IsAClaims()
    {
        using var key = SigningKey.FromSeed(new byte[32]);
        var statement = Statement(key);
        var file = Evidence.Sign(
            statement with { Predicate = statement.Predicate with { Goal = $"\"predicateType\":\"{BuildEvidence.Type}\"" } }, key);
        Assert.NotEqual(BuildEvidence.Type, Dsse.PredicateType(file));
        Assert.Equal("me", Evidence.Verify(file, _ => "me").KeyName);
    }

    [Fact]
    public void Verify_AnyOneByteChanged_IsRefused()
    {
        using var key = SigningKey.FromSeed(new byte[32]);
        var file = Evidence.Sign(Statement(key), key);
        Assert.Equal("me", Evidence.Verify(file, candidate => candidate.Equals(key.Public) ? "me" : null).KeyName);
        for (var position = 0; position < file.Length; position++)
        {
            foreach (var flip in (byte[])[1, 0x20])
            {
                var changed = (byte[])file.Clone();
                changed[position] ^= flip;
                var error = Assert.Throws<EvidenceException>(() => Evidence.Verify(changed, _ => "anyone"));
                Assert.False(error.UnknownKey);
            }
        }

        Assert.Throws<EvidenceException>(() => Evidence.Verify([.. file, (byte)'\n'], _ => "anyone"));
        Assert.Throws<EvidenceException>(() => Evidence.Verify([], _ => "anyone"));
    }

    [Fact]
    public void Verify_KeyNotTrusted_IsToldApart()
    {
        using var key = SigningKey.Generate();
        var error = Assert.Throws<EvidenceException>(() => Evidence.Verify(Evidence.Sign(Statement(key), key), _ => null));
        Assert.True(error.UnknownKey);
        Assert.Contains(key.Public.KeyId, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_ClaimAboveWhatTheSamplesGive_IsRefusedThoughSigned()
    {
        using var key = SigningKey.Generate();
        var error = Assert.Throws<EvidenceException>(() => Evidence.Verify(Evidence.Sign(Statement(key, inflate: 1.01), key), _ => "me"));
        Assert.Contains("doesn't follow from the samples", error.Message, StringComparison.Ordinal);
    }
}
