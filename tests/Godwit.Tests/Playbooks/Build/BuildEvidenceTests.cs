using System.Text;
using System.Text.Json.Nodes;
using Godwit.Identity;
using Godwit.Playbooks.Build;
using Godwit.Playbooks.Review;
using Godwit.Verification;

namespace Godwit.Tests.Playbooks.Build;

/// <summary>Whoever changes what is signed of a build, or lets it contradict itself, is found out.</summary>
public sealed class BuildEvidenceTests : IDisposable
{
    private readonly SigningKey _key = SigningKey.FromSeed(new byte[32]);

    public void Dispose() => _key.Dispose();

    /// <summary>Ledger, plan, tree, findings, cost and all else: each in words that would do the one who changes it good.</summary>
    [Theory]
    [InlineData("\"gitTree\":\"t1\"", "\"gitTree\":\"t2\"")]
    [InlineData("\"gitCommit\":\"c2\"", "\"gitCommit\":\"c1\"")]
    [InlineData("\"planVersion\":2", "\"planVersion\":1")]
    [InlineData("\"baseCommit\":\"b\"", "\"baseCommit\":\"x\"")]
    [InlineData("\"goalHash\":\"h\"", "\"goalHash\":\"x\"")]
    [InlineData("It greets", "It sings")]
    [InlineData("\"commandHash\":\"ch\"", "\"commandHash\":\"cx\"")]
    [InlineData("\"id\":\"A1\"", "\"id\":\"A2\"")]
    [InlineData("\"isHidden\":true", "\"isHidden\":false")]
    [InlineData("\"owner\":\"T1\"", "\"owner\":\"T2\"")]
    [InlineData("\"tests\":16", "\"tests\":61")]
    [InlineData("T1-v1-worker-1-1", "T9-v1-worker-1-1")]
    [InlineData("\"models\":[\"m\"]", "\"models\":[\"n\"]")]
    [InlineData("T1-v1-reviewer-1-1-1", "T1-v1-believer-1-1-1")]
    [InlineData("It crashes on an empty line", "It crashes on no line at all")]
    [InlineData("\"priority\":\"P1\"", "\"priority\":\"P3\"")]
    [InlineData("\"blocked\":true", "\"blocked\":false")]
    [InlineData("\"state\":\"Closed\"", "\"state\":\"Withdrawn\"")]
    [InlineData("\"atTip\":[1,1,1]", "\"atTip\":[1,1,0]")]
    [InlineData("\"dollars\":1.25", "\"dollars\":0.25")]
    [InlineData("\"sandbox\":\"bubblewrap\"", "\"sandbox\":\"none at all\"")]
    [InlineData("\"run\":\"r\"", "\"run\":\"s\"")]
    [InlineData("2026-11-27", "2026-11-28")]
    [InlineData("\"cpu\":\"x\"", "\"cpu\":\"y\"")]
    public void Verify_Changed_IsRefused(string old, string changed)
    {
        var envelope = JsonNode.Parse(Dsse.Sign(Statement(), _key))!;
        var payload = Encoding.UTF8.GetString(Convert.FromBase64String(envelope["payload"]!.ToString()));
        Assert.Contains(old, payload, StringComparison.Ordinal);
        envelope["payload"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(payload.Replace(old, changed, StringComparison.Ordinal)));
        var error = Assert.Throws<EvidenceException>(() => BuildEvidence.Verify(Encoding.UTF8.GetBytes(envelope.ToJsonString() + "\n"), _ => "anyone"));
        Assert.Contains("changed", error.Message, StringComparison.Ordinal);

        // Signed again with another key it is whole, and trusted by nobody.
        using var own = SigningKey.FromSeed([.. Enumerable.Repeat((byte)7, 32)]);
        var again = Dsse.Sign(Statement() with { Predicate = Statement().Predicate with { VerifierKey = own.Public.Base64 } }, own);
        Assert.True(Assert.Throws<EvidenceException>(() => BuildEvidence.Verify(again, key => key.Equals(_key.Public) ? "me" : null)).UnknownKey);
    }

    [Fact]
    public void Verify_AnyOneByteChanged_IsRefused()
    {
        var file = Dsse.Sign(Statement(), _key);
        Assert.Equal("me", BuildEvidence.Verify(file, key => key.Equals(_key.Public) ? "me" : null).KeyName);
        for (var position = 0; position < file.Length; position++)
        {
            var changed = (byte[])file.Clone();
            changed[position] ^= 1;
            Assert.Throws<EvidenceException>(() => BuildEvidence.Verify(changed, _ => "anyone"));
        }
    }

    /// <summary>What a verifier should never have signed isn't believed because it is signed.</summary>
    [Fact]
    public void Verify_ContradictsItself_IsRefusedThoughItIsSigned()
    {
        var (statement, predicate) = (Statement(), Statement().Predicate);
        var open = predicate.Works[0] with { Findings = [predicate.Works[0].Findings[0] with { State = nameof(FindingState.Open) }] };
        (BuildPredicate Predicate, string Words)[] wrong =
        [
            (predicate with { Checks = [] }, "A1 was never asked of the result"),
            (predicate with { Works = [predicate.Works[0]] }, "its last work isn't the commit"),
            (predicate with { Works = [] }, "its last work isn't the commit"),
            (predicate with { Works = [open, predicate.Works[1]] }, "finding T1-F1 blocks and is open"),
        ];
        foreach (var (changed, words) in wrong)
        {
            var file = Dsse.Sign(statement with { Predicate = changed }, _key);
            Assert.Contains(words, Assert.Throws<EvidenceException>(() => BuildEvidence.Verify(file, _ => "me")).Message, StringComparison.Ordinal);
        }
    }

    private Statement<BuildPredicate> Statement() => new()
    {
        Type = EvidenceStatement.StatementType,
        PredicateType = BuildEvidence.Type,
        Subject = [new EvidenceSubject("result", new Dictionary<string, string> { ["gitCommit"] = "c2", ["gitTree"] = "t1" })],
        Predicate = new BuildPredicate
        {
            Goal = "A greeter",
            GoalHash = "h",
            BaseCommit = "b",
            PlanVersion = 2,
            Assertions = [new ProvenAssertion("A1", "It greets", "ch", false, true, "T1")],
            Checks = [new ProvenCheck("unit", 16), new ProvenCheck("A1", null)],
            Works =
            [
                new ProvenWork
                {
                    Task = "T1",
                    Commit = "c1",
                    Agent = "T1-v1-worker-1-1",
                    Models = ["m"],
                    Reviewers = ["T1-v1-reviewer-1-1-1"],
                    Findings =
                    [
                        new ProvenFinding(
                            "T1-F1", "P1", "It crashes on an empty line", new Reproduction([0, 0, 0], [1, 1, 1]), true, nameof(FindingState.Closed)),
                    ],
                    Dollars = 1.25m,
                },
                new ProvenWork { Task = "T2", Commit = "c2", Agent = "T2-v1-worker-1-1" },
            ],
            Sandbox = "bubblewrap",
            Environment = new Dictionary<string, string> { ["cpu"] = "x" },
            Run = "r",
            At = "2026-11-27T00:00:00Z",
            VerifierKey = _key.Public.Base64,
        },
    };
}
