using System.Globalization;
using System.Text.RegularExpressions;

namespace Godwit.Verification;

/// <summary>Results as benchmark tools print them: wrk, pgbench and <c>go test -bench</c>.</summary>
internal static partial class TextResults
{
    public const string Known = "wrk, pgbench, go test -bench";

    /// <summary>Reads what a tool has printed; false where it is none of those known.</summary>
    public static bool Read(string text, MetricTable metrics) =>
        ReadWrk(text, metrics) || ReadPgbench(text, metrics) || ReadGo(text, metrics);

    private static bool ReadWrk(string text, MetricTable metrics)
    {
        if (WrkRate().Match(text) is not { Success: true } rate)
        {
            return false;
        }

        if (WrkErrors().Match(text) is { Success: true } errors)
        {
            metrics.Add("errors", [errors.Groups["n"].Captures.Sum(capture => Number(capture.Value))], unit: null);
        }
        else
        {
            metrics.Add("errors", [0], unit: null);
        }

        metrics.Add("non_2xx", [WrkStatus().Match(text) is { Success: true } status ? Number(status.Groups[1].Value) : 0], unit: null);
        metrics.Add("requests_s", [Number(rate.Groups[1].Value)], "requests/s");
        if (WrkLatency().Match(text) is { Success: true } latency)
        {
            metrics.Add("latency_avg_ms", [Milliseconds(latency.Groups[1].Value, latency.Groups[2].Value)], "ms");
        }

        foreach (Match percentile in WrkPercentile().Matches(text))
        {
            metrics.Add(
                $"latency_p{Number(percentile.Groups[1].Value).ToString(CultureInfo.InvariantCulture)}_ms",
                [Milliseconds(percentile.Groups[2].Value, percentile.Groups[3].Value)], "ms");
        }

        return true;
    }

    private static bool ReadPgbench(string text, MetricTable metrics)
    {
        var rates = PgbenchRate().Matches(text);
        if (rates.Count == 0)
        {
            return false;
        }

        // Older versions print it twice; what leaves the time to connect out is the later one.
        metrics.Add("tps", [Number(rates[^1].Groups[1].Value)], "transactions/s");
        if (PgbenchLatency().Match(text) is { Success: true } latency)
        {
            metrics.Add("latency_avg_ms", [Number(latency.Groups[1].Value)], "ms");
        }

        if (PgbenchFailed().Match(text) is { Success: true } failed)
        {
            metrics.Add("failed", [Number(failed.Groups[1].Value)], unit: null);
        }

        return true;
    }

    private static bool ReadGo(string text, MetricTable metrics)
    {
        var lines = GoLine().Matches(text);
        if (lines.Count == 0)
        {
            return false;
        }

        if (GoFailed().IsMatch(text))
        {
            throw new ResultException("go test says FAIL");
        }

        var groups = lines.GroupBy(line => line.Groups["name"].Value).ToList();
        foreach (var group in groups)
        {
            var values = group.SelectMany(line => GoValue().Matches(line.Groups["values"].Value)).GroupBy(value => value.Groups[2].Value);
            foreach (var value in values)
            {
                IReadOnlyList<double> samples = [.. value.Select(match => Number(match.Groups[1].Value))];
                var name = value.Key.Replace('/', '_');
                metrics.Add($"{group.Key}.{name}", samples, value.Key);
                if (groups.Count == 1)
                {
                    metrics.Add(name, samples, value.Key);
                }
            }
        }

        return true;
    }

    private static double Milliseconds(string number, string unit) =>
        Number(number) * unit switch { "us" => 1e-3, "ms" => 1, "s" => 1e3, "m" => 6e4, _ => 3.6e6 };

    private static double Number(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^Requests/sec:\s+([\d.]+)", RegexOptions.Multiline)]
    private static partial Regex WrkRate();

    [GeneratedRegex(@"Socket errors:(?:[ ,]+\w+ (?<n>\d+))+")]
    private static partial Regex WrkErrors();

    [GeneratedRegex(@"Non-2xx or 3xx responses:\s+(\d+)")]
    private static partial Regex WrkStatus();

    [GeneratedRegex(@"^\s+Latency\s+([\d.]+)(us|ms|s|m|h)\s", RegexOptions.Multiline)]
    private static partial Regex WrkLatency();

    [GeneratedRegex(@"^\s+(\d+(?:\.\d+)?)%\s+([\d.]+)(us|ms|s|m|h)\s*$", RegexOptions.Multiline)]
    private static partial Regex WrkPercentile();

    [GeneratedRegex(@"^tps = ([\d.]+)", RegexOptions.Multiline)]
    private static partial Regex PgbenchRate();

    [GeneratedRegex(@"^latency average = ([\d.]+) ms", RegexOptions.Multiline)]
    private static partial Regex PgbenchLatency();

    [GeneratedRegex(@"^number of failed transactions: (\d+)", RegexOptions.Multiline)]
    private static partial Regex PgbenchFailed();

    [GeneratedRegex(@"^(?<name>Benchmark[^\s]*?)(?:-\d+)?[ \t]+\d+[ \t]+(?<values>[\d.e+-]+ [A-Za-z].*)$", RegexOptions.Multiline)]
    private static partial Regex GoLine();

    [GeneratedRegex(@"([\d.e+-]+) ([A-Za-z][\w/%-]*)")]
    private static partial Regex GoValue();

    [GeneratedRegex(@"^(--- FAIL|FAIL\b)", RegexOptions.Multiline)]
    private static partial Regex GoFailed();
}
