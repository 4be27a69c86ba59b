namespace Godwit.Models;

/// <summary>The data of a server-sent event, as model providers send it: one line.</summary>
internal static class SseData
{
    private const string Field = "data:";

    /// <summary>What stands behind <c>data:</c>; null where the event has none.</summary>
    public static string? Of(string sent)
    {
        var start = sent.IndexOf(Field, StringComparison.Ordinal);
        return start < 0 ? null : sent[(start + Field.Length)..].Trim();
    }

    /// <summary>The event with other data; its name and its line ends stay.</summary>
    public static string With(string sent, string data)
    {
        var start = sent.IndexOf(Field, StringComparison.Ordinal) + Field.Length;
        var end = sent.IndexOfAny(['\r', '\n'], start);
        return $"{sent[..start]} {data}{(end < 0 ? "" : sent[end..])}";
    }
}
