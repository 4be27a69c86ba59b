using System.Text.Json.Serialization;

namespace Godwit.Egress;

/// <summary>Whose commands a rule is for.</summary>
[Flags]
public enum NetworkUse
{
    /// <summary>Nobody's.</summary>
    None = 0,

    /// <summary>The goal's setup.</summary>
    Setup = 1,

    /// <summary>Commands of agents.</summary>
    Agents = 2,

    /// <summary>Both.</summary>
    All = Setup | Agents,
}

/// <summary>What may be reached at a host, and how. What no rule names can't be reached.</summary>
public sealed record NetworkRule
{
    /// <summary>The most bytes of answers where a rule says nothing: 2 GB.</summary>
    public const long UsualDownload = 2_000_000_000;

    /// <summary>The most bytes that go out where a rule says nothing, addresses and headers included: 1 MB.</summary>
    public const long UsualUpload = 1_000_000;

    /// <summary>A name in lower case, or <c>*.</c> and a name for all below it.</summary>
    public required string Host { get; init; }

    /// <summary>The port; null for 443, and 80 without TLS.</summary>
    public int? Port { get; init; }

    /// <summary>HTTP methods in upper case. Default GET and HEAD.</summary>
    public IReadOnlyList<string> Methods { get; init; } = ["GET", "HEAD"];

    /// <summary>What the path of a request begins with, each from <c>/</c>. Default every path.</summary>
    public IReadOnlyList<string> Paths { get; init; } = ["/"];

    /// <summary>The most bytes of all answers together.</summary>
    public long Download { get; init; } = UsualDownload;

    /// <summary>The most bytes of all requests together: addresses, headers and bodies.</summary>
    public long Upload { get; init; } = UsualUpload;

    /// <summary>
    /// TLS isn't opened, for programs that pin certificates: host and bytes are all that is seen, and methods, paths and credentials mean
    /// nothing. Default no.
    /// </summary>
    public bool IsOpaque { get; init; }

    /// <summary>Whether git may push. Fetching is reading. Default no.</summary>
    public bool MayPush { get; init; }

    /// <summary>Whether git may fetch where it may read, by the POST that this takes. Default yes.</summary>
    public bool ServesGit { get; init; } = true;

    /// <summary>The owner's credential that requests are given outside of the sandbox; null for none.</summary>
    public string? Credential { get; init; }

    /// <summary>Whose commands it is for.</summary>
    public NetworkUse Use { get; init; } = NetworkUse.All;

    /// <summary>The name that certificates of hosts of this rule are below.</summary>
    [JsonIgnore]
    public string Domain => IsWildcard ? Host[2..] : Host;

    private bool IsWildcard => Host.StartsWith("*.", StringComparison.Ordinal);

    /// <summary>Whether it is about a host and port.</summary>
    /// <param name="host">A name in lower case.</param>
    /// <param name="port">The port.</param>
    /// <param name="isTls">Whether TLS is spoken there; null where that isn't known yet.</param>
    public bool Covers(string host, int port, bool? isTls) =>
        (IsWildcard ? host.EndsWith(Host[1..], StringComparison.Ordinal) && host.Length >= Host.Length : host == Host)
        && (Port is { } own ? port == own : isTls switch { true => port == 443, false => port == 80, null => port is 443 or 80 });

    /// <summary>A rule in a few words, as <c>GET, HEAD api.example.org/v1</c>.</summary>
    public override string ToString() =>
        $"{(IsOpaque ? "TLS" : string.Join(", ", Methods))} {Host}{(Port is { } port ? $":{port}" : "")}" +
        (Paths is ["/"] ? "" : string.Join(", ", Paths));
}
