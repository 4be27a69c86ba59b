using System.Globalization;
using System.Text.Json;

namespace Godwit.Verification;

/// <summary>A result that can't be used, and why.</summary>
/// <param name="message">One line.</param>
public sealed class ResultException(string message) : Exception(message);

/// <summary>
/// Reads what a harness has measured: JSON at <c>$GODWIT_RESULT</c>, <c>METRIC name=value [unit]</c> lines, or the JSON that
/// hyperfine exports. What a metric can't be is refused with the reason.
/// </summary>
internal static class ResultReader
{
    /// <summary>The metrics of a measurement.</summary>
    /// <param name="json">The content of the result file; null where none was written.</param>
    /// <param name="output">Standard output.</param>
    /// <exception cref="ResultException">A doubled metric, a value that is no finite number, a file that is neither form, or <c>"valid": false</c>.</exception>
    public static IReadOnlyDictionary<string, MetricSamples> Read(byte[]? json, string output)
    {
        var metrics = new Dictionary<string, MetricSamples>(StringComparer.Ordinal);
        if (json is { Length: > 0 })
        {
            ReadJson(json, metrics);
        }

        foreach (var line in output.Split('\n').Where(line => line.StartsWith("METRIC ", StringComparison.Ordinal)))
        {
            ReadLine(line.TrimEnd(), metrics);
        }

        return metrics;
    }

    private static void ReadLine(string line, Dictionary<string, MetricSamples> metrics)
    {
        var parts = line["METRIC ".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var equals = parts.Length is 1 or 2 ? parts[0].IndexOf('=', StringComparison.Ordinal) : -1;
        if (equals <= 0 || !double.TryParse(parts[0][(equals + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
        {
            throw new ResultException($"'{line}' is no 'METRIC name=value [unit]'");
        }

        Add(metrics, parts[0][..equals], [value], parts.Length == 2 ? parts[1] : null);
    }

    private static void ReadJson(byte[] json, Dictionary<string, MetricSamples> metrics)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("results", out var results) && results.ValueKind == JsonValueKind.Array)
            {
                ReadHyperfine(results, metrics);
                return;
            }

            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("metrics", out var named) || named.ValueKind != JsonValueKind.Object)
            {
                throw new ResultException("the result file has neither \"metrics\" nor hyperfine's \"results\"");
            }

            foreach (var metric in named.EnumerateObject())
            {
                var samples = metric.Value.ValueKind == JsonValueKind.Array ? metric.Value.EnumerateArray().Select(Number).ToList() : [Number(metric.Value)];
                Add(metrics, metric.Name, samples, unit: null);
            }

            if (root.TryGetProperty("valid", out var valid) && valid.ValueKind == JsonValueKind.False)
            {
                throw new ResultException(root.TryGetProperty("reason", out var reason) ? reason.ToString() : "the harness says that the result isn't valid");
            }
        }
        catch (JsonException error)
        {
            throw new ResultException($"the result file is no JSON: {error.Message}");
        }
    }

    private static void ReadHyperfine(JsonElement results, Dictionary<string, MetricSamples> metrics)
    {
        if (results.GetArrayLength() != 1 || !results[0].TryGetProperty("times", out var times))
        {
            throw new ResultException("hyperfine's export must hold the times of exactly one command");
        }

        Add(metrics, "time", [.. times.EnumerateArray().Select(Number)], "s");
    }

    private static double Number(JsonElement element) => element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var value)
        ? value
        : throw new ResultException($"'{element}' is no number");

    private static void Add(Dictionary<string, MetricSamples> metrics, string name, IReadOnlyList<double> samples, string? unit)
    {
        if (samples.Count == 0)
        {
            throw new ResultException($"metric {name} has no samples");
        }

        if (samples.FirstOrDefault(value => !double.IsFinite(value), 0) is var bad and not 0)
        {
            throw new ResultException($"metric {name} is {bad.ToString(CultureInfo.InvariantCulture)}, which is no finite number");
        }

        if (!metrics.TryAdd(name, new MetricSamples(samples, unit)))
        {
            throw new ResultException($"metric {name} was reported twice");
        }
    }
}
