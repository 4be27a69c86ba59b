using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace Godwit.Durable.Journal;

/// <summary>A content kept beside the journal, named by its hash.</summary>
/// <param name="Sha256">The hash in lower-case hexadecimal.</param>
/// <param name="Length">The length in bytes.</param>
public sealed record BlobRef(string Sha256, long Length)
{
    /// <summary>
    /// Up to this many bytes a blob is written in the transaction of the entry that refers to it; a larger one is a synced file.
    /// </summary>
    public const int InlineLimit = 1 << 20;

    /// <summary>Whether the content stands in the journal itself.</summary>
    [JsonIgnore]
    public bool IsInline => Length <= InlineLimit;

    /// <summary>The name of a content.</summary>
    public static BlobRef Of(ReadOnlySpan<byte> content) => new(Convert.ToHexStringLower(SHA256.HashData(content)), content.Length);
}

/// <summary>A content together with its name.</summary>
/// <param name="Reference">The name.</param>
/// <param name="Content">The bytes.</param>
public sealed record Blob(BlobRef Reference, byte[] Content)
{
    /// <summary>Names a content.</summary>
    public static Blob Of(byte[] content) => new(BlobRef.Of(content), content);
}

/// <summary>The files of blobs that are too large for the journal.</summary>
internal static class BlobFiles
{
    public static string PathOf(RunFolder folder, string sha256) => Path.Combine(folder.Blobs, sha256[..2], sha256);

    public static void Write(RunFolder folder, Blob blob)
    {
        var path = PathOf(folder, blob.Reference.Sha256);
        if (File.Exists(path))
        {
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var temporary = path + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            file.Write(blob.Content);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
        DirectorySync.Sync(Path.GetDirectoryName(path)!);
    }
}
