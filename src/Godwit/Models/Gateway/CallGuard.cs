using System.Text.Json.Nodes;
using Godwit.Sandbox;

namespace Godwit.Models;

/// <summary>
/// Looks at the tool calls of an answer before the program gets them. A shell line that is refused is replaced by one that says why and
/// fails, so that the program's model reads it as its tool's answer and can do otherwise (docs/decisions/0012).
/// </summary>
/// <param name="refusal">What is against a shell line; null for nothing.</param>
internal sealed class CallGuard(Func<string, Task<string?>> refusal)
{
    // What the shell tools of codex, Claude Code and opencode, and most others, call their line.
    private static readonly string[] Lines = ["command", "cmd"];

    // An event that begins a call has one of these in it, in each of the three dialects; some servers name what isn't there, too.
    private static readonly string[] Marks = ["_call", "tool_use"];

    private readonly List<string> _held = [];

    // A stream tells of one call several times: in pieces, at its end, in the whole answer. It is judged once.
    private readonly Dictionary<string, string?> _judged = new(StringComparer.Ordinal);

    private async Task<string?> RefusalAsync(string line)
    {
        if (!_judged.TryGetValue(line, out var refused))
        {
            _judged[line] = refused = await refusal(line);
        }

        return refused;
    }

    /// <summary>Whether an event of a stream has to wait for the answer's end: it and all behind it once a call has begun.</summary>
    public bool Holds(string sent)
    {
        if (_held.Count == 0 && !(Array.Exists(Marks, mark => sent.Contains(mark, StringComparison.Ordinal)) && HasCall(sent)))
        {
            return false;
        }

        _held.Add(sent);
        return true;
    }

    /// <summary>The events that have waited, with refused lines replaced; all others are as they came.</summary>
    public Task<IEnumerable<string>> ReleaseAsync() => JudgeAsync(_held);

    /// <summary>A whole answer, with refused lines replaced.</summary>
    /// <param name="contentType">Of the body.</param>
    /// <param name="body">A JSON object, or all events of a stream.</param>
    public async Task<string> WholeAsync(string contentType, string body)
    {
        if (contentType.StartsWith("text/event-stream", StringComparison.Ordinal))
        {
            return string.Concat(await JudgeAsync(SseData.Events(body)));
        }

        return GatewayProtocol.Parse(body) is { } answer && await JudgeWholeAsync(answer) ? answer.ToJsonString(GatewayProtocol.Plain) : body;
    }

    private async Task<IEnumerable<string>> JudgeAsync(IReadOnlyList<string> events)
    {
        var parts = events.Select(sent => SseData.Of(sent) is { } data ? GatewayProtocol.Parse(data) : null).ToList();
        var changed = new HashSet<JsonObject>();
        foreach (var call in Fragments(parts.OfType<JsonObject>()).ToList().GroupBy(fragment => fragment.Call))
        {
            var said = string.Concat(call.Select(fragment => GatewayProtocol.Text(fragment.Holder[fragment.Name])));
            if (await ReplacedAsync(said) is not { } arguments)
            {
                continue;
            }

            foreach (var (_, part, holder, name) in call)
            {
                holder[name] = arguments;
                arguments = "";
                changed.Add(part);
            }
        }

        foreach (var part in parts.OfType<JsonObject>())
        {
            if (await JudgeWholeAsync(part))
            {
                changed.Add(part);
            }
        }

        return events.Select(
            (sent, index) =>
                parts[index] is { } part && changed.Contains(part) ? SseData.With(sent, part.ToJsonString(GatewayProtocol.Plain)) : sent);
    }

