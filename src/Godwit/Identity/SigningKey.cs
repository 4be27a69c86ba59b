using System.Security.Cryptography;

namespace Godwit.Identity;

/// <summary>An Ed25519 private key (RFC 8032), kept in a PKCS #8 file that only its owner can read.</summary>
public sealed class SigningKey : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // RFC 8410: the DER of a PKCS #8 Ed25519 key is this prefix and the 32 bytes of the seed.
    private static readonly byte[] Pkcs8Prefix = Convert.FromHexString("302e020100300506032b657004220420");

    private readonly LibCrypto.KeyHandle _handle;
    private readonly byte[] _seed;

    private SigningKey(byte[] seed)
    {
        _seed = seed;
        _handle = LibCrypto.NewPrivateKey(LibCrypto.Ed25519, 0, seed, (nuint)seed.Length);
        if (_handle.IsInvalid)
        {
            throw new CryptographicException("libcrypto refused the Ed25519 key");
        }

        var raw = new byte[PublicKey.Size];
        nuint length = PublicKey.Size;
        if (LibCrypto.GetPublicKey(_handle, raw, ref length) != 1)
        {
            throw new CryptographicException("libcrypto gave no Ed25519 public key");
        }

        Public = new PublicKey(raw);
    }

    /// <summary>The public half.</summary>
    public PublicKey Public { get; }

    /// <summary>The private half, for keys that are derived from it.</summary>
    internal ReadOnlySpan<byte> Seed => _seed;

    /// <summary>Makes a new key.</summary>
    public static SigningKey Generate() => new(RandomNumberGenerator.GetBytes(32));

    /// <summary>Takes a seed of 32 bytes.</summary>
    public static SigningKey FromSeed(ReadOnlySpan<byte> seed) => new(seed.ToArray());

    /// <summary>Reads the key of a file, or makes one and writes it with mode 0600.</summary>
    /// <exception cref="InvalidDataException">The file holds no Ed25519 key, or others can read it.</exception>
    public static SigningKey LoadOrCreate(string path)
    {
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var fresh = Generate();
            try
            {
                fresh.Save(path);
                return fresh;
            }
            catch (IOException) when (File.Exists(path))
            {
                fresh.Dispose();
            }
        }

        return Load(path);
    }

    /// <summary>Reads the key of a file.</summary>
    /// <exception cref="InvalidDataException">The file holds no Ed25519 key, or others can read it.</exception>
    public static SigningKey Load(string path)
    {
        if ((File.GetUnixFileMode(path) & ~OwnerOnly) != 0)
        {
            throw new InvalidDataException(
                $"{path} can be read by others; 'chmod 600 {path}' if you still trust it; a verifier's key may be deleted instead, and Godwit makes a new one");
        }

        try
        {
            var pem = File.ReadAllText(path);
            var fields = PemEncoding.Find(pem);
            var der = Convert.FromBase64String(pem[fields.Base64Data]);
            if (der.Length == Pkcs8Prefix.Length + 32 && der.AsSpan().StartsWith(Pkcs8Prefix))
            {
                return new SigningKey(der[Pkcs8Prefix.Length..]);
            }
        }
        catch (Exception error) when (error is ArgumentException or FormatException)
        {
            // Told below, together with a key of another kind.
        }

        throw new InvalidDataException(
            $"{path} holds no Ed25519 private key in PKCS #8 PEM; put it back from a copy (without a run's own key the run is " +
            $"refused; without the verifier's, a new one signs from then on)");
    }

    /// <summary>The signature over a message.</summary>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        using var digest = LibCrypto.NewDigest();
        var signature = new byte[PublicKey.SignatureSize];
        nuint length = PublicKey.SignatureSize;
        return LibCrypto.SignInit(digest, 0, 0, 0, _handle) == 1
            && LibCrypto.Sign(digest, signature, ref length, message, (nuint)message.Length) == 1
            ? signature
            : throw new CryptographicException("libcrypto could not sign");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_seed);
        _handle.Dispose();
    }

    private void Save(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        using var writer = new StreamWriter(path, options);
        writer.WriteLine(PemEncoding.WriteString("PRIVATE KEY", [.. Pkcs8Prefix, .. _seed]));
    }
}
