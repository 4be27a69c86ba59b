using System.Text.RegularExpressions;
using Godwit.Models;

namespace Godwit.Agents;

/// <summary>
/// Sees an agent that goes round in circles: the same call with the same answer, the same error, two that alternate, or empty
/// replies.
/// </summary>
internal sealed partial class LoopDetector
{
    private const int Nudge = 3;
    private const int Stop = 6;
    private readonly List<string> _turns = [];
    private string _error = "";
    private int _errors;

    /// <summary>Takes up a turn. The first word is for the model, the second ends the agent.</summary>
    public (string? Nudge, string? Stop) Add(ModelReply reply, IReadOnlyList<MessagePart.ToolResult> results)
    {
        // How long a command took is never twice the same, and no news.
        _turns.Add(
            reply.Calls.Count == 0
                ? ""
                : string.Join(
                    '\n',
                    reply.Calls.Select(call => $"{call.Name} {call.Arguments}")
                        .Concat(results.Select(result => Took().Replace(result.Content, "")))));
        var error = results.Count > 0 && results.All(result => result.Failed)
            ? string.Join('\n', results.Select(result => Took().Replace(result.Content, "")))
            : "";
        _errors = error.Length == 0 ? 0 : error == _error ? _errors + 1 : 1;
        _error = error;
        var (what, length) = Circle();
        (what, length) = _errors > length ? ("run into the same error", _errors) : (what, length);
        return length >= Stop
            ? (null, $"{what} {length} times in a row")
            : length == Nudge
                ? ($"You have {what} {length} times in a row, and nothing new came of it. Try something else, or submit what you have.", null)
                : (null, null);
    }

    private (string What, int Length) Circle()
    {
        var last = _turns[^1];
        var same = Run(1);
        if (last.Length == 0)
        {
            return ("given a reply without a tool call", same);
        }

        return same >= 2 ? ("made the same call with the same answer", same) : ("alternated between the same two calls", Run(2) / 2);
    }

    [GeneratedRegex(@"(?<=^exit code \d+), [\d.]+ s", RegexOptions.Multiline)]
    private static partial Regex Took();

    /// <summary>How many turns at the end repeat with a period.</summary>
    private int Run(int period)
    {
        var length = 1;
        while (length < _turns.Count && length + period <= _turns.Count && _turns[^length] == _turns[^(length + period)])
        {
            length++;
        }

        return length + period - 1;
    }
}
