using System.Security.Cryptography;
using System.Text;

namespace Godwit.Durable.Journal;

/// <summary>
/// Signs checkpoints with a key of the run's own, ECDSA over P-256 with SHA-256, which .NET has on every platform. The key stands in the
/// run's folder: it tells a damaged or shortened journal from a whole one, and doesn't hold against somebody who can write the folder.
/// </summary>
public sealed class EcdsaHeadSigner : IHeadSigner, IDisposable
{
    private static readonly byte[] Domain = Encoding.UTF8.GetBytes("godwit journal checkpoint 1\n");

    private readonly ECDsa _key;

    private EcdsaHeadSigner(ECDsa key) => _key = key;

    /// <summary>
    /// The run's key, made with the run's folder: a PKCS#8 PEM file that only its owner can read, where the platform has modes.
    /// </summary>
    /// <param name="folder">The run's folder.</param>
    /// <exception cref="JournalCorruptException">The file holds no such key, or is missing where there is a journal.</exception>
    public static EcdsaHeadSigner Of(RunFolder folder)
    {
        if (!File.Exists(folder.Key))
        {
            if (File.Exists(folder.Journal))
            {
                throw new JournalCorruptException(
                    $"{folder.Key} is missing, and no other key fits the journal beside it; restore it from a copy");
            }

            Directory.CreateDirectory(folder.Path);
            Write(folder);
        }

        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(folder.Key));
            key.ExportParameters(includePrivateParameters: true);
            return new EcdsaHeadSigner(key);
        }
        catch (Exception error) when (error is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new JournalCorruptException($"{folder.Key} holds no ECDSA key ({error.Message}); restore the run's folder from a copy");
        }
    }

    /// <inheritdoc/>
    public byte[] Sign(ReadOnlySpan<byte> statement) => _key.SignData([.. Domain, .. statement], HashAlgorithmName.SHA256);

    /// <inheritdoc/>
    public bool Verify(ReadOnlySpan<byte> statement, ReadOnlySpan<byte> signature) =>
        _key.VerifyData([.. Domain, .. statement], signature, HashAlgorithmName.SHA256);

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();

    private static void Write(RunFolder folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        // Under another name first: a crash in the middle leaves no half a key behind.
        var draft = $"{folder.Key}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
        using (var file = new FileStream(draft, options))
        {
            file.Write(Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
            file.Flush(flushToDisk: true);
        }

        try
        {
            File.Move(draft, folder.Key);
        }
        catch (IOException) when (File.Exists(folder.Key))
        {
            // Somebody else was quicker, and that key counts.
            File.Delete(draft);
        }

        DirectorySync.Sync(folder.Path);
    }
}
