using System.Globalization;
using System.Text.RegularExpressions;
using Godwit.Sandbox;

namespace Godwit.Verification;

/// <summary>
/// Finds in what a command printed why it failed: the first lines that compilers, test runners and build tools mark as errors.
/// </summary>
internal static partial class FailureCause
{
    private const int MostLines = 3;
    private const int LongestLine = 240;

    /// <summary>The lines that say why a command failed; without a marked one its first and last lines.</summary>
    public static string Of(SandboxResult result)
    {
        var marked = Marked($"{result.Error}\n{result.Output}");
        if (marked.Count > 0)
        {
            return string.Join("; ", marked);
        }

        var lines = Lines(result.Error).ToList() is { Count: > 0 } errors ? errors : [.. Lines(result.Output)];
        return lines switch
        {
            [] => "it printed nothing",
            [var only] => only,
            [var first, var last] => $"{first}; {last}",
            _ => $"{lines[0]} ... {lines[^1]}",
        };
    }

    /// <summary>What failed, why, how it ended, which command it was, and where the whole output is.</summary>
    /// <param name="phase">setup, build, check or measure.</param>
    /// <param name="command">The goal's command.</param>
    /// <param name="result">How it ended.</param>
    /// <param name="run">The run's id; null for agents, who have no such command, and whose prompts must not differ from run to run.</param>
    public static string Describe(string phase, string command, SandboxResult result, string? run = null)
    {
        var where = run is null ? "" : $"; whole output: godwit log {run}";
        return string.Create(CultureInfo.InvariantCulture, $"{phase} failed: {Of(result)} (exit code {result.ExitCode} of '{Cut(command)}'{where})");
    }

    /// <summary>The first different lines that are marked as errors.</summary>
    public static IReadOnlyList<string> Marked(string text)
    {
        var found = new List<string>();
        var lines = Lines(text).ToList();
        for (var index = 0; index < lines.Count && found.Count < MostLines; index++)
        {
            var line = lines[index];
            if (!Mark().IsMatch(line) || NoMark().IsMatch(line))
            {
                continue;
            }

            // Gradle says on the line below what this line only announces.
            line = line.StartsWith("* What went wrong", StringComparison.Ordinal) && index + 1 < lines.Count ? lines[index + 1] : line;
            if (!found.Contains(line))
            {
                found.Add(line);
            }
        }

        return found;
    }

    private static IEnumerable<string> Lines(string text) =>
        text.Split('\n').Select(line => Colour().Replace(line, "").Trim()).Where(line => line.Length > 0).Select(Cut);

    private static string Cut(string line) => line.Length > LongestLine ? line[..LongestLine] + "..." : line;

    // gcc, clang, rustc, cargo, MSBuild, tsc, npm, javac, Maven, Gradle, go, make, ld, pytest, Python, node, .NET, sh.
    [GeneratedRegex("""
        (?x)
        \b(fatal\ )?error\b(\[\w+\]|\ [A-Z]{1,8}\d+)?\s*: | ^npm\ (ERR!|error)\  | ^\[ERROR\]\s+\S | ^\*\ What\ went\ wrong |
        \bmake(\[\d+\])?:\ \*\*\* | ^\S+\.go:\d+:\d+:\  | ^---\ FAIL: | ^FAIL(ED)?\b[\ :]\S | ^E\ \ +\S | ^panic: | ^[\w.]*(Error|Exception)(:\ |$) |
        ^Unhandled\ exception | ^thread\ '.*'\ panicked | undefined\ reference\ to | ^fatal: | :\ (command\ )?not\ found$ |
        :\ No\ such\ file\ or\ directory | :\ Permission\ denied | :\ cannot\ (open|execute|stat|find|access)\b |
        ^godwit\ refused\  | ^Segmentation\ fault | ^Aborted\b | \bAssertion\b.*\bfailed | ^AssertionError | \bOut\ ?[Oo]f\ ?[Mm]emory\b
        """)]
    private static partial Regex Mark();

    [GeneratedRegex(@"\b0 (E|e)rror|^npm (ERR!|error)( code| errno| syscall| path)? *$|A complete log of this run")]
    private static partial Regex NoMark();

    [GeneratedRegex(@"\x1b\[[0-9;]*[A-Za-z]")]
    private static partial Regex Colour();
}
