using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Godwit.Identity;

/// <summary>
/// Signatures as OpenSSH writes them, which git takes for commits (gpg.format=ssh): PROTOCOL.sshsig of openssh-portable.
/// </summary>
public static class SshSignature
{
    private const string KeyType = "ssh-ed25519";
    private const string Magic = "SSHSIG";
    private const string GitNamespace = "git";
    private const string HashAlgorithm = "sha512";
    private const int LineLength = 70;

    /// <summary>The signature over a commit, armoured.</summary>
    /// <param name="commit">The commit's content without a signature.</param>
    /// <param name="key">Who signs.</param>
    public static string OfCommit(byte[] commit, SigningKey key)
    {
        // What is signed is no message that a key could be made to sign elsewhere: it begins with the format's name and its purpose.
        byte[] signed =
        [
            .. Encoding.ASCII.GetBytes(Magic), .. Field(GitNamespace), .. Field(""), .. Field(HashAlgorithm), .. Field(SHA512.HashData(commit)),
        ];
        byte[] blob =
        [
            .. Encoding.ASCII.GetBytes(Magic), 0, 0, 0, 1, .. Field(KeyBlob(key.Public)), .. Field(GitNamespace), .. Field(""),
            .. Field(HashAlgorithm), .. Field([.. Field(KeyType), .. Field(key.Sign(signed))]),
        ];
        var lines = Convert.ToBase64String(blob).Chunk(LineLength).Select(line => new string(line));
        return $"-----BEGIN SSH SIGNATURE-----\n{string.Join('\n', lines)}\n-----END SSH SIGNATURE-----";
    }

    /// <summary>A key as a line of git's allowed signers (gpg.ssh.allowedSignersFile).</summary>
    /// <param name="principal">Whose key it is: the committer's mail address.</param>
    /// <param name="key">The key.</param>
    public static string AllowedSigner(string principal, PublicKey key) =>
        $"{principal} namespaces=\"{GitNamespace}\" {KeyType} {Convert.ToBase64String(KeyBlob(key))}";

    private static byte[] KeyBlob(PublicKey key) => [.. Field(KeyType), .. Field(key.Raw)];

    private static byte[] Field(string text) => Field(Encoding.ASCII.GetBytes(text));

    private static byte[] Field(ReadOnlySpan<byte> content)
    {
        var field = new byte[4 + content.Length];
        BinaryPrimitives.WriteInt32BigEndian(field, content.Length);
        content.CopyTo(field.AsSpan(4));
        return field;
    }
}
