using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Godwit.Guardian;

/// <summary>A line's syntax tree, as mvdan/sh's typed JSON has it.</summary>
/// <param name="Tree">The tree's root.</param>
/// <param name="Source">The line, in UTF-8: the tree's positions count its bytes.</param>
internal sealed partial record ShellScript(JsonElement Tree, byte[] Source)
{
    /// <summary>
    /// The operator of a node. The tree has its number, which changes from version to version; the line has it as it was written.
    /// </summary>
    public string Operator(JsonElement node)
    {
        var start = node.GetProperty("OpPos").GetProperty("Offset").GetInt32();
        var end = start;
        while (end < Source.Length && Source[end] is (byte)'<' or (byte)'>' or (byte)'|' or (byte)'&' or (byte)'-')
        {
            end++;
        }

        return Encoding.ASCII.GetString(Source, start, end - start);
    }

    /// <summary>The tree of a line that is one command of plain words; null for any other.</summary>
    public static ShellScript? Plain(string line)
    {
        var words = line.Trim().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0 || !words.All(word => PlainWord().IsMatch(word)) || words[0].Contains('=', StringComparison.Ordinal)
            || Keywords.Contains(words[0]))
        {
            return null;
        }

        var arguments = new JsonArray([.. words.Select(
            word => new JsonObject { ["Parts"] = new JsonArray(new JsonObject { ["Type"] = "Lit", ["Value"] = word }) })]);
        var tree = new JsonObject
        {
            ["Stmts"] = new JsonArray(new JsonObject { ["Cmd"] = new JsonObject { ["Type"] = "CallExpr", ["Args"] = arguments } }),
        };
        return new ShellScript(JsonSerializer.SerializeToElement(tree), Encoding.UTF8.GetBytes(line));
    }

    private static readonly HashSet<string> Keywords = new(StringComparer.Ordinal)
    {
        "if", "then", "else", "elif", "fi", "while", "until", "for", "do", "done", "case", "esac", "select", "function", "time", "coproc",
        "declare", "local", "export", "readonly", "typeset", "nameref", "let",
    };

    [GeneratedRegex(@"^[A-Za-z0-9_./=:@%+,-]+\z")]
    private static partial Regex PlainWord();
}
