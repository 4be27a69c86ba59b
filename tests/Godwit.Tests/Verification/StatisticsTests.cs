using Godwit.Verification;

namespace Godwit.Tests.Verification;

public sealed class StatisticsTests
{
    [Theory]
    [InlineData(5, 0.05, 1)] // P(T+ <= 0) = 1/32 = .031 and P(T+ <= 1) = 2/32 = .0625
    [InlineData(6, 0.05, 3)] // P(T+ <= 2) = 3/64 = .047 and P(T+ <= 3) = 5/64 = .078
    [InlineData(10, 0.05, 11)] // the tabled critical value at n = 10 is 10
    [InlineData(20, 0.025, 53)] // the tabled critical value at n = 20 is 52
    [InlineData(4, 0.05, 0)] // the smallest p is 1/16: nothing can be claimed
    public void CriticalRank_TabledValues_Agree(int count, double alpha, int rank) =>
        Assert.Equal(rank, SignedRank.CriticalRank(count, alpha));

    [Fact]
    public void LowerBound_ByHand_IsTheRankedWalshAverage()
    {
        double[] differences = [1, 2, 3, 4, 5, 6];

        // Walsh averages from below: 1, 1.5, 2, 2, ... and the rank for n = 6 at .05 is 3.
        Assert.Equal(2, SignedRank.LowerBound(differences, 0.05));
        Assert.Equal(5, SignedRank.UpperBound(differences, 0.05));
        Assert.Equal(3.5, SignedRank.Estimate(differences));
    }

    [Fact]
    public void Test_MedianBoughtWithSpikes_IsNotProven()
    {
        // 18 pairs are 20 % better and two are ten times worse: the mean has fallen.
        var pairs = Enumerable.Range(0, 20)
            .Select(index => (Base: 100.0 + index * 0.01, Candidate: index is 3 or 12 ? 1.0 : 112.0))
            .ToList();
        var test = new ClaimRule(0.05, 0.05).Test(pairs, new Scale(true), 0.05);
        Assert.True(test.Lower > 1 && test.Estimate >= 1.05);
        Assert.True(test.MeanRatio < 1.01);
        var worse = pairs.Select(pair => (pair.Base, Candidate: pair.Candidate > 50 ? 106 : 1.0)).ToList();
        Assert.False(new ClaimRule(0.05, 0.05).Test(worse, new Scale(true), 0.05).Proven);
    }

    [Fact]
    public void Test_Minimise_ReportsTheImprovementFactor()
    {
        var pairs = Enumerable.Range(0, 20).Select(index => (Base: 200.0 + index, Candidate: 100.0 + index * 0.5)).ToList();
        var test = new ClaimRule(0.05, 0.05).Test(pairs, new Scale(false), 0.05);
        Assert.True(test.Proven);
        Assert.Equal(2, test.Estimate, 6);
        Assert.Equal(2, test.MeanRatio, 6);
    }

    [Fact]
    public void Levels_OverAllAttempts_SumToAlpha()
    {
        var rule = new ClaimRule(0.05, 0.05);
        Assert.Equal(0.05, Enumerable.Range(1, 100_000).Sum(rule.Level), 5);
        Assert.Equal(0.025, rule.Level(1), 12);
    }

    [Fact]
    public void Pairs_MoreNoiseOrLaterAttempt_NeedsMore()
    {
        var rule = new ClaimRule(0.05, 0.05);
        Assert.Equal(rule.SmallestPairs(1), rule.Pairs(1, 0.001, 0));
        Assert.Equal(18, rule.SmallestPairs(1));
        Assert.True(rule.Pairs(1, 0.12, 0) > rule.Pairs(1, 0.06, 0));
        Assert.True(rule.Pairs(2, 0.12, 0) > rule.Pairs(1, 0.12, 0));
        Assert.True(rule.Pairs(1, 0.12, 0.5) < rule.Pairs(1, 0.12, 0));
    }

    [Theory]
    [InlineData("METRIC a=1.5 ms\nother\nMETRIC b=2", null, 2)]
    [InlineData("", """{"metrics": {"a": [1, 2], "b": 3}, "valid": true}""", 2)]
    [InlineData("", """{"results": [{"command": "x", "times": [0.1, 0.2]}]}""", 1)]
    public void Read_KnownForms_GiveTheirMetrics(string output, string? json, int count) =>
        Assert.Equal(count, ResultReader.Read(json is null ? null : System.Text.Encoding.UTF8.GetBytes(json), output).Count);

    [Theory]
    [InlineData("METRIC a=1\nMETRIC a=2", null, "twice")]
    [InlineData("METRIC a=1", """{"metrics": {"a": 1}}""", "twice")]
    [InlineData("METRIC a=NaN", null, "no finite number")]
    [InlineData("METRIC a=Infinity", null, "no finite number")]
    [InlineData("METRIC a", null, "is no 'METRIC name=value")]
    [InlineData("", """{"metrics": {"a": []}}""", "no samples")]
    [InlineData("", """{"metrics": {"a": "x"}}""", "is no number")]
    [InlineData("", """{"metrics": {"a": 1}, "valid": false, "reason": "lost 3"}""", "lost 3")]
    [InlineData("", "{", "is no JSON")]
    [InlineData("", "[]", "neither")]
    public void Read_WhatCantBeUsed_IsRefusedWithItsReason(string output, string? json, string reason)
    {
        var error = Assert.Throws<ResultException>(
            () => ResultReader.Read(json is null ? null : System.Text.Encoding.UTF8.GetBytes(json), output));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a == 2", true)]
    [InlineData("a <= 1.5 * b", true)]
    [InlineData("a > b and not (b > a)", false)]
    [InlineData("mode == fast or a + 1 == b", true)]
    [InlineData("(a + b) * 2 == 8", false)]
    [InlineData("a != 2", false)]
    public void Expression_Evaluates(string text, bool expected) =>
        Assert.Equal(expected, Expression.Parse(text).Holds(name => name switch { "a" => 2.0, "b" => 3.0, "mode" => "fast", _ => null }));

    [Theory]
    [InlineData("a ==")]
    [InlineData("(a == 1")]
    [InlineData("a = 1")]
    [InlineData("a == 'x")]
    [InlineData("")]
    public void Expression_Mistake_SaysWhere(string text) => Assert.Throws<FormatException>(() => Expression.Parse(text));
}
