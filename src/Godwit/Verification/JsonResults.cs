using System.Text.Json;

namespace Godwit.Verification;

/// <summary>
/// Results as benchmark tools write them in JSON. Where a file has several benchmarks, a metric's name is the benchmark's with the
/// metric's behind a dot; where it has one, the metric's own name means it too.
/// </summary>
internal static class JsonResults
{
    public const string Known = "hyperfine, Google Benchmark, BenchmarkDotNet, JMH, k6, pytest-benchmark, criterion";

    /// <summary>Reads a file; false where it is in no known form.</summary>
    /// <exception cref="ResultException">It says that the run failed, or holds what is no result.</exception>
    public static bool Read(JsonElement root, MetricTable metrics)
    {
        if (root.ValueKind == JsonValueKind.Array)
        {
            return root.GetArrayLength() > 0
                && root.EnumerateArray().All(one => Has(one, "primaryMetric", JsonValueKind.Object))
                && ReadJmh(root, metrics);
        }

        if (root.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        if (Has(root, "results", JsonValueKind.Array))
        {
            return ReadHyperfine(root.GetProperty("results"), metrics);
        }

        if (Has(root, "benchmarks", JsonValueKind.Array))
        {
            var benchmarks = root.GetProperty("benchmarks");
            return benchmarks.EnumerateArray().Any(one => Has(one, "stats", JsonValueKind.Object))
                ? ReadPytest(benchmarks, metrics)
                : ReadGoogle(benchmarks, metrics);
        }

        if (Has(root, "Benchmarks", JsonValueKind.Array))
        {
            return ReadBenchmarkDotNet(root.GetProperty("Benchmarks"), metrics);
        }

        if (Has(root, "metrics", JsonValueKind.Object))
        {
            var named = root.GetProperty("metrics");
            return named.EnumerateObject().Any(metric => metric.Value.ValueKind == JsonValueKind.Object)
                ? ReadK6(named, metrics)
                : ReadOwn(root, named, metrics);
        }

        return Has(root, "mean", JsonValueKind.Object)
            && Has(root.GetProperty("mean"), "point_estimate", JsonValueKind.Number) ? ReadCriterion(root, metrics)
            : Has(root, "iters", JsonValueKind.Array) && Has(root, "times", JsonValueKind.Array) && ReadCriterionSamples(root, metrics);
    }

    private static bool ReadOwn(JsonElement root, JsonElement named, MetricTable metrics)
    {
        foreach (var metric in named.EnumerateObject())
        {
            metrics.Add(
                metric.Name, metric.Value.ValueKind == JsonValueKind.Array ? Numbers(metric.Value) : [Number(metric.Value)], unit: null);
        }

        return !root.TryGetProperty("valid", out var valid) || valid.ValueKind != JsonValueKind.False ? true
            : throw new ResultException(
                root.TryGetProperty("reason", out var reason) ? reason.ToString() : "the harness says that the result isn't valid");
    }

    private static bool ReadHyperfine(JsonElement results, MetricTable metrics)
    {
        if (results.GetArrayLength() != 1 || !results[0].TryGetProperty("times", out var times))
        {
            throw new ResultException("hyperfine's export must hold the times of exactly one command");
        }

        // With -i it goes on after a run that failed; such a time is no result.
        if (Has(results[0], "exit_codes", JsonValueKind.Array)
            && results[0].GetProperty("exit_codes")
                .EnumerateArray()
                .FirstOrDefault(
                    code => code.ValueKind != JsonValueKind.Number
                        || code.GetDouble() != 0) is { ValueKind: not JsonValueKind.Undefined } failed)
        {
            throw new ResultException(
                $"a run that hyperfine timed ended with exit code " +
                $"{(failed.ValueKind == JsonValueKind.Null ? "null, by a signal" : failed.ToString())}");
        }

        metrics.Add("time", Numbers(times), "s");
        return true;
    }

    private static bool ReadGoogle(JsonElement benchmarks, MetricTable metrics)
    {
        string[] own = ["repetitions", "repetition_index", "threads", "iterations", "family_index", "per_family_instance_index"];
        var runs = benchmarks.EnumerateArray().Where(one => Text(one, "run_type") is null or "iteration").ToList();
        if (runs.Count == 0)
        {
            throw new ResultException(
                "Google Benchmark's file holds aggregates only; leave --benchmark_report_aggregates_only out, so that the " +
                "repetitions are there");
        }

        foreach (var failed in runs.Where(one => Has(one, "error_occurred", JsonValueKind.True)))
        {
            throw new ResultException($"benchmark {Text(failed, "name")} failed: {Text(failed, "error_message")}");
        }

        Each(
            runs, one => Text(one, "run_name") ?? Text(one, "name") ?? "benchmark", metrics,
            group => group.SelectMany(one => one.EnumerateObject())
            .Where(field => field.Value.ValueKind == JsonValueKind.Number && !own.Contains(field.Name)).GroupBy(field => field.Name)
            .Select(
                field => (
                    field.Key, (IReadOnlyList<double>)[.. field.Select(value => value.Value.GetDouble())],
                    field.Key is "real_time" or "cpu_time" ? Text(group[0], "time_unit") : null)));
        return true;
    }

    private static bool ReadPytest(JsonElement benchmarks, MetricTable metrics)
    {
        Each([.. benchmarks.EnumerateArray()], one => Text(one, "name") ?? "benchmark", metrics, group =>
        {
            var stats = group[0].GetProperty("stats");
            return
            [
                ("time", Has(stats, "data", JsonValueKind.Array) ? Numbers(stats.GetProperty("data")) : [Number(stats.GetProperty("mean"))], "s"),
            ];
        });
        return true;
    }

    private static bool ReadBenchmarkDotNet(JsonElement benchmarks, MetricTable metrics)
    {
        Each(
            [.. benchmarks.EnumerateArray()],
            one => $"{Text(one, "Method")}{(Text(one, "Parameters") is { Length: > 0 } parameters ? $"({parameters})" : "")}",
            metrics, group =>
        {
            if (!Has(group[0], "Statistics", JsonValueKind.Object))
            {
                throw new ResultException(
                    $"BenchmarkDotNet has no result of {Text(group[0], "DisplayInfo") ?? Text(group[0], "Method")}: it failed");
            }

            var statistics = group[0].GetProperty("Statistics");
            var samples = Has(statistics, "OriginalValues", JsonValueKind.Array)
                ? Numbers(statistics.GetProperty("OriginalValues"))
                : [Number(statistics.GetProperty("Mean"))];
            var found = new List<(string, IReadOnlyList<double>, string?)> { ("time", samples, "ns") };
            if (Has(group[0], "Memory", JsonValueKind.Object)
                && Has(group[0].GetProperty("Memory"), "BytesAllocatedPerOperation", JsonValueKind.Number))
            {
                found.Add(("allocated", [group[0].GetProperty("Memory").GetProperty("BytesAllocatedPerOperation").GetDouble()], "B"));
            }

            return found;
        });
        return true;
    }

    private static bool ReadJmh(JsonElement root, MetricTable metrics)
    {
        Each([.. root.EnumerateArray()], one => $"{Text(one, "benchmark")?.Split('.')[^1]}{(Has(one, "params", JsonValueKind.Object)
            ? $"({string.Join(", ", one.GetProperty("params").EnumerateObject().Select(parameter => $"{parameter.Name}={parameter.Value}"))})" : "")}", metrics, group =>
        {
            var found =
                new List<(string, IReadOnlyList<double>, string?)> { ("score", Raw(group[0].GetProperty("primaryMetric")), Text(group[0].GetProperty("primaryMetric"), "scoreUnit")) };
            foreach (var second in Has(group[0], "secondaryMetrics", JsonValueKind.Object) ? group[0]
                .GetProperty("secondaryMetrics")
                .EnumerateObject() : default)
            {
                found.Add((second.Name, Raw(second.Value), Text(second.Value, "scoreUnit")));
            }

            return found;
        });
        return true;

