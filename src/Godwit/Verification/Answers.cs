using System.Security.Cryptography;
using System.Text;
using Godwit.Workspaces;

namespace Godwit.Verification;

/// <summary>The answer that a measurement gives: what must be the base's for the same seed.</summary>
internal static class Answers
{
    /// <summary>The answer is what the command prints, lines of metrics left out.</summary>
    public const string Printed = "stdout";

    private const int Longest = 100;
    private const long LargestFile = 1L << 30;

    /// <summary>The answer in a form to keep and to compare: itself where it is short, else its hash.</summary>
    public static string Of(string text) => text.Length <= Longest && !text.Contains('\n', StringComparison.Ordinal)
        ? text : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";

    /// <summary>What a command printed, without the lines of metrics, which are never the same twice.</summary>
    public static string OfOutput(string output) =>
        Of(string.Join('\n', output.Split('\n').Where(line => !line.StartsWith("METRIC ", StringComparison.Ordinal))).Trim());

    /// <summary>The content of a file below a folder; no link is followed.</summary>
    /// <exception cref="ResultException">It isn't there, or isn't a plain file.</exception>
    public static string OfFile(string folder, string file)
    {
        var path = folder;
        foreach (var name in file.Split('/'))
        {
            path = Path.Combine(path, name);
            if (FileSystem.Facts(path) is not { } facts)
            {
                throw new ResultException($"it left no answer in {file}");
            }

            if (!facts.IsDirectory && !facts.IsRegular)
            {
                throw new ResultException($"its answer {file} is neither a plain file nor in plain folders");
            }
        }

        if (FileSystem.Facts(path) is not { IsRegular: true, Size: <= LargestFile })
        {
            throw new ResultException($"its answer {file} is no plain file of at most 1 GiB");
        }

        // Nothing that could swap the file is alive any more.
        using var stream = File.OpenRead(path);
        return $"sha256:{Convert.ToHexStringLower(SHA256.HashData(stream))}";
    }
}
