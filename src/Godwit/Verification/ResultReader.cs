using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Godwit.Verification;

/// <summary>A result that can't be used, and why.</summary>
/// <param name="message">One line.</param>
public sealed class ResultException(string message) : Exception(message);

/// <summary>
/// Reads what a harness has measured: <c>METRIC name=value [unit]</c> lines, JSON at <c>$GODWIT_RESULT</c> or on standard output, the
/// files of the benchmark tools that people have (docs/results.md), and any text by a pattern. What a metric can't be is refused
/// with the reason.
/// </summary>
internal static partial class ResultReader
{
    /// <summary>The metrics of a measurement.</summary>
    /// <param name="file">The content of the result file; null where none was written.</param>
    /// <param name="output">Standard output.</param>
    /// <param name="patterns">Regular expressions whose named groups are metrics; each match is a sample.</param>
    /// <exception cref="ResultException">A doubled metric, a value that is no finite number, a file in no known form, a run that
    /// failed, or <c>"valid": false</c>.</exception>
    public static IReadOnlyDictionary<string, MetricSamples> Read(byte[]? file, string output, IReadOnlyList<string>? patterns = null)
    {
        var metrics = new MetricTable();
        var text = file is { Length: > 0 } ? System.Text.Encoding.UTF8.GetString(file).TrimStart('\uFEFF') : null;
        foreach (var pattern in patterns ?? [])
        {
            ReadPattern(pattern, text ?? output, metrics);
        }

        if (text is not null && !(patterns?.Count > 0) && !ReadJson(text, metrics) && !TextResults.Read(text, metrics))
        {
            throw new ResultException(
                $"the result file has neither \"metrics\" nor any form that Godwit knows ({JsonResults.Known}; {TextResults.Known})");
        }

        var said = output.Split('\n').Where(line => line.StartsWith("METRIC ", StringComparison.Ordinal)).ToList();
        foreach (var line in said)
        {
            ReadLine(line.TrimEnd(), metrics);
        }

        // Tools that print their result and write no file.
        if (text is null && said.Count == 0 && !(patterns?.Count > 0))
        {
            _ = (output.AsSpan().TrimStart() is ['{' or '[', ..] && ReadJson(output, metrics)) || TextResults.Read(output, metrics);
        }

        return metrics.Metrics;
    }

    private static void ReadLine(string line, MetricTable metrics)
    {
        var parts = line["METRIC ".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var equals = parts.Length is 1 or 2 ? parts[0].LastIndexOf('=') : -1;
        if (equals <= 0 || !double.TryParse(parts[0][(equals + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
        {
            throw new ResultException($"'{line}' is no 'METRIC name=value [unit]'");
        }

        metrics.Add(parts[0][..equals], [value], parts.Length == 2 ? parts[1] : null);
    }

    private static void ReadPattern(string pattern, string text, MetricTable metrics)
    {
        var regex = new Regex(pattern, RegexOptions.Multiline | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));
        var matches = regex.Matches(text);
        foreach (var name in regex.GetGroupNames().Where(name => !int.TryParse(name, out _)))
        {
            var found = matches.Select(match => match.Groups[name])
                .Where(group => group.Success)
                .Select(group => group.Value.Replace(",", "", StringComparison.Ordinal))
                .ToList();
            var samples = found.Select(value => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                ? number : throw new ResultException($"'{value}', which 'measure.pattern' finds for {name}, is no number")).ToList();
            if (samples.Count > 0)
            {
                metrics.Add(name, samples, unit: null);
            }
        }
    }

    /// <summary>Reads JSON; false where it is JSON in no known form, or no JSON and nothing that claims to be.</summary>
    private static bool ReadJson(string text, MetricTable metrics)
    {
        if (text.AsSpan().TrimStart() is not ['{' or '[', ..])
        {
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            return JsonResults.Read(document.RootElement, metrics);
        }
        catch (JsonException error)
        {
            throw new ResultException($"the result is no JSON: {error.Message}");
        }
    }
}

/// <summary>The metrics of one measurement while they are read.</summary>
internal sealed class MetricTable
{
    private readonly Dictionary<string, MetricSamples> _metrics = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, MetricSamples> Metrics => _metrics;

    public void Add(string name, IReadOnlyList<double> samples, string? unit)
    {
        if (samples.Count == 0)
        {
            throw new ResultException($"metric {name} has no samples");
        }

        if (samples.FirstOrDefault(value => !double.IsFinite(value), 0) is var bad and not 0)
        {
            throw new ResultException($"metric {name} is {bad.ToString(CultureInfo.InvariantCulture)}, which is no finite number");
        }

        if (!_metrics.TryAdd(name, new MetricSamples(samples, unit)))
        {
            throw new ResultException($"metric {name} was reported twice");
        }
    }
}
