using System.Text.RegularExpressions;

namespace Godwit.Models;

/// <summary>The data of server-sent events (WHATWG HTML, "Server-sent events").</summary>
internal static partial class SseData
{
    /// <summary>What stands behind <c>data:</c>, lines joined; null where the event has none.</summary>
    public static string? Of(string sent)
    {
        var data = Lines().Matches(sent);
        return data.Count == 0 ? null : string.Join('\n', data.Select(line => line.Groups[1].Value)).Trim();
    }

    /// <summary>The event with other data of one line; its other fields and its line ends stay.</summary>
    public static string With(string sent, string data)
    {
        var first = true;
        return Lines().Replace(sent, line =>
        {
            var kept = first ? $"data: {data}" : "";
            first = false;
            return kept;
        });
    }

    /// <summary>The events of a whole stream, each with the empty line that ends it.</summary>
    public static IReadOnlyList<string> Events(string stream) => [.. End().Split(stream).Where(sent => sent.Length > 0)];

    [GeneratedRegex(@"^data:[ ]?([^\r\n]*)", RegexOptions.Multiline)]
    private static partial Regex Lines();

    [GeneratedRegex(@"(?<=\n\n|\r\n\r\n)")]
    private static partial Regex End();
}
