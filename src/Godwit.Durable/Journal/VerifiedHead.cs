using System.Globalization;
using System.Text.Json;

namespace Godwit.Durable.Journal;

/// <summary>
/// How far a journal has been found to be what was written, kept beside it so that the next reader doesn't begin anew. It is a cache, as
/// good as the files' times: an audit doesn't use it.
/// </summary>
/// <param name="Sequence">The last entry that was verified.</param>
/// <param name="Hash">Its hash, in hex.</param>
/// <param name="Stamp">Sizes and times of the journal's files before they were verified.</param>
internal sealed record VerifiedHead(long Sequence, string Hash, string Stamp)
{
    public static VerifiedHead? Read(RunFolder folder)
    {
        try
        {
            return File.Exists(folder.Verified) ? JsonSerializer.Deserialize<VerifiedHead>(File.ReadAllBytes(folder.Verified)) : null;
        }
        catch (Exception unreadable) when (unreadable is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Keeps it for the next reader, where the folder can be written.</summary>
    public void Keep(RunFolder folder) => WholeFile.ReplaceCache(folder.Verified, JsonSerializer.SerializeToUtf8Bytes(this));

    public static string StampOf(RunFolder folder) => $"{Of(folder.Journal)} {Of(folder.Journal + "-wal")}";

    private static string Of(string path) => new FileInfo(path) is { Exists: true } file
        ? string.Create(CultureInfo.InvariantCulture, $"{file.Length}@{file.LastWriteTimeUtc.Ticks}")
        : "-";
}
