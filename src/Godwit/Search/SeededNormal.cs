namespace Godwit.Search;

/// <summary>Standard normal numbers from a journaled stream (Box and Muller 1958).</summary>
internal static class SeededNormal
{
    public static double Next(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
