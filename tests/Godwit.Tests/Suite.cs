namespace Godwit.Tests;

/// <summary>Which tests run: the quick ones, or all.</summary>
internal static class Suite
{
    /// <summary>Whether <c>./test --all</c> was asked for.</summary>
    public static bool IsWhole => Environment.GetEnvironmentVariable("GODWIT_TEST_ALL") == "1";

    /// <summary>Skips a slow test in the quick suite.</summary>
    /// <param name="but">Whether this case is quick enough, or tells enough, to run always.</param>
    public static void RequireWhole(bool but = false) => Assert.SkipUnless(but || IsWhole, "part of ./test --all");
}
