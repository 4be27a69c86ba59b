using Microsoft.Extensions.Hosting;

namespace Godwit.Durable.Hosting;

/// <summary>Resumes what was running when the application starts, and stops it when the application ends.</summary>
internal sealed class RunsService(DurableRuns runs) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        runs.ResumeAll();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => runs.StopAsync().WaitAsync(cancellationToken);
}
