using Godwit.Sandbox;

namespace Godwit.Egress;

/// <summary>How commands in sandboxes reach the proxy.</summary>
/// <param name="Socket">The proxy's socket on this machine.</param>
/// <param name="Relay">
/// Stands between a port and the socket: <c>--proxy</c>, the socket's path and a command follow it, and
/// <see cref="TokenVariable"/> is in its environment.
/// </param>
public sealed record EgressDoor(string Socket, SandboxRelay Relay)
{
    /// <summary>The variable that tells the relay whose command it stands before.</summary>
    public const string TokenVariable = "GODWIT_NETWORK_TOKEN";

    /// <summary>The variable that tells the relay of the authorities that the command is to trust.</summary>
    public const string AuthoritiesVariable = "GODWIT_NETWORK_CA";
}

/// <summary>Serves a run's proxy where commands in sandboxes can reach it.</summary>
public interface IEgressHost
{
    /// <summary>Starts serving; called at most once in a run, and ended by whoever made the host.</summary>
    /// <param name="proxy">Decides.</param>
    /// <param name="folder">The run's folder, where a socket may stand.</param>
    Task<EgressDoor> OpenAsync(EgressProxy proxy, string folder);
}
