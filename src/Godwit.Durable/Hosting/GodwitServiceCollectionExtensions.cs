using Godwit.Durable;
using Godwit.Durable.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds durable runs to an application.</summary>
public static class GodwitServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="DurableRuns"/>, and a hosted service that resumes at the application's start every run that hasn't ended,
    /// and stops them at its end.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Says where runs are kept: <c>o =&gt; o.UseSqlite(folder)</c>.</param>
    /// <exception cref="InvalidOperationException">At the first use: no folder was named.</exception>
    public static GodwitBuilder AddGodwit(this IServiceCollection services, Action<GodwitOptions> configure)
    {
        services.AddSingleton(provider =>
        {
            var options = new GodwitOptions();
            if (provider.GetService<TimeProvider>() is { } time)
            {
                options.Durable = options.Durable with { Time = time };
            }

            configure(options);
            return new DurableRuns(
                options.Folder
                    ?? throw new InvalidOperationException("no folder for runs was named: AddGodwit(options => options.UseSqlite(folder))"),
                provider.GetServices<Playbook>(), options.Durable,
                provider.GetService<ILoggerFactory>()?.CreateLogger(typeof(DurableRuns).FullName!) ?? NullLogger.Instance);
        });
        services.AddSingleton<IHostedService, RunsService>();
        return new GodwitBuilder(services);
    }
}
