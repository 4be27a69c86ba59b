using System.Text;
using Godwit.Verification;

namespace Godwit.Tests.Verification;

/// <summary>What benchmark tools write, as they write it.</summary>
public sealed class ResultReaderTests
{
    [Theory]
    [InlineData("""{"results": [{"command": "x", "mean": 0.5, "times": [0.5, 0.6], "exit_codes": [0, 0]}]}""", "time", new[] { 0.5, 0.6 }, "s")]
    [InlineData("""{"context": {}, "benchmarks": [{"name": "BM/repeats:2", "run_name": "BM", "run_type": "iteration", "repetition_index": 0, "iterations": 9, "real_time": 10.5, "cpu_time": 10.4, "time_unit": "ns"}, {"name": "BM/repeats:2", "run_name": "BM", "run_type": "iteration", "real_time": 11.5, "cpu_time": 10.4, "time_unit": "ns", "items_per_second": 7}, {"name": "BM_mean", "run_name": "BM", "run_type": "aggregate", "real_time": 11}]}""", "real_time", new[] { 10.5, 11.5 }, "ns")]
    [InlineData("""{"benchmarks": [{"name": "A", "run_type": "iteration", "real_time": 1, "time_unit": "us"}, {"name": "B", "run_type": "iteration", "real_time": 2, "time_unit": "us"}]}""", "B.real_time", new[] { 2.0 }, "us")]
    [InlineData("""{"Title": "t", "Benchmarks": [{"DisplayInfo": "d", "Method": "Sum", "Parameters": "", "Statistics": {"OriginalValues": [10, 12], "Mean": 11}, "Memory": {"BytesAllocatedPerOperation": 32}}]}""", "time", new[] { 10.0, 12.0 }, "ns")]
    [InlineData("""{"Title": "t", "Benchmarks": [{"Method": "Sum", "Parameters": "N=1", "Statistics": {"OriginalValues": [10], "Mean": 10}, "Memory": {"BytesAllocatedPerOperation": 32}}, {"Method": "Sum", "Parameters": "N=2", "Statistics": {"OriginalValues": [20], "Mean": 20}}]}""", "Sum(N=1).allocated", new[] { 32.0 }, "B")]
    [InlineData("""[{"benchmark": "x.Y.z", "mode": "thrpt", "primaryMetric": {"score": 12.5, "scoreUnit": "ops/ms", "rawData": [[12.4, 12.6], [12.5]]}}]""", "score", new[] { 12.4, 12.6, 12.5 }, "ops/ms")]
    [InlineData("""[{"benchmark": "x.Y.z", "params": {"n": "8"}, "primaryMetric": {"score": 3, "scoreUnit": "ms/op", "rawData": []}}]""", "z(n=8).score", new[] { 3.0 }, "ms/op")]
    [InlineData("""{"root_group": {}, "metrics": {"http_reqs": {"count": 100, "rate": 33.4}, "http_req_duration": {"avg": 1.2, "p(95)": 3.4}}}""", "http_reqs", new[] { 33.4 }, null)]
    [InlineData("""{"metrics": {"http_req_duration": {"type": "trend", "contains": "time", "values": {"avg": 1.2, "p(95)": 3.4}}}}""", "http_req_duration.p95", new[] { 3.4 }, null)]
    [InlineData("""{"machine_info": {}, "benchmarks": [{"name": "test_x", "stats": {"mean": 2, "data": [1, 3]}}]}""", "time", new[] { 1.0, 3.0 }, "s")]
    [InlineData("""{"mean": {"point_estimate": 120.5, "standard_error": 1}, "median": {"point_estimate": 119}}""", "median", new[] { 119.0 }, "ns")]
    [InlineData("""{"sampling_mode": "Linear", "iters": [1, 2], "times": [100, 220]}""", "time", new[] { 100.0, 110.0 }, "ns")]
    [InlineData("Running 1s test\n  Thread Stats   Avg      Stdev\n    Latency     1.50ms    0.20ms\n  Latency Distribution\n  " +
    "   50%    1.40ms\n     99%    2.00s \n  100 requests in 1.00s, 1MB read\n  Socket errors: connect 0, read 3, write 0, " +
    "timeout 1\nRequests/sec:  12345.60\n", "latency_p99_ms", new[] { 2000.0 }, "ms")]
    [InlineData("Requests/sec:  12345.60\n  Socket errors: connect 0, read 3, write 0, timeout 1\n", "errors", new[] { 4.0 }, null)]
    [InlineData("latency average = 1.5 ms\ntps = 640.1 (including connections establishing)\ntps = 650.2 (without initial " +
    "connection time)\n", "tps", new[] { 650.2 }, "transactions/s")]
    [InlineData("goos: linux\nBenchmarkSum-8   \t 1000\t   1234 ns/op\t  16 B/op\t 1 allocs/op\nBenchmarkSum-8   \t 1000\t   " +
    "1244 ns/op\t  16 B/op\t 1 allocs/op\nPASS\n", "ns_op", new[] { 1234.0, 1244.0 }, "ns/op")]
    public void Read_WhatAToolWrote_HasItsSamplesAndUnits(string content, string metric, double[] samples, string? unit)
    {
        // From the result file, and from standard output where there is none.
        foreach (var metrics
            in (
                IReadOnlyDictionary<string,
                MetricSamples>[])[ResultReader.Read(Encoding.UTF8.GetBytes(content), ""), ResultReader.Read(null, content)])
        {
            Assert.True(metrics.ContainsKey(metric), string.Join(", ", metrics.Keys));
            Assert.Equal(samples, metrics[metric].Samples);
            Assert.Equal(unit, metrics[metric].Unit);
        }
    }

    [Theory]
    [InlineData("""{"results": [{"times": [0.5, 0.6], "exit_codes": [0, 139]}]}""", "ended with exit code 139")]
    [InlineData("""{"results": [{"times": [0.5], "exit_codes": [null]}]}""", "ended with exit code null, by a signal")]
    [InlineData("""{"benchmarks": [{"name": "A", "run_type": "iteration", "error_occurred": true, "error_message": "no data", "real_time": 0}]}""", "benchmark A failed: no data")]
    [InlineData("""{"benchmarks": [{"name": "A_mean", "run_type": "aggregate", "real_time": 0}]}""", "aggregates only")]
    [InlineData("""{"Benchmarks": [{"Method": "Sum", "DisplayInfo": "X.Sum", "Statistics": null}]}""", "no result of X.Sum: it failed")]
    [InlineData("BenchmarkSum-8 \t 10 \t 5 ns/op\n--- FAIL: TestX\n", "go test says FAIL")]
    [InlineData("""{"something": 1}""", "nor any form that Godwit knows")]
    [InlineData("""{"metrics": {"a": "x"}}""", "'x' is no number")]
    public void Read_AFailedRun_IsRefusedWithItsReason(string content, string words) =>
        Assert.Contains(
            words, Assert.Throws<ResultException>(() => ResultReader.Read(Encoding.UTF8.GetBytes(content), "")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Read_Pattern_TakesEachMatchAsASample()
    {
        var metrics = ResultReader.Read(
            null, "run 1: 1,234.5 req/s\nrun 2: 1,300 req/s\nmax 7 ms\n", ["(?<requests_s>[0-9.,]+) req/s", @"max (?<max_ms>\d+)"]);
        Assert.Equal([1234.5, 1300], metrics["requests_s"].Samples);
        Assert.Equal([7], metrics["max_ms"].Samples);
    }
}
