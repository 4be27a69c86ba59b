using Godwit.Goals;
using Godwit.Playbooks;
using Godwit.Playbooks.Build;

namespace Godwit.Tests.Playbooks.Build;

public sealed class MutantTests
{
    private const string MutatedCSharp = "if (a > b && !c) { x = $\"{a + b}\"; } // 7|if (a <= b || !c) { x = $\"{a + b}\"; } // 7";

    [Theory]
    [InlineData("a.py", "    if a == b and not c:", "if a != b and not c:|if a == b or not c:")]
    [InlineData("a.py", "x = 'a == b'  # c == d", "")]
    [InlineData("a.py", "import os, sys  # 1", "")]
    [InlineData("a.py", "x = y is not z", "x = y is z")]
    [InlineData("a.py", "for x in range(10): total += x2", "for x in range(11): total += x2|for x in range(10): total -= x2")]
    [InlineData("a.py", "Truest = 1.5", "")]
    [InlineData("a.cs", "if (a <= b && !c) { x = $\"{a + b}\"; } // 7", MutatedCSharp)]
    [InlineData("a.cs", "var text = @\"\"\"1 + 2\"\"\"; return 3;", "var text = @\"\"\"1 + 2\"\"\"; return 4;")]
    [InlineData("a.cs", "using System1;", "")]
    [InlineData("a.ts", "const p = /a == \\/b/; return a === true", "const p = /a == \\/b/; return a !== true|const p = /a == \\/b/; return a === false")]
    [InlineData("a.js", "x = `${a + b}` + c / 2", "x = `${a + b}` - c / 2|x = `${a + b}` + c / 3")]
    public void Mutants_OfALine_ChangeItsCodeAlone(string file, string line, string expected)
    {
        var mutants = MutantFinder.In(file, line, new HashSet<int> { 1 }, MutantFinder.LanguageOf(file)!.Value);
        Assert.Equal(expected, string.Join('|', mutants.Select(mutant => mutant.After.Trim())));
    }

    [Fact]
    public void Mutants_OfLinesWithinLongStrings_AreNone()
    {
        const string Python = "def f():\n    \"\"\"When a == b.\n    2 + 2\n    \"\"\"\n    return 1\n";
        const string CSharp = "var a = \"\"\"\n  1 + 1\n  \"\"\";\n/* b == c\n   3 + 3 */ return 4;\n";
        Assert.Equal([(5, "    return 2")], Of("a.py", Python));
        Assert.Equal([(5, "   3 + 3 */ return 5;")], Of("a.cs", CSharp));
    }

    [Fact]
    public void Lines_OfAPatch_AreThoseOfItsSecondSide()
    {
        const string Patch =
            "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1,2 @@ def f\n-a\n+b\n+c\n@@ -9,3 +10,0 @@\n-x\n" +
            "diff --git a/gone.py b/gone.py\n--- a/gone.py\n+++ /dev/null\n@@ -1,2 +0,0 @@\n" +
            "diff --git \"a/\\303\\244.py\" \"b/\\303\\244.py\"\n--- /dev/null\n+++ \"b/\\303\\244.py\"\n@@ -0,0 +1,4 @@\n" +
            "diff --git a/y z.py b/y z.py\n--- a/y z.py\n+++ b/y z.py\t\n@@ -4 +4 @@\n";
        var lines = MutantFinder.LinesOf(Patch);
        Assert.Equal(["x.py: 1,2", "y z.py: 4"], lines.Select(pair => $"{pair.Key}: {string.Join(',', pair.Value.Order())}"));
    }

    [Theory]
    [InlineData("SSS", true)]
    [InlineData("SS", false)]
    [InlineData("SSN", false)]
    [InlineData("SNSNS", true)]
    [InlineData("SSSK", false)]
    [InlineData("", false)]
    public void Result_ThreeThatBuildAndNoneKilled_ShowsNoTest(string fates, bool expected)
    {
        var mutant = new Mutant("a.py", 1, "a", "b");
        var tried = fates.Select(fate => new TriedMutant(
            mutant, fate switch { 'S' => MutantFate.Survived, 'N' => MutantFate.NotBuilt, _ => MutantFate.Killed }));
        Assert.Equal(expected, new MutantResult([.. tried]).ShowsNoTest);
    }

    /// <summary>Mutants need tests that could notice them, and a goal may do without.</summary>
    [Theory]
    [InlineData("tests: [tests]", true)]
    [InlineData("tests: [tests]\nmutants: no", false)]
    [InlineData("", false)]
    public void Goal_WithTests_TriesMutantsUnlessItSaysNo(string more, bool expected)
    {
        var text = $"goal: g\nplaybook: build\nacceptance: [{{id: A1, says: s, run: r}}]\n{more}\n";
        var (_, goal) = new RunKinds().Read(new GoalText(text, "", "goal"), out _)!.Value;
        Assert.Equal(expected, ((BuildGoal)goal).TriesMutants);
    }

    [Fact]
    public void Spread_Many_TakesFromAllOver()
    {
        var all = Enumerable.Range(1, 20).Select(line => new Mutant("a.py", line, "", "")).ToList();
        Assert.Equal([1, 4, 7, 11, 14, 17], MutantFinder.Spread(all, 6).Select(mutant => mutant.Line));
        Assert.Equal(3, MutantFinder.Spread(all[..3], 6).Count);
    }

    private static IEnumerable<(int, string)> Of(string file, string text) =>
        MutantFinder.In(file, text, Enumerable.Range(1, 9).ToHashSet(), MutantFinder.LanguageOf(file)!.Value).Select(one => (one.Line, one.After));
}
