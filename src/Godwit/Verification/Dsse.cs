using System.Text.Json;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Identity;

namespace Godwit.Verification;

/// <summary>DSSE envelopes in one exact form: one statement has one form, down to the byte, so that whatever differs has been changed.</summary>
internal static class Dsse
{
    private const string PayloadType = "application/vnd.in-toto+json";

    /// <summary>The envelope of a statement.</summary>
    public static byte[] Sign<T>(T statement, SigningKey key)
    {
        var payload = Canonical.Serialize(statement);
        return Write(
            new Envelope(
                Convert.ToBase64String(payload), PayloadType,
                [new EnvelopeSignature(key.Public.KeyId, Convert.ToBase64String(key.Sign(Encoding(payload))))]));
    }

    /// <summary>Reads an envelope, and verifies that it was signed by the key that its statement names, and that this key is trusted.</summary>
    /// <param name="file">The envelope's bytes.</param>
    /// <param name="isKnown">Whether the statement is of a type that is read here.</param>
    /// <param name="keyOf">The key that the statement names, in base64.</param>
    /// <param name="trusted">The name under which a key is trusted, or null.</param>
    /// <exception cref="EvidenceException">It is refused.</exception>
    public static (T Statement, PublicKey Key, string KeyName) Open<T>(
        byte[] file, Func<T, bool> isKnown, Func<T, string> keyOf, Func<PublicKey, string?> trusted)
    {
        var (envelope, payload, statement) = Read(file, isKnown);
        var (key, signature, bytes) = ReadSignature(envelope, () => keyOf(statement));
        if (key.KeyId != signature.Keyid)
        {
            throw new EvidenceException("the evidence has been changed: its key id isn't that of the key it names");
        }

        if (!key.Verify(Encoding(payload), bytes))
        {
            throw new EvidenceException("the evidence has been changed: its signature doesn't fit");
        }

        var name = trusted(key)
            ?? throw new EvidenceException(
                $"the evidence is whole, but its key isn't trusted here: {key.KeyId}; 'godwit verify FILE --key {key.KeyId}' " +
                $"if that is the verifier's",
                unknownKey: true);
        return (statement, key, name);
    }

    /// <summary>The type that an envelope's statement says its predicate has; null where none can be read. What it is worth only opening it says.</summary>
    public static string? PredicateType(byte[] file)
    {
        try
        {
            using var payload = JsonDocument.Parse(Convert.FromBase64String(Canonical.Deserialize<Envelope>(file).Payload));
            return payload.RootElement.TryGetProperty("predicateType", out var type) ? type.GetString() : null;
        }
        catch (Exception error) when (error is JournalVersionException or JsonException or FormatException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    private static (Envelope Envelope, byte[] Payload, T Statement) Read<T>(byte[] file, Func<T, bool> isKnown)
    {
        try
        {
            var envelope = Canonical.Deserialize<Envelope>(file);
            var payload = Convert.FromBase64String(envelope.Payload);
            var statement = Canonical.Deserialize<T>(payload);
            if (envelope.Signatures.Count == 1
                && envelope.PayloadType == PayloadType
                && isKnown(statement)
                && Write(envelope).AsSpan().SequenceEqual(file)
                && Convert.ToBase64String(payload) == envelope.Payload
                && Canonical.Serialize(statement).AsSpan().SequenceEqual(payload))
            {
                return (envelope, payload, statement);
            }
        }
        catch (Exception error) when (
            error is JournalVersionException or FormatException or NullReferenceException or ArgumentException or InvalidOperationException)
        {
            // Told below: a file that can't be read has been changed, or never was evidence.
        }

        throw new EvidenceException("this isn't evidence as Godwit writes it, or it has been changed");
    }

    private static (PublicKey Key, EnvelopeSignature Signature, byte[] Bytes) ReadSignature(Envelope envelope, Func<string> key)
    {
        try
        {
            var signature = envelope.Signatures[0];
            var bytes = Convert.FromBase64String(signature.Sig);
            if (Convert.ToBase64String(bytes) == signature.Sig)
            {
                return (new PublicKey(Convert.FromBase64String(key())), signature, bytes);
            }
        }
        catch (Exception error) when (error is FormatException or ArgumentException or NullReferenceException)
        {
            // Told below.
        }

        throw new EvidenceException("the evidence has been changed: its key or signature can't be read");
    }

    /// <summary>DSSE's pre-authentication encoding (secure-systems-lab/dsse, protocol.md).</summary>
    private static byte[] Encoding(byte[] payload) =>
        [.. System.Text.Encoding.UTF8.GetBytes($"DSSEv1 {PayloadType.Length} {PayloadType} {payload.Length} "), .. payload];

    private static byte[] Write(Envelope envelope) => [.. Canonical.Serialize(envelope), (byte)'\n'];

    internal sealed record Envelope(string Payload, string PayloadType, IReadOnlyList<EnvelopeSignature> Signatures);

    internal sealed record EnvelopeSignature(string Keyid, string Sig);
}
