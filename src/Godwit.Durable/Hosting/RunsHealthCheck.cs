using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Godwit.Durable.Hosting;

/// <summary>
/// Whether an application's runs can go on: unhealthy while one can't be read or written, degraded while one is parked, healthy
/// else. Added by
/// <c>AddHealthChecks().AddCheck&lt;RunsHealthCheck&gt;("godwit")</c>.
/// </summary>
/// <param name="runs">The application's runs.</param>
public sealed class RunsHealthCheck(DurableRuns runs) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var hosted = runs.Hosted;
        var broken = hosted.Where(run => run.Status == RunStatus.Broken).Select(run => run.Id).ToList();
        var parked = hosted.Where(run => run.Status == RunStatus.Parked).Select(run => run.Id).ToList();
        var data =
            new Dictionary<string, object> { ["running"] = hosted.Count(run => run.Status == RunStatus.Running), ["parked"] = parked.Count, ["broken"] = broken.Count };
        return Task.FromResult((broken, parked) switch
        {
            ({ Count: > 0 }, _) => HealthCheckResult.Unhealthy($"{string.Join(", ", broken)} can't go on", data: data),
            (_, { Count: > 0 }) => HealthCheckResult.Degraded($"{string.Join(", ", parked)} waits for a person", data: data),
            _ => HealthCheckResult.Healthy(data: data),
        });
    }
}
