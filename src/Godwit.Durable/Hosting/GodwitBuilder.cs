using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;

namespace Godwit.Durable.Hosting;

/// <summary>Says which playbooks an application's runs are made of.</summary>
/// <param name="services">The application's services.</param>
public sealed class GodwitBuilder(IServiceCollection services)
{
    /// <summary>The application's services.</summary>
    public IServiceCollection Services => services;

    /// <summary>Adds a playbook: one that runs are started with, or one of their child processes.</summary>
    /// <typeparam name="TPlaybook">Its type; its constructor gets the application's services.</typeparam>
    public GodwitBuilder AddPlaybook<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TPlaybook>()
        where TPlaybook : Playbook
    {
        services.AddSingleton<TPlaybook>();
        services.AddSingleton<Playbook>(provider => provider.GetRequiredService<TPlaybook>());
        return this;
    }
}
