using Godwit.Playbooks;
using Godwit.Runs;

namespace Godwit.Server.Centre;

/// <summary>What a centre serves.</summary>
/// <param name="Kinds">The kinds of runs there are.</param>
/// <param name="Store">Where runs are.</param>
/// <param name="Program">The <c>godwit</c> program: runs are started and resumed as processes of their own.</param>
/// <param name="Web">The folder of the built page.</param>
public sealed record CentreOptions(RunKinds Kinds, RunStore Store, string Program, string Web)
{
    /// <summary>The port on 127.0.0.1; 0 for any that is free.</summary>
    public int Port { get; init; }

    /// <summary>The folder below which runs may be started from the page; null for none.</summary>
    public string? Root { get; init; }

    /// <summary>The only address that browsers reach it by, such as <c>https://godwit.example.org</c>; null for loopback.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>That address as browsers write it; null for loopback.</summary>
    public string? PublicOrigin => PublicUrl is { } url ? $"{url.Scheme}://{PublicHost}" : null;

    /// <summary>Its name as browsers write it, with a port that isn't TLS's own; null for loopback.</summary>
    public string? PublicHost => PublicUrl is { } url ? $"{url.IdnHost}{(url.IsDefaultPort ? "" : $":{url.Port}")}" : null;

    /// <summary>
    /// A certificate and its key, both PEM: with them it listens for TLS on all addresses. Null with a public address: a proxy brings TLS, and
    /// reaches it by <see cref="ProxySocket"/>.
    /// </summary>
    public (string Certificate, string Key)? Tls { get; init; }

    /// <summary>A command of the shell that is told of whatever begins to wait for a person; null for none.</summary>
    public string? Notify { get; init; }

    /// <summary>Whether the runs are recordings, in which nothing can be changed.</summary>
    public bool IsRecording { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>A socket on which a shell of this machine asks for links; its folder is the user's own.</summary>
    public string Socket => Path.Combine(Store.Home, "serve.sock");

    /// <summary>A socket for a proxy that brings TLS; it hands out no links.</summary>
    public string ProxySocket => Path.Combine(Store.Home, "proxy.sock");
}
