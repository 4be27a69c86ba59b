using System.Globalization;
using System.Text;

namespace Godwit.Server.Centre;

/// <summary>
/// Makes characters visible that would change how others are shown: control characters, and those that turn the direction of writing. What
/// a person approves reads as it runs.
/// </summary>
internal static class Visible
{
    /// <summary>The text, with each of them as <c>\uXXXX</c>; line ends and tabs stay.</summary>
    /// <param name="text">The text.</param>
    /// <param name="marks">Characters of our own in it, which stay.</param>
    public static string Of(string text, params ReadOnlySpan<char> marks)
    {
        if (!text.Any(IsHidden))
        {
            return text;
        }

        var shown = new StringBuilder(text.Length + 16);
        foreach (var letter in text)
        {
            _ = IsHidden(letter) && !marks.Contains(letter) ? shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}") : shown.Append(letter);
        }

        return shown.ToString();
    }

    private static bool IsHidden(char letter) => (char.IsControl(letter) && letter is not ('\n' or '\t' or '\r'))
        || letter is '\u200e' or '\u200f' or '\u061c' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');
}
