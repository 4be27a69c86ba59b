namespace SearchServer;

/// <summary>Documents and queries made from seeds: words of a made-up language, as often as Zipf's law has them.</summary>
public static class Corpus
{
    public const int Documents = 2_000;
    private const int Words = 9_000;
    private const int Length = 50;

    /// <summary>The documents; everybody makes the same ones.</summary>
    public static IEnumerable<string> All()
    {
        var random = new Random(42);
        for (var number = 0; number < Documents; number++)
        {
            yield return string.Join(' ', Enumerable.Range(0, random.Next(Length / 2, Length * 2)).Select(_ => Word(Zipf(random, Words))));
        }
    }

    /// <summary>A query of one to three words, rarer ones more often than in the text; a popular few come again and again.</summary>
    public static string Query(Random random)
    {
        var popular = random.NextDouble() < 0.3 ? new Random(random.Next(60)) : random;
        return string.Join(' ', Enumerable.Range(0, popular.Next(1, 4)).Select(_ => Word((int)(Words * Math.Pow(popular.NextDouble(), 1.6)))));
    }

    private static int Zipf(Random random, int count) => (int)(Math.Pow(count + 1, random.NextDouble()) - 1);

    private static string Word(int rank)
    {
        const string Syllables = "ba be bi bo bu da de di do du ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu ra re ri ro ru sa se si so su ta te ti to tu";
        var parts = Syllables.Split(' ');
        var word = parts[rank % parts.Length];
        for (rank /= parts.Length; rank > 0; rank /= parts.Length)
        {
            word += parts[rank % parts.Length];
        }

        return word + "x";
    }
}