    /// <summary>The pieces of calls' arguments in a stream: which call, in which part, and where the piece stands.</summary>
    private static IEnumerable<(string Call, JsonObject Part, JsonObject Holder, string Name)> Fragments(IEnumerable<JsonObject> parts)
    {
        // Not every server counts the calls of a chat: some leave the index out or say 0 for all. Each has an id of its own.
        var open = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in parts)
        {
            foreach (var choice in (part["choices"] as JsonArray ?? []).OfType<JsonObject>())
            {
                if (choice["delta"] is not JsonObject said)
                {
                    continue;
                }

                foreach (var call in (said["tool_calls"] as JsonArray ?? []).OfType<JsonObject>())
                {
                    var place = $"{choice["index"]}/{call["index"]}";
                    var id = GatewayProtocol.Text(call["id"]) is { Length: > 0 } own
                        ? $"{choice["index"]}#{own}"
                        : open.GetValueOrDefault(place, place);
                    open[place] = id;
                    if (call["function"] is JsonObject function && function["arguments"] is not null)
                    {
                        yield return (id, part, function, "arguments");
                    }
                }

                if (said["function_call"] is JsonObject old && old["arguments"] is not null)
                {
                    yield return ($"{choice["index"]}", part, old, "arguments");
                }
            }

            switch (GatewayProtocol.Text(part["type"]))
            {
                case "response.function_call_arguments.delta":
                    yield return ($"{part["output_index"]}", part, part, "delta");
                    break;
                case "content_block_delta" when part["delta"] is JsonObject delta
                    && GatewayProtocol.Text(delta["type"]) == "input_json_delta":
                    yield return ($"{part["index"]}", part, delta, "partial_json");
                    break;
            }
        }
    }

    /// <summary>Whether an event begins a call, goes on with one or has a whole one; one that can't be read may.</summary>
    private static bool HasCall(string sent) =>
        SseData.Of(sent) is { } data && (GatewayProtocol.Parse(data) is not { } part || HasCall(part));

    private static bool HasCall(JsonNode? node) => node switch
    {
        JsonArray list => list.Any(HasCall),
        JsonObject item => item["tool_calls"] is JsonArray { Count: > 0 } || item["function_call"] is JsonObject
            || (GatewayProtocol.Text(item["type"]) is { } type && (type is "tool_use" || type.Contains("_call", StringComparison.Ordinal)))
            || item.Any(member => member.Key != "tools" && HasCall(member.Value)),
        _ => false,
    };

    /// <summary>Replaces what is refused of the calls that stand whole in an answer or a part of one; whether there was any.</summary>
    private async Task<bool> JudgeWholeAsync(JsonNode? node)
    {
        var changed = false;
        switch (node)
        {
            case JsonArray list:
                foreach (var item in list)
                {
                    changed |= await JudgeWholeAsync(item);
                }

                break;
            case JsonObject item:
                changed = await JudgeCallAsync(item);
                foreach (var (name, value) in item.ToList())
                {
                    // A call's own arguments have been judged, and whatever else is in them is no call.
                    changed |= name is not ("arguments" or "input" or "action" or "delta" or "tools") && await JudgeWholeAsync(value);
                }

                break;
        }

        return changed;
    }

    private async Task<bool> JudgeCallAsync(JsonObject item)
    {
        // chat: message.tool_calls[].function; responses: an item, or the end of its arguments; messages: a block of content.
        if (GatewayProtocol.Text(item["arguments"]) is { Length: > 0 } text && await ReplacedAsync(text) is { } arguments)
        {
            item["arguments"] = arguments;
            return true;
        }

        var type = GatewayProtocol.Text(item["type"]);
        var name = item["arguments"] is JsonObject
            ? "arguments"
            : type == "tool_use" ? "input" : type == "local_shell_call" ? "action" : "";
        if (item[name] is not JsonObject call || await ReplacedAsync(call.ToJsonString()) is not { } instead)
        {
            return false;
        }

        item[name] = JsonNode.Parse(instead);
        return true;
    }

    /// <summary>
    /// The arguments with their lines replaced; null where nothing is against them. What can't be read is taken away: a client
    /// might read it.
    /// </summary>
    private async Task<string?> ReplacedAsync(string arguments)
    {
        if (arguments.Trim().Length == 0)
        {
            return null;
        }

        if (GatewayProtocol.Parse(arguments) is not { } call)
        {
            return "{}";
        }

        var lines = Lines.Where(name => LineOf(call[name]) is not null).ToList();
        string? reason = null;
        foreach (var name in lines)
        {
            reason ??= await RefusalAsync(LineOf(call[name])!);
        }

        if (reason is null)
        {
            return null;
        }

        var instead = $"echo {ShellWords.Quote(reason)} >&2; exit 126";
        foreach (var name in lines)
        {
            call[name] = call[name] is JsonArray ? new JsonArray("/bin/sh", "-c", instead) : JsonValue.Create(instead);
        }

        return call.ToJsonString(GatewayProtocol.Plain);
    }

    /// <summary>A shell line: text, or words of which a shell's <c>-c</c> may be part.</summary>
    private static string? LineOf(JsonNode? node) => node switch
    {
        JsonArray words when words.All(word => GatewayProtocol.Text(word) is not null) =>
            ShellWords.Line(words.Select(word => GatewayProtocol.Text(word)!)),
        _ => GatewayProtocol.Text(node),
    };
}
