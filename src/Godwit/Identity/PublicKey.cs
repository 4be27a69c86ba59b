using System.Security.Cryptography;

namespace Godwit.Identity;

/// <summary>An Ed25519 public key (RFC 8032).</summary>
public sealed class PublicKey : IEquatable<PublicKey>
{
    /// <summary>The length of a raw key in bytes.</summary>
    public const int Size = 32;

    /// <summary>The length of a signature in bytes.</summary>
    public const int SignatureSize = 64;

    private readonly byte[] _raw;

    /// <summary>Takes a raw key.</summary>
    /// <exception cref="ArgumentException">It hasn't 32 bytes.</exception>
    public PublicKey(ReadOnlySpan<byte> raw)
    {
        if (raw.Length != Size)
        {
            throw new ArgumentException($"an Ed25519 public key has {Size} bytes, not {raw.Length}", nameof(raw));
        }

        _raw = raw.ToArray();
    }

    /// <summary>SHA-256 of the raw key, in lower-case hexadecimal.</summary>
    public string KeyId => Convert.ToHexStringLower(SHA256.HashData(_raw));

    /// <summary>The raw key in base64.</summary>
    public string Base64 => Convert.ToBase64String(_raw);

    /// <summary>The raw key.</summary>
    public ReadOnlySpan<byte> Raw => _raw;

    /// <summary>Whether the signature over the message was made with this key's private half.</summary>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != SignatureSize)
        {
            return false;
        }

        using var key = LibCrypto.NewPublicKey(LibCrypto.Ed25519, 0, _raw, Size);
        using var digest = LibCrypto.NewDigest();
        return !key.IsInvalid
            && LibCrypto.VerifyInit(digest, 0, 0, 0, key) == 1
            && LibCrypto.Verify(digest, signature, SignatureSize, message, (nuint)message.Length) == 1;
    }

    /// <inheritdoc/>
    public bool Equals(PublicKey? other) => other is not null && _raw.AsSpan().SequenceEqual(other._raw);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PublicKey);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(_raw);
}
