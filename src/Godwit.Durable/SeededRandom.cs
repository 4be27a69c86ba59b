using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Godwit.Durable;

/// <summary>
/// xoshiro256** (Blackman and Vigna 2018, "Scrambled linear pseudorandom number generators"), so that a stream is the
/// same on every version of .NET; seeded from a hash of a seed and names.
/// </summary>
public sealed class SeededRandom : Random
{
    private ulong _a, _b, _c, _d;

    /// <summary>The stream of a seed and the names under it; other names give an independent stream.</summary>
    public SeededRandom(ulong seed, params ReadOnlySpan<string> names)
    {
        Span<byte> key = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(key, seed);
        var hash = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(string.Join('\n', names!)));
        _a = BinaryPrimitives.ReadUInt64LittleEndian(hash);
        _b = BinaryPrimitives.ReadUInt64LittleEndian(hash.AsSpan(8));
        _c = BinaryPrimitives.ReadUInt64LittleEndian(hash.AsSpan(16));
        _d = BinaryPrimitives.ReadUInt64LittleEndian(hash.AsSpan(24)) | 1;
    }

    /// <summary>64 random bits.</summary>
    public ulong NextBits()
    {
        var result = BitOperations.RotateLeft(_b * 5, 7) * 9;
        var t = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= t;
        _d = BitOperations.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>A standard normal number, by the Box-Muller transform.</summary>
    public double NextNormal() => Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(2 * Math.PI * NextDouble());

    /// <inheritdoc/>
    public override double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <inheritdoc/>
    protected override double Sample() => NextDouble();

    /// <inheritdoc/>
    public override int Next() => (int)(NextBits() >> 33);

    /// <inheritdoc/>
    public override int Next(int maxValue) => Next(0, maxValue);

    /// <inheritdoc/>
    public override int Next(int minValue, int maxValue) => (int)NextInt64(minValue, maxValue);

    /// <inheritdoc/>
    public override long NextInt64(long minValue, long maxValue)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minValue, maxValue);
        var range = (ulong)(maxValue - minValue);
        return range == 0 ? minValue : minValue + (long)Math.BigMul(NextBits(), range, out _);
    }

    /// <inheritdoc/>
    public override void NextBytes(byte[] buffer) => NextBytes(buffer.AsSpan());

    /// <inheritdoc/>
    public override void NextBytes(Span<byte> buffer)
    {
        foreach (ref var value in buffer)
        {
            value = (byte)(NextBits() >> 56);
        }
    }
}
