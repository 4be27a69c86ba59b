using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Godwit.Durable.Journal;
using Godwit.Identity;

namespace Godwit.Server.Centre;

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

    private static readonly TimeSpan CodeLife = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan TokenLife = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan NonceLife = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private IReadOnlyList<Device>? _devices;
    private readonly ConcurrentDictionary<string, (DeviceRole Role, DateTimeOffset Until)> _codes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _used = new(StringComparer.Ordinal);
    private readonly byte[] _seal = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<string, (string Device, DateTimeOffset Until)> _tokens = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _counters = new(StringComparer.Ordinal);

    /// <summary>Of this start of the server: a signature for an earlier one counts for nothing.</summary>
    public string Boot { get; } = Secret();

    /// <summary>The devices there are.</summary>
    public IReadOnlyList<Device> All()
    {
        lock (_gate)
        {
            return _devices ??= Device.Read(file);
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
        Device.RequireKey(key);
        if (string.IsNullOrEmpty(code) || !_codes.TryRemove(code, out var known) || known.Until < time.GetUtcNow())
        {
            return null;
        }

        return Add(name, "a browser", known.Role, key);
    }

    private Device Add(string? name, string otherwise, DeviceRole role, string key)
    {
        var plain = new string([.. (name ?? "").Where(letter => !char.IsControl(letter)).Take(LongestName)]).Trim();
        var device = new Device(Secret()[..12], plain.Length == 0 ? otherwise : plain, role, key, time.GetUtcNow());
        lock (_gate)
        {
            Write([.. All().TakeLast(MostDevices - 1), device]);
        }

        return device;
    }

    /// <summary>A token for a program that speaks MCP. It signs nothing, so it answers no approval; and it is nowhere but with the program.</summary>
    public string NewProgram(string name, DeviceRole role)
    {
        var token = Secret() + Secret();
        Add(name, "a program", role, ProgramKey(token));
        return token;
    }

    /// <summary>The program that a token was made for; null for none.</summary>
    public Device? OfProgram(string token) => token.Length == 0 ? null : All().FirstOrDefault(device => device.Key == ProgramKey(token));

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

    /// <summary>
    /// Something to sign, once, for a token. It carries its own end and our seal, so that whoever asks for many fills nothing up.
    /// </summary>
    public string NewNonce()
    {
        var until = (time.GetUtcNow() + NonceLife).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        var text = $"{until}.{Secret()}";
        return $"{text}.{SealOf(text)}";
    }

    /// <summary>Whether a nonce is ours, young, and wasn't used; from then on it was.</summary>
    private bool Use(string nonce)
    {
        var now = time.GetUtcNow();
        if (nonce.Split('.') is not [var until, var secret, var seal]
            || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(seal), Encoding.UTF8.GetBytes(SealOf($"{until}.{secret}")))
            || DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(until, CultureInfo.InvariantCulture)) is var end && end < now)
        {
            return false;
        }

        foreach (var old in _used.Where(pair => pair.Value < now).ToList())
        {
            _used.TryRemove(old.Key, out _);
        }

        return _used.TryAdd(nonce, end);
    }

    private string SealOf(string text) => Convert.ToHexStringLower(HMACSHA256.HashData(_seal, Encoding.UTF8.GetBytes(text)));

    /// <summary>A token to read with, for a signed nonce; null where the signature doesn't hold.</summary>
    public (string Token, DateTimeOffset Until, Device Device)? NewToken(string id, string nonce, string signature)
    {
        if (string.IsNullOrEmpty(nonce) || Find(id) is not { } device || !device.HasSigned($"token\n{Boot}\n{nonce}", signature) || !Use(nonce))
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
    /// <param name="request">The request, but for the key, which is the device's as it is known here.</param>
    public (Device Device, SignedRequest Signed)? OfRequest(SignedRequest request)
    {
        if (Find(request.Device) is not { } device || !long.TryParse(request.Counter, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }

        var signed = request with { Key = device.Key, Boot = Boot };
        if (!device.HasSigned(signed.Statement, signed.Signature))
        {
            return null;
        }

        lock (_gate)
        {
            if (_counters.GetValueOrDefault(device.Id, -1) >= number)
            {
                return null;
            }

            _counters[device.Id] = number;
            return (device, signed);
        }
    }

    private static string ProgramKey(string token) => $"program:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)))}";

    private Device? Find(string id) => All().FirstOrDefault(device => device.Id == id);

    private void Write(IReadOnlyList<Device> devices)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        WholeFile.Replace(file, Device.Bytes(devices), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _devices = devices;
    }

    /// <summary>128 bits that nobody can guess.</summary>
    private static string Secret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
}
