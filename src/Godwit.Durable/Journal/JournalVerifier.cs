using System.Text.Json;

namespace Godwit.Durable.Journal;

/// <summary>What an audit of a journal found.</summary>
/// <param name="Run">The run's id.</param>
/// <param name="Entries">How many entries were verified.</param>
/// <param name="Blobs">How many blobs were verified.</param>
/// <param name="CheckpointedAt">The last entry that a signed checkpoint vouches for; entries cut off after it can't be noticed from
/// the folder alone.</param>
public sealed record JournalAudit(string Run, long Entries, int Blobs, long CheckpointedAt);

/// <summary>Audits a run's folder without owning it.</summary>
public static class JournalVerifier
{
    /// <summary>Checks the database, the chain, the checkpoints and every blob that an entry refers to.</summary>
    /// <exception cref="JournalException">Names the first bad entry.</exception>
    public static JournalAudit Verify(RunFolder folder, IHeadSigner signer)
    {
        using var reader = JournalReader.Open(folder);
        var checkpoint = new CheckpointLog(folder, reader.Run, signer).Last(reader);
        var blobs = new List<(long Sequence, string Sha256)>();
        var head = JournalScan.Verify(reader, checkpoint, row =>
        {
            if (!row.Info.IsEmpty)
            {
                var sequence = row.Sequence;
                blobs.AddRange(BlobNames.In(row.Info).Select(name => (sequence, name)));
            }
        });

        foreach (var (sequence, sha256) in blobs)
        {
            if (reader.TryBlob(sha256) is not { } content || BlobRef.Of(content).Sha256 != sha256)
            {
                throw new JournalCorruptException(
                    $"entry {sequence} of run {reader.Run} refers to blob {sha256[..12]}..., which is missing or damaged; " +
                    $"restore the run's folder from a copy",
                    sequence);
            }
        }

        var database = reader.QuickCheck();
        return database == "ok"
            ? new JournalAudit(reader.Run, head.Sequence, blobs.Count, checkpoint?.Sequence ?? 0)
            : throw new JournalCorruptException($"{folder.Journal}: {database}; restore the run's folder from a copy");
    }
}

/// <summary>An entry lists the blobs that it brought under "blobs" in its info, so that the chain vouches for them.</summary>
internal static class BlobNames
{
    public static IEnumerable<string> In(ReadOnlySpan<byte> info)
    {
        var reader = new Utf8JsonReader(info);
        using var document = JsonDocument.ParseValue(ref reader);
        return document.RootElement.TryGetProperty("blobs", out var names)
            ? [.. names.EnumerateArray().Select(name => name.GetString()!)]
            : [];
    }
}
