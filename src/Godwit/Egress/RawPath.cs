namespace Godwit.Egress;

/// <summary>Paths as they stand in a request, before anybody has made them plain.</summary>
internal static class RawPath
{
    /// <summary>Whether it has characters that servers read in different ways, or as its end.</summary>
    public static bool IsOdd(string path) => path.Any(letter => letter is <= ' ' or '#' or >= '\x7f');

    /// <summary>Whether it has parts that lead elsewhere, written plainly or in percent: dots, backslashes, and slashes that hide.</summary>
    public static bool HasDots(string path)
    {
        var plain = path.Split('?')[0];
        for (var turn = 0; turn < 2; turn++)
        {
            plain = Uri.UnescapeDataString(plain);
        }

        return plain.Contains('\\', StringComparison.Ordinal) || plain.Split('/', ';').Any(part => part is "." or "..");
    }
}
