using Godwit.Verification;

namespace Godwit.Tests.Verification;

/// <summary>Sets of paths, against every path of a small world.</summary>
public sealed class GlobLanguageTests
{
    private const int Pairs = 10_000;
    private static readonly string[] Names = ["a", "b", "ab", "ba", "a.b"];
    private static readonly string[] Parts = ["a", "b", "*", "?", "a*", "*b", "*.b", "**", "a?", "ab"];

    [Theory]
    [InlineData("src/**/*.ts", "src/api/**", true)]
    [InlineData("src/**/*.ts", "src/api", true)]
    [InlineData("src/*.ts", "src/api/**", false)]
    [InlineData("src", "src/api/x.cs", true)]
    [InlineData("src", "srcs", false)]
    [InlineData("a*c", "*b*", true)]
    [InlineData("a?c", "abcd", false)]
    [InlineData(".", "anything/at/all", true)]
    [InlineData("docs/**", "**/README.md", true)]
    [InlineData("x/**/y", "x/y", true)]
    [InlineData("*.md", "docs/*.md", false)]
    public void Common_Pairs_AsTheirPathsHaveIt(string one, string other, bool expected)
    {
        var path = new GlobLanguage(one).Common(new GlobLanguage(other));
        Assert.Equal(expected, path is not null);
        if (path is not null)
        {
            Assert.True(new Glob([one]).Matches(path) && new Glob([other]).Matches(path), path);
        }

        Assert.Equal(expected, new GlobLanguage(other).Common(new GlobLanguage(one)) is not null);
    }

    [Theory]
    [InlineData("src/api/**", "src", true)]
    [InlineData("src", "src/**", false)]
    [InlineData("src/*", "src/*.cs", false)]
    [InlineData("src/a.cs", "src/*.cs", true)]
    [InlineData("anything", ".", true)]
    public void Beyond_Pairs_NamesAPathThatTheOtherHasNot(string one, string other, bool isHeld)
    {
        var path = new GlobLanguage(one).Beyond(new GlobLanguage(other));
        Assert.Equal(isHeld, path is null);
        if (path is not null)
        {
            Assert.True(new Glob([one]).Matches(path) && !new Glob([other]).Matches(path), path);
        }
    }

    [Fact]
    public void CommonAndBeyond_TenThousandRandomPairs_AgreeWithEveryPathThereIs()
    {
        var random = new Random(7);
        var paths = Enumerable.Range(1, 4).SelectMany(Paths).ToList();
        var patterns = new Dictionary<string, (Glob Glob, GlobLanguage Language, HashSet<string> Paths)>(StringComparer.Ordinal);
        for (var pair = 0; pair < Pairs; pair++)
        {
            var (one, other) = (Known(Pattern(random)), Known(Pattern(random)));
            var (common, beyond) = (one.Language.Common(other.Language), one.Language.Beyond(other.Language));
            Assert.False(common is null && one.Paths.Overlaps(other.Paths));
            Assert.False(beyond is null && !one.Paths.IsSubsetOf(other.Paths));

            // What it names is a witness, be it within the small world or not.
            Assert.True(common is null || (one.Glob.Matches(common) && other.Glob.Matches(common)), common);
            Assert.True(beyond is null || (one.Glob.Matches(beyond) && !other.Glob.Matches(beyond)), beyond);
        }

        (Glob Glob, GlobLanguage Language, HashSet<string> Paths) Known(string pattern)
        {
            if (!patterns.TryGetValue(pattern, out var known))
            {
                var glob = new Glob([pattern]);
                patterns[pattern] = known = (glob, new GlobLanguage(pattern), paths.Where(glob.Matches).ToHashSet(StringComparer.Ordinal));
            }

            return known;
        }
    }

    private static IEnumerable<string> Paths(int depth) =>
        depth == 1 ? Names : Names.SelectMany(name => Paths(depth - 1), (name, rest) => $"{name}/{rest}");

    private static string Pattern(Random random) =>
        string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(_ => Parts[random.Next(Parts.Length)]));
}
