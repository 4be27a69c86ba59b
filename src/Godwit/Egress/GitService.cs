namespace Godwit.Egress;

/// <summary>git over HTTP, whose reading is a POST too (gitprotocol-http).</summary>
internal static class GitService
{
    private const string Fetch = "git-upload-pack";
    private const string Push = "git-receive-pack";

    /// <summary>Whether it reads, and can't be anything else to a server that knows nothing of git.</summary>
    public static bool IsFetch(NetworkCall call) => call.Method == "POST"
        && call.ContentType == "application/x-git-upload-pack-request"
        && call.Path.EndsWith($"/{Fetch}", StringComparison.Ordinal)
        && !call.Path.AsSpan().ContainsAny('%', ';', '?');

    public static bool IsPush(NetworkCall call) =>
        Ends(call, Push) || (Plain(call).Contains("/info/refs?", StringComparison.Ordinal) && Plain(call).Contains(Push, StringComparison.Ordinal));

    private static bool Ends(NetworkCall call, string service) => Plain(call).Split('?')[0].EndsWith($"/{service}", StringComparison.Ordinal);

    // As the server will read it.
    private static string Plain(NetworkCall call) => Uri.UnescapeDataString(call.Path);
}