        static IReadOnlyList<double> Raw(JsonElement metric) => Has(metric, "rawData", JsonValueKind.Array)
            && metric.GetProperty("rawData").EnumerateArray().All(fork => fork.ValueKind == JsonValueKind.Array)
                && metric.GetProperty("rawData").EnumerateArray().SelectMany(Numbers).ToList() is { Count: > 0 } raw
            ? raw : [Number(metric.GetProperty("score"))];
    }

    /// <summary>
    /// k6's summary, of <c>--summary-export</c> and of <c>handleSummary</c>: a counter's own name is its rate, a trend's its
    /// average.
    /// </summary>
    private static bool ReadK6(JsonElement named, MetricTable metrics)
    {
        foreach (var metric in named.EnumerateObject().Where(metric => metric.Value.ValueKind == JsonValueKind.Object))
        {
            var values = Has(metric.Value, "values", JsonValueKind.Object) ? metric.Value.GetProperty("values") : metric.Value;
            var numbers = values.EnumerateObject().Where(value => value.Value.ValueKind == JsonValueKind.Number).ToList();
            foreach (var value in numbers)
            {
                metrics.Add(
                    $"{metric.Name}.{value.Name.Replace("(", "", StringComparison.Ordinal).Replace(")", "", StringComparison.Ordinal)}",
                    [value.Value.GetDouble()], unit: null);
            }

            foreach (var main in ((string[])["rate", "avg", "value"]).Where(name => numbers.Exists(value => value.Name == name)).Take(1))
            {
                metrics.Add(metric.Name, [values.GetProperty(main).GetDouble()], unit: null);
            }
        }

        return true;
    }

    private static bool ReadCriterion(JsonElement root, MetricTable metrics)
    {
        foreach (var estimate in root.EnumerateObject().Where(estimate => Has(estimate.Value, "point_estimate", JsonValueKind.Number)))
        {
            metrics.Add(estimate.Name, [estimate.Value.GetProperty("point_estimate").GetDouble()], "ns");
        }

        return true;
    }

    private static bool ReadCriterionSamples(JsonElement root, MetricTable metrics)
    {
        metrics.Add(
            "time",
            [.. Numbers(root.GetProperty("times")).Zip(Numbers(root.GetProperty("iters")), (time, iterations) => time / iterations)],
            "ns");
        return true;
    }

    private static void Each(
        IReadOnlyList<JsonElement> runs, Func<JsonElement, string> name, MetricTable metrics,
        Func<IReadOnlyList<JsonElement>, IEnumerable<(string Name, IReadOnlyList<double> Samples, string? Unit)>> read)
    {
        var groups = runs.GroupBy(name).ToList();
        foreach (var group in groups)
        {
            foreach (var (metric, samples, unit) in read([.. group]))
            {
                metrics.Add($"{group.Key}.{metric}", samples, unit);
                if (groups.Count == 1)
                {
                    metrics.Add(metric, samples, unit);
                }
            }
        }
    }

    private static bool Has(JsonElement element, string name, JsonValueKind kind) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == kind;

    private static string? Text(JsonElement element, string name) =>
        Has(element, name, JsonValueKind.String) ? element.GetProperty(name).GetString() : null;

    private static IReadOnlyList<double> Numbers(JsonElement list) => [.. list.EnumerateArray().Select(Number)];

    private static double Number(JsonElement element) => element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var value)
        ? value
        : throw new ResultException($"'{element}' is no number");
}
