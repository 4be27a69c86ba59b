using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Godwit.Identity;

/// <summary>What a device may do.</summary>
public enum DeviceRole
{
    /// <summary>May look.</summary>
    Watch,

    /// <summary>May also answer what waits for a person, speak to agents, pause and resume them.</summary>
    Answer,

    /// <summary>May also start, stop, apply, archive and delete runs, change plans, and manage devices.</summary>
    Own,
}

/// <summary>A browser that was paired.</summary>
/// <param name="Id">Names it.</param>
/// <param name="Name">What its user calls it.</param>
/// <param name="Role">What it may do.</param>
/// <param name="Key">Its public key, a P-256 SubjectPublicKeyInfo in base64; the private half never leaves it.</param>
/// <param name="Paired">When it was paired.</param>
public sealed record Device(string Id, string Name, DeviceRole Role, string Key, DateTimeOffset Paired)
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Its name and id, as journals name who acted.</summary>
    [JsonIgnore]
    public string Label => $"{Name} ({Id})";

    /// <summary>The file of a store's devices.</summary>
    /// <param name="home">The store's folder.</param>
    public static string FileIn(string home) => Path.Combine(home, "devices.json");

    /// <summary>The devices of a file; none where there is no file.</summary>
    public static IReadOnlyList<Device> Read(string file) =>
        File.Exists(file) ? JsonSerializer.Deserialize<List<Device>>(File.ReadAllBytes(file), Format) ?? [] : [];

    /// <summary>Devices as they are kept in a file.</summary>
    public static byte[] Bytes(IReadOnlyList<Device> devices) => JsonSerializer.SerializeToUtf8Bytes(devices, Format);

    /// <summary>Whether a key is one that a device may have.</summary>
    /// <exception cref="FormatException">It isn't; one line that says why.</exception>
    public static void RequireKey(string? key) => KeyOf(key).Dispose();

    /// <summary>Whether this device has signed a statement: ECDSA with SHA-256, in base64, both numbers as WebCrypto writes them.</summary>
    public bool HasSigned(string statement, string? signature)
    {
        try
        {
            using var key = KeyOf(Key);
            return key.VerifyData(Encoding.UTF8.GetBytes(statement), Convert.FromBase64String(signature ?? ""), HashAlgorithmName.SHA256);
        }
        catch (Exception wrong) when (wrong is FormatException or CryptographicException)
        {
            return false;
        }
    }

    private static ECDsa KeyOf(string? key)
    {
        var parsed = ECDsa.Create();
        try
        {
            parsed.ImportSubjectPublicKeyInfo(Convert.FromBase64String(key ?? ""), out _);
            var isRight = parsed.ExportParameters(false).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value;
            return isRight ? parsed : throw new FormatException("the key must be one of P-256");
        }
        catch (CryptographicException)
        {
            parsed.Dispose();
            throw new FormatException("the key must be a SubjectPublicKeyInfo in base64");
        }
        catch
        {
            parsed.Dispose();
            throw;
        }
    }
}

/// <summary>A request as a device has signed it: whoever reads a journal sees what a person really sent, and by which key.</summary>
/// <param name="Device">The device's id.</param>
/// <param name="Key">Its public key, a P-256 SubjectPublicKeyInfo in base64.</param>
/// <param name="Method">The request's method.</param>
/// <param name="Path">Its path and query.</param>
/// <param name="Body">Its body, whole.</param>
/// <param name="Boot">The server's start that it was meant for.</param>
/// <param name="Counter">Greater than that of every request of the device before.</param>
/// <param name="Signature">Over <see cref="Statement"/>; ECDSA with SHA-256, in base64.</param>
public sealed record SignedRequest(
    string Device, string Key, string Method, string Path, string Body, string Boot, string Counter, string Signature)
{
    /// <summary>Names it among all that a device sends: a request that has it was signed once, and counts once.</summary>
    [JsonIgnore]
    public string Once => $"{Device}/{Boot}/{Counter}";

    /// <summary>What is signed: method, path, the body's SHA-256, the server's start and the counter, a line each.</summary>
    [JsonIgnore]
    public string Statement => $"{Method}\n{Path}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Body)))}\n{Boot}\n{Counter}";
}
