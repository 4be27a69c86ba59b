using Godwit.Playbooks.Optimise;

namespace Godwit.Tests.Playbooks.Optimise;

/// <summary>What makes two changes the same to an archive.</summary>
public sealed class ShapeTests
{
    private const string Edit = "diff --git a/a.cs b/a.cs\nindex 1..2 100644\n--- a/a.cs\n+++ b/a.cs\n@@ -1 +1 @@\n-x = 1;\n+x = 2;\n";

    [Theory]
    [InlineData(Edit, "diff --git a/a.cs b/a.cs\nindex 1..3 100644\n--- a/a.cs\n+++ b/a.cs\n@@ -1 +1 @@\n-x = 1;\n+x  =  2;\n", true)]
    [InlineData(Edit, "diff --git a/a.cs b/a.cs\nindex 1..3 100644\n--- a/a.cs\n+++ b/a.cs\n@@ -1 +1 @@\n-x = 1;\n+x = 3;\n", false)]
    [InlineData("diff --git a/d b/d\nindex 1..2 100644\nBinary files a/d and b/d " +
    "differ\n", "diff --git a/d b/d\nindex 1..3 100644\nBinary files a/d and b/d differ\n", false)]
    [InlineData("diff --git a/d b/e\nsimilarity index 100%\nrename from d\nrename to " +
    "e\n", "diff --git a/d b/f\nsimilarity index 100%\nrename from d\nrename to f\n", false)]
    [InlineData("diff --git a/p.py b/p.py\nindex 1..2 100644\n--- a/p.py\n+++ b/p.py\n@@ -1 +1 " +
    "@@\n-x\n+  x\n", "diff --git a/p.py b/p.py\nindex " +
    "1..2 100644\n--- a/p.py\n+++ b/p.py\n@@ -1 +1 @@\n-x\n+    x\n", false)]
    public void ShapeOf_TwoChanges_AreTheSameOnlyWhereWhiteSpaceMeansNothing(string one, string other, bool same) =>
        Assert.Equal(same, CodeWorld.ShapeOf(one) == CodeWorld.ShapeOf(other));
}
