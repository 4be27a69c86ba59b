using Godwit.Models;

namespace Godwit.Agents;

/// <summary>Serves a gateway where programs in sandboxes can reach it.</summary>
public interface IGatewayHost
{
    /// <summary>Starts serving; called once in a run, and ended by whoever made the host.</summary>
    /// <param name="gateway">Answers.</param>
    /// <param name="folder">The run's folder, where a socket may stand.</param>
    Task<GatewayDoor> OpenAsync(ModelGateway gateway, string folder);
}
