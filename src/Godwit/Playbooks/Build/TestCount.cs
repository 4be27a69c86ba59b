using System.Globalization;
using System.Text.RegularExpressions;

namespace Godwit.Playbooks.Build;

/// <summary>How many tests a command says that it ran: a check that runs none proves nothing, and one that runs fewer proves less.</summary>
internal static partial class TestCount
{
    /// <summary>The number; null where the output doesn't tell. Where several test runners reported, their sum.</summary>
    /// <param name="output">All that a command printed.</param>
    public static int? In(string output)
    {
        foreach (var pattern in Forms)
        {
            var found = pattern.Matches(output);
            if (found.Count > 0)
            {
                var counts = found.SelectMany(match => match.Groups["n"].Captures).Select(Number);
                return (int)Math.Min(int.MaxValue, counts.Sum());
            }
        }

        return null;
    }

    private static long Number(Capture text) =>
        int.TryParse(text.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue;

    private static Regex[] Forms => [Unittest(), PytestNone(), Pytest(), DotNet(), Tap(), Jest(), Cargo(), JUnit(), TapPlan()];

    // python -m unittest: "Ran 12 tests in 0.003s"
    [GeneratedRegex(@"^Ran (?<n>\d+) tests? in ", RegexOptions.Multiline)]
    private static partial Regex Unittest();

    // pytest: "===== no tests ran in 0.01s ====="
    [GeneratedRegex(@"^=* ?no tests (ran|collected)", RegexOptions.Multiline)]
    private static partial Regex PytestNone();

    // pytest: "== 3 failed, 41 passed, 2 skipped in 1.2s ==": what was skipped didn't run.
    [GeneratedRegex("""
        (?xm)
        ^=*\ ?(?:(?<n>\d+)\ (?:passed|failed|errors?)|\d+\ \w+)
        (?:,\ (?:(?<n>\d+)\ (?:passed|failed|errors?)|\d+\ \w+))*\ in\ [\d.]+s
        """)]
    private static partial Regex Pytest();

    // dotnet test: "Passed!  - Failed:     0, Passed:    12, Skipped:     0, Total:    12"
    [GeneratedRegex(@"Failed:\s+(?<n>\d+), Passed:\s+(?<n>\d+), Skipped:")]
    private static partial Regex DotNet();

    // node --test and other TAP producers: "# tests 12"
    [GeneratedRegex(@"^(?:#|\u2139) tests (?<n>\d+)\r?$", RegexOptions.Multiline)]
    private static partial Regex Tap();

    // jest: "Tests:       1 failed, 11 passed, 12 total"
    [GeneratedRegex(@"^Tests:\s+(?:(?:\d+ \w+), )*(?<n>\d+) total", RegexOptions.Multiline)]
    private static partial Regex Jest();

    // cargo test: "test result: ok. 3 passed; 0 failed; 0 ignored"
    [GeneratedRegex(@"^test result: \w+\. (?<n>\d+) passed; (?<n>\d+) failed;", RegexOptions.Multiline)]
    private static partial Regex Cargo();

    // Maven Surefire: "Tests run: 12, Failures: 0, Errors: 0, Skipped: 0"; its last line has the sum, which no time stands behind.
    [GeneratedRegex(@"^(?:\[\w+\] )?Tests run: (?<n>\d+), Failures: \d+, Errors: \d+, Skipped: \d+\s*$", RegexOptions.Multiline)]
    private static partial Regex JUnit();

    // TAP without a summary: the plan "1..12"
    [GeneratedRegex(@"^1\.\.(?<n>\d+)(?:\s*#.*)?\r?$", RegexOptions.Multiline)]
    private static partial Regex TapPlan();
}
