using Godwit.Playbooks;

namespace Godwit.Tests.Playbooks;

public sealed class RunTitleTests
{
    private static readonly string Long = new('x', 120);

    [Fact]
    public void Title_OfSeveralSentences_IsTheFirst()
    {
        Assert.Equal(("Short. Two.", ""), RunTitle.Split("Short. Two."));
        Assert.Equal(($"First.", Long), RunTitle.Split($"First. {Long}"));
        Assert.Equal((Long, ""), RunTitle.Split(Long));
        Assert.Equal("First.", RunTitle.Brief($"First. {Long}"));
        Assert.Equal(100, RunTitle.Brief(Long).Length);
        Assert.EndsWith("…", RunTitle.Brief(Long), StringComparison.Ordinal);
        Assert.Equal("on two lines", RunTitle.Brief("on two\nlines"));
    }
}
