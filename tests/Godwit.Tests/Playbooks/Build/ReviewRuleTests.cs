using Godwit.Playbooks.Build;
using Godwit.Playbooks.Review;

namespace Godwit.Tests.Playbooks.Build;

/// <summary>A finding blocks by what was seen of it, and never by its reviewer's words.</summary>
public sealed class ReviewRuleTests
{
    private static readonly Finding Grave = new() { File = "a.py", Line = 1, Priority = Priority.P1, Claim = "wrong", Command = "./show" };

    [Theory]
    [InlineData(Priority.P1, "0 0 0", "1 1 1", "", null, true)]
    [InlineData(Priority.P0, "0 0 0", "1 2 1", "", null, true)]
    [InlineData(Priority.P2, "0 0 0", "1 1 1", "", null, false)]
    [InlineData(Priority.P1, "0 0 0", "1 0 1", "", null, false)]
    [InlineData(Priority.P1, "0 0 0", "0 0 0", "", null, false)]
    [InlineData(Priority.P1, "1 1 1", "1 1 1", "", null, false)]
    [InlineData(Priority.P1, "0 1 0", "1 1 1", "", null, false)]
    [InlineData(Priority.P1, "127 127 127", "127 127 127", "A1", true, false)]
    [InlineData(Priority.P1, "1 1 1", "1 1 1", "A1", true, true)]
    [InlineData(Priority.P1, "1 1 1", "1 1 1", "A1", false, false)]
    [InlineData(Priority.P1, "1 1 1", "1 1 1", "A1", null, false)]
    public void Decide_WhatWasSeen_Decides(Priority priority, string atBase, string atTip, string cites, bool? confirmed, bool blocks)
    {
        var shown = new Reproduction(Codes(atBase), Codes(atTip));
        var (decided, reason) = ReviewRule.Decide(Grave with { Priority = priority, Cites = cites }, Adds("a.py"), shown, confirmed);
        Assert.True(blocks == decided, reason);
    }

    [Fact]
    public void Decide_NothingShowsIt_DoesntBlock() => Assert.False(ReviewRule.Decide(Grave, Adds("a.py"), null, null).Blocks);

    [Fact]
    public void NeedsConfirming_FileThatTheChangeDoesntTouch_No() => Assert.False(
        ReviewRule.NeedsConfirming(Grave with { Cites = "A1" }, Adds("other.py"), new Reproduction([1, 1, 1], [1, 1, 1])));

    /// <summary>What fails in the same way without the change was there before, whatever is cited; what can't be run there is another matter.</summary>
    [Theory]
    [InlineData("1 1 1", false)]
    [InlineData("127 127 127", true)]
    [InlineData("1 127 127", false)]
    public void NeedsConfirming_FileThatWasThereBefore_OnlyWhereTheCommandCouldNotRun(string atBase, bool expected) => Assert.Equal(
        expected,
        ReviewRule.NeedsConfirming(
            Grave with { Cites = "A1" }, Adds("a.py") with { New = [] }, new Reproduction(Codes(atBase), [1, 1, 1])));

    private static Harvest Adds(string file) => new("c", [file], [file], "", []) { New = [file] };

    private static IReadOnlyList<int> Codes(string text) => [.. text.Split(' ').Select(int.Parse)];
}
