namespace Godwit.Egress;

/// <summary>A request as the proxy sees it.</summary>
/// <param name="Method">The HTTP method; <c>CONNECT</c> where TLS isn't opened.</param>
/// <param name="Host">The host's name in lower case.</param>
/// <param name="Port">Its port.</param>
/// <param name="Path">Path and query, as they were sent.</param>
/// <param name="IsTls">Whether it goes out by TLS.</param>
public sealed record NetworkCall(string Method, string Host, int Port, string Path, bool IsTls)
{
    private const int Shown = 500;

    /// <summary>What the body is said to be; null where nothing is said.</summary>
    public string? ContentType { get; init; }

    /// <summary>The address; the middle of a long one is left out.</summary>
    public string Url
    {
        get
        {
            var port = Port == (IsTls ? 443 : 80) ? "" : $":{Port}";
            var plain = Path.Any(char.IsControl) ? string.Concat(Path.Select(letter => char.IsControl(letter) ? '?' : letter)) : Path;
            var path = plain.Length <= Shown ? plain : $"{plain[..(Shown / 2)]}…{plain[^(Shown / 2)..]}";
            return Method == "CONNECT" ? $"{Host}:{Port}" : $"{(IsTls ? "https" : "http")}://{Host}{port}{path}";
        }
    }
}

/// <summary>Journaled before a request goes out, and for each that doesn't.</summary>
/// <param name="Client">Whose command asked: <c>setup</c>, or an agent.</param>
/// <param name="Command">The command, by an id that no other of the run has.</param>
/// <param name="Method">The HTTP method; <c>CONNECT</c> where TLS isn't opened.</param>
/// <param name="Url">The address; the middle of a long one is left out.</param>
/// <param name="Bytes">What address and headers take, and the body as far as its length was said.</param>
/// <param name="Rule">The rule that lets it through; null where none does.</param>
/// <param name="Refused">Why it didn't go out; null where it did.</param>
public sealed record NetworkRequest(string Client, string Command, string Method, string Url, long Bytes, string? Rule, string? Refused)
{
    /// <summary>The key of these notes in the journal.</summary>
    public const string Key = "network/request";
}

/// <summary>Journaled when a command has ended: what it had of the network.</summary>
/// <param name="Client">Whose command it was.</param>
/// <param name="Command">The command.</param>
/// <param name="Hosts">Each host that it asked for, once for each rule that let it.</param>
public sealed record NetworkUsage(string Client, string Command, IReadOnlyList<HostUsage> Hosts)
{
    /// <summary>The key of these notes in the journal.</summary>
    public const string Key = "network/usage";
}

/// <summary>What was asked of a host.</summary>
/// <param name="Host">Its name.</param>
/// <param name="Rule">The rule that let requests through; null for those that none did.</param>
/// <param name="Requests">Requests that went out.</param>
/// <param name="Refused">Requests that didn't.</param>
/// <param name="Down">Bytes of answers.</param>
/// <param name="Up">Bytes of requests: addresses, headers and bodies.</param>
public sealed record HostUsage(string Host, string? Rule, int Requests, int Refused, long Down, long Up);

/// <summary>What a host answered to an agent.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Type">The content type; empty for none.</param>
/// <param name="Location">Where it leads; null for nowhere.</param>
/// <param name="Text">The body as UTF-8, its first 4 MiB.</param>
public sealed record FetchedAnswer(int Status, string Type, string? Location, string Text);

/// <summary>Is told of what leaves a run's sandboxes.</summary>
public interface INetworkLog
{
    /// <summary>A request goes out once this has returned, or was refused.</summary>
    Task RequestedAsync(NetworkRequest request);

    /// <summary>A command has ended.</summary>
    Task UsedAsync(NetworkUsage usage);
}
