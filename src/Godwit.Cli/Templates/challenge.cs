// Godwit's challenge: warm up, print READY, answer each seed that is read. Godwit holds the clock.
using System.Globalization;

Work(1);
Console.WriteLine("READY");
while (Console.ReadLine() is { } seed)
{
    Console.WriteLine($"ANSWER {Work(ulong.Parse(seed, CultureInfo.InvariantCulture)):x16}");
}

// The same work for the same seed. Make the input from the seed, call your code, and fold every output into the digest:
// what isn't in it may be skipped by a candidate.
static ulong Work(ulong seed)
{
    var digest = 14695981039346656037ul;
    for (var index = 0; index < 2_000_000; index++)                 // <- yours
    {
        seed = seed * 6364136223846793005ul + 1442695040888963407ul;
        digest = (digest ^ (seed >> 33)) * 1099511628211ul;
    }

    return digest;
}
