using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Godwit.Durable.Journal;

/// <summary>Signs the head of a chain; the implementation holds the run's private key.</summary>
public interface IHeadSigner
{
    /// <summary>The signature over the statement, in the run's own domain.</summary>
    byte[] Sign(ReadOnlySpan<byte> statement);

    /// <summary>Whether the signature is the run's own.</summary>
    bool Verify(ReadOnlySpan<byte> statement, ReadOnlySpan<byte> signature);
}

/// <summary>Where a chain ends.</summary>
/// <param name="Sequence">The last entry; 0 before the first.</param>
/// <param name="Hash">Its hash.</param>
internal sealed record ChainHead(long Sequence, byte[] Hash);

/// <summary>A signed head: cutting entries off before it is detected; after it, it can't be from the folder alone.</summary>
internal sealed record Checkpoint(string Run, int Generation, long Sequence, string Hash, string At, string Signature)
{
    public byte[] Statement() => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"{Run}\n{Generation}\n{Sequence}\n{Hash}\n{At}"));
}

/// <summary>Writes and reads checkpoints, in the journal and in a second file beside it.</summary>
internal sealed class CheckpointLog(RunFolder folder, string run, IHeadSigner signer)
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public string Sign(ChainHead head, int generation, DateTimeOffset now)
    {
        var at = now.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        var unsigned = new Checkpoint(run, generation, head.Sequence, Convert.ToHexStringLower(head.Hash), at, "");
        return JsonSerializer.Serialize(unsigned with { Signature = Convert.ToBase64String(signer.Sign(unsigned.Statement())) }, Options);
    }

    public void Append(string line)
    {
        using var file = new FileStream(folder.Checkpoints, FileMode.Append, FileAccess.Write, FileShare.Read);
        file.Write(Encoding.UTF8.GetBytes(line + "\n"));
        file.Flush(flushToDisk: true);
    }

    /// <summary>The newest checkpoint of either place whose signature holds; null where there is none.</summary>
    /// <exception cref="JournalCorruptException">A whole line's signature doesn't hold.</exception>
    public Checkpoint? Last(JournalReader reader)
    {
        Checkpoint? last = null;
        foreach (var line in Lines(reader))
        {
            var checkpoint = Parse(line);
            if (checkpoint is null)
            {
                continue;
            }

            if (checkpoint.Run != run || !IsSigned(checkpoint))
            {
                throw new JournalCorruptException(
                    $"the checkpoint at entry {checkpoint.Sequence} of run {run} isn't signed by the run's key; restore the " +
                    $"folder from a copy",
                    checkpoint.Sequence);
            }

            last = last is null || checkpoint.Sequence > last.Sequence ? checkpoint : last;
        }

        return last;
    }

    private IEnumerable<string> Lines(JournalReader reader)
    {
        if (reader.LastCheckpoint() is { } inJournal)
        {
            yield return inJournal;
        }

        if (File.Exists(folder.Checkpoints) && File.ReadLines(folder.Checkpoints).LastOrDefault(line => line.EndsWith('}')) is { } inFile)
        {
            yield return inFile;
        }
    }

    private bool IsSigned(Checkpoint checkpoint)
    {
        var signature = new byte[checkpoint.Signature.Length];
        return Convert.TryFromBase64String(checkpoint.Signature, signature, out var length)
            && signer.Verify(checkpoint.Statement(), signature.AsSpan(0, length));
    }

    /// <summary>A line that a crash cut short is no checkpoint.</summary>
    private static Checkpoint? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<Checkpoint>(line, Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
