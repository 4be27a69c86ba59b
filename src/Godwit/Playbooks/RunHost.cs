using Godwit.Durable;
using Godwit.Models;
using Godwit.Sandbox;

namespace Godwit.Playbooks;

/// <summary>A run with everything around it that its playbook needs.</summary>
/// <param name="run">The durable run.</param>
public class RunHost(DurableRun run) : IAsyncDisposable
{
    /// <summary>The durable run.</summary>
    public DurableRun Run { get; } = run;

    /// <summary>Held while something is measured that drawing on a terminal would disturb; null for nothing.</summary>
    public virtual SemaphoreSlim? Quiet => null;

    /// <summary>What this machine doesn't hold the run's commands to, by limit, and why; see <see cref="SandboxRunner.NotHeld"/>.</summary>
    public virtual IReadOnlyDictionary<string, string> NotHeld => new Dictionary<string, string>();

    /// <summary>What asks agents' models; null for none.</summary>
    public virtual ModelPipeline? Models => null;

    /// <summary>The recording that agents' models are played from or recorded in; null for none.</summary>
    public Cassette? Cassette => Models?.Cassette;

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Run.DisposeAsync();
    }
}
