using Godwit.Verification;

namespace Godwit.Tests.Verification;

public sealed class GlobTests
{
    [Theory]
    [InlineData(".", "settings.json", true)]
    [InlineData(".", "a/b.c", true)]
    [InlineData(".", "../outside", false)]
    [InlineData("settings.json", "settings.json", true)]
    [InlineData("settings.json", "settingsXjson", false)]
    [InlineData("bench", "bench/Program.cs", true)]
    [InlineData("bench/", "bench/Program.cs", true)]
    [InlineData("bench", "bencher/x", false)]
    [InlineData("src/*.cs", "src/a.cs", true)]
    [InlineData("src/*.cs", "src/b/a.cs", false)]
    [InlineData("src/**/*.cs", "src/b/c/a.cs", true)]
    [InlineData("**/*.cs", "a.cs", true)]
    public void Matches_Pattern_AsShellsHaveIt(string pattern, string path, bool expected) =>
        Assert.Equal(expected, new Glob([pattern]).Matches(path));
}
