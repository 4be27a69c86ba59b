using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Godwit.Durable.Journal;

namespace Godwit.Server.Centre;

/// <summary>What a device may do.</summary>
public enum DeviceRole
{
    /// <summary>Look.</summary>
    Watch,

    /// <summary>And answer what waits for a person, speak to agents, pause them and let them go on.</summary>
    Answer,

    /// <summary>And start, stop and apply runs, change plans, and say which other devices there are.</summary>
    Own,
}

/// <summary>A browser that was paired.</summary>
/// <param name="Id">Names it.</param>
/// <param name="Name">What its user calls it.</param>
/// <param name="Role">What it may do.</param>
/// <param name="Key">Its public key, a P-256 SubjectPublicKeyInfo in base64; the private half never leaves it.</param>
/// <param name="Paired">When it was paired.</param>
public sealed record Device(string Id, string Name, DeviceRole Role, string Key, DateTimeOffset Paired);

/// <summary>
/// The paired browsers and what they have to show: a code that is used once to pair, a signed nonce for a token to read with, and a
/// signature with a counter for whatever changes something.
/// </summary>
/// <param name="file">Where devices are kept.</param>
/// <param name="time">The clock.</param>
internal sealed class Devices(string file, TimeProvider time)
{
    private const int MostDevices = 100;
    private const int LongestName = 60;
    private const int MostNonces = 1000;

    private static readonly TimeSpan CodeLife = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan TokenLife = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan NonceLife = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private IReadOnlyList<Device>? _devices;
    private readonly ConcurrentDictionary<string, (DeviceRole Role, DateTimeOffset Until)> _codes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _nonces = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (string Device, DateTimeOffset Until)> _tokens = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _counters = new(StringComparer.Ordinal);

    /// <summary>Of this start of the server: a signature for an earlier one counts for nothing.</summary>
    public string Boot { get; } = Secret();

    /// <summary>The devices there are.</summary>
    public IReadOnlyList<Device> All()
    {
        lock (_gate)
        {
            return _devices ??= Read();
        }
    }

    /// <summary>Whether there is a device.</summary>
    public bool Knows(string id) => All().Any(device => device.Id == id);

    /// <summary>A code that pairs one device, for ten minutes.</summary>
    public string NewCode(DeviceRole role)
    {
        var code = Secret();
        _codes[code] = (role, time.GetUtcNow() + CodeLife);
        return code;
    }

    /// <summary>Pairs a device; null where the code isn't one, was used, or is too old.</summary>
    /// <exception cref="FormatException">The key is none.</exception>
    public Device? Pair(string code, string key, string name)
    {
        using var parsed = KeyOf(key);
        if (string.IsNullOrEmpty(code) || !_codes.TryRemove(code, out var known) || known.Until < time.GetUtcNow())
        {
            return null;
        }

        var plain = new string([.. (name ?? "").Where(letter => !char.IsControl(letter)).Take(LongestName)]).Trim();
        var device = new Device(Secret()[..12], plain.Length == 0 ? "a browser" : plain, known.Role, key, time.GetUtcNow());
        lock (_gate)
        {
            Write([.. All().TakeLast(MostDevices - 1), device]);
        }

        return device;
    }

    /// <summary>Forgets a device; true where there was one.</summary>
    public bool Revoke(string id)
    {
        lock (_gate)
        {
            var devices = All();
            var left = devices.Where(device => device.Id != id).ToList();
            Write(left);
            foreach (var token in _tokens.Where(pair => pair.Value.Device == id).ToList())
            {
                _tokens.TryRemove(token.Key, out _);
            }

            return left.Count < devices.Count;
        }
    }

    /// <summary>Something to sign, once, for a token; null where too many were asked for within a minute.</summary>
    public string? NewNonce()
    {
        var now = time.GetUtcNow();
        if (_nonces.Count > MostNonces)
        {
            foreach (var old in _nonces.Where(pair => pair.Value < now).ToList())
            {
                _nonces.TryRemove(old.Key, out _);
            }

            if (_nonces.Count > MostNonces)
            {
                return null;
            }
        }

        var nonce = Secret();
        _nonces[nonce] = now + NonceLife;
        return nonce;
    }

    /// <summary>A token to read with, for a signed nonce; null where the signature doesn't hold.</summary>
    public (string Token, DateTimeOffset Until, Device Device)? NewToken(string id, string nonce, string signature)
    {
        if (string.IsNullOrEmpty(nonce) || !_nonces.TryRemove(nonce, out var until) || until < time.GetUtcNow() || Find(id) is not { } device
            || !Holds(device, $"token\n{Boot}\n{nonce}", signature))
        {
            return null;
        }

        var (token, ends) = (Secret(), time.GetUtcNow() + TokenLife);
        foreach (var old in _tokens.Where(pair => pair.Value.Until < time.GetUtcNow()).ToList())
        {
            _tokens.TryRemove(old.Key, out _);
        }

        _tokens[token] = (device.Id, ends);
        return (token, ends, device);
    }

    /// <summary>Whose a token is; null where it is nobody's.</summary>
    public Device? OfToken(string token) =>
        _tokens.TryGetValue(token, out var known) && known.Until >= time.GetUtcNow() ? Find(known.Device) : null;

    /// <summary>Whose a signed request is; null where the signature doesn't hold, or its counter isn't new.</summary>
    /// <param name="id">The device.</param>
    /// <param name="counter">Greater than that of every request of it before.</param>
    /// <param name="signature">Over <see cref="StatementOf"/>.</param>
    /// <param name="method">The request's method.</param>
    /// <param name="path">Its path and query.</param>
    /// <param name="body">Its body.</param>
    public Device? OfRequest(string id, string counter, string signature, string method, string path, ReadOnlySpan<byte> body)
    {
        if (Find(id) is not { } device || !long.TryParse(counter, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || !Holds(device, StatementOf(method, path, body, counter), signature))
        {
            return null;
        }

        lock (_gate)
        {
            if (_counters.GetValueOrDefault(id, -1) >= number)
            {
                return null;
            }

            _counters[id] = number;
            return device;
        }
    }

    private string StatementOf(string method, string path, ReadOnlySpan<byte> body, string counter) =>
        $"{method}\n{path}\n{Convert.ToHexStringLower(SHA256.HashData(body))}\n{Boot}\n{counter}";

    private static bool Holds(Device device, string statement, string signature)
    {
        try
        {
            using var key = KeyOf(device.Key);
            return key.VerifyData(Encoding.UTF8.GetBytes(statement), Convert.FromBase64String(signature ?? ""), HashAlgorithmName.SHA256);
        }
        catch (Exception wrong) when (wrong is FormatException or CryptographicException)
        {
            return false;
        }
    }

    private static ECDsa KeyOf(string key)
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

    private Device? Find(string id) => All().FirstOrDefault(device => device.Id == id);

    private IReadOnlyList<Device> Read() => File.Exists(file)
        ? JsonSerializer.Deserialize<List<Device>>(File.ReadAllBytes(file), CentreJson.Options) ?? []
        : [];

    private void Write(IReadOnlyList<Device> devices)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        WholeFile.Replace(file, CentreJson.Bytes(devices), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _devices = devices;
    }

    /// <summary>128 bits that nobody can guess.</summary>
    private static string Secret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
}
