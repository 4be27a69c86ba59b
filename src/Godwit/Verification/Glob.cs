using System.Text;
using System.Text.RegularExpressions;

namespace Godwit.Verification;

/// <summary>
/// Paths by pattern: <c>*</c> and <c>?</c> within a name, <c>**</c> over folders; a folder's name stands for all below it.
/// </summary>
public sealed class Glob
{
    private readonly Regex[] _patterns;

    /// <summary>Paths that any of some patterns matches.</summary>
    public Glob(IEnumerable<string> patterns) => _patterns = [.. patterns.Select(Compile)];

    /// <summary>Whether a path, with slashes and from the same folder as the patterns, is one of them.</summary>
    public bool Matches(string path) => _patterns.Any(pattern => pattern.IsMatch(path));

    /// <summary>A pattern without what says nothing; empty for the folder itself.</summary>
    internal static string Plain(string pattern)
    {
        pattern = pattern.TrimEnd('/');
        pattern = pattern.StartsWith("./", StringComparison.Ordinal) ? pattern[2..] : pattern;
        return pattern == "." ? "" : pattern;
    }

    private static Regex Compile(string pattern)
    {
        pattern = Plain(pattern);
        if (pattern.Length == 0)
        {
            // The folder itself, and so all that is in it; what is outside starts with "../".
            return new Regex("^(?!\\.\\./)", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }

        var expression = new StringBuilder("^");
        for (var index = 0; index < pattern.Length; index++)
        {
            if (pattern.AsSpan(index).StartsWith("**/"))
            {
                expression.Append("(.*/)?");
                index += 2;
            }
            else if (pattern.AsSpan(index).StartsWith("**"))
            {
                expression.Append(".*");
                index++;
            }
            else
            {
                expression.Append(pattern[index] switch
                {
                    '*' => "[^/]*",
                    '?' => "[^/]",
                    var other => Regex.Escape(other.ToString()),
                });
            }
        }

        return new Regex(expression.Append("(/.*)?$").ToString(), RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
    }
}
