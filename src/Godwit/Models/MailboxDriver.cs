using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Godwit.Models;

/// <summary>
/// Every request becomes a readable file in a folder, <c>AGENT-TURN.request.md</c>, and the answer is a file beside it that a
/// person or a program writes, <c>AGENT-TURN.reply.json</c>: <c>{"text": "...", "calls": [{"name": "read", "arguments": {...}}]}</c>.
/// </summary>
/// <param name="folder">The folder; made when it doesn't exist.</param>
/// <param name="time">The clock of the waiting.</param>
public sealed class MailboxDriver(string folder, TimeProvider time) : IModelDriver
{
    private const int BytesPerToken = 4;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <inheritdoc/>
    public async Task<ModelReply> AskAsync(ModelEntry model, ModelRequest request, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        var name = string.Create(CultureInfo.InvariantCulture, $"{request.Agent.Replace('/', '_')}-{request.Turn:000}");
        var letter = Letter(request);
        var half = Path.Combine(folder, $".{name}.{Guid.NewGuid():N}");
        await File.WriteAllTextAsync(half, letter, cancellation);
        File.Move(half, Path.Combine(folder, $"{name}.request.md"), overwrite: true);
        var reply = Path.Combine(folder, $"{name}.reply.json");
        while (true)
        {
            if (File.Exists(reply) && TryRead(await File.ReadAllTextAsync(reply, cancellation), name) is { } parts)
            {
                var stop = parts.Any(part => part is MessagePart.ToolCall) ? StopReason.ToolUse : StopReason.EndTurn;
                var output = parts.Sum(part => part is MessagePart.Text text ? text.Content.Length : ((MessagePart.ToolCall)part).Arguments.Length);
                return new ModelReply(model.Name, parts, stop, new ModelUsage(Encoding.UTF8.GetByteCount(letter) / BytesPerToken, 0, output / BytesPerToken + 1));
            }

            await Task.Delay(Look, time, cancellation);
        }
    }

    /// <summary>Null while the file isn't whole JSON: its writer may not have finished.</summary>
    private static List<MessagePart>? TryRead(string json, string name)
    {
        try
        {
            var root = JsonNode.Parse(json);
            var parts = new List<MessagePart>();
            if (root?["text"]?.GetValue<string>() is { Length: > 0 } text)
            {
                parts.Add(new MessagePart.Text(text));
            }

            foreach (var call in root?["calls"]?.AsArray() ?? [])
            {
                parts.Add(new MessagePart.ToolCall($"{name}-{parts.Count}", call!["name"]!.GetValue<string>(), call["arguments"]?.ToJsonString() ?? "{}"));
            }

            return parts;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Letter(ModelRequest request)
    {
        var letter = new StringBuilder();
        letter.Append(CultureInfo.InvariantCulture, $"# {request.Agent}, turn {request.Turn}, as {request.Role}\n\n## Instructions\n\n{request.System}\n\n## Tools\n\n");
        foreach (var tool in request.Tools)
        {
            letter.Append(CultureInfo.InvariantCulture, $"- `{tool.Name}`: {tool.Description} {tool.Schema}\n");
        }

        foreach (var message in request.Messages)
        {
            letter.Append(CultureInfo.InvariantCulture, $"\n## {message.Speaker}\n");
            foreach (var part in message.Parts)
            {
                letter.Append(CultureInfo.InvariantCulture, $"\n{part switch
                {
                    MessagePart.Text text => text.Content,
                    MessagePart.ToolCall call => $"-> {call.Name} {call.Arguments}",
                    MessagePart.ToolResult { Failed: true } result => $"<- failed: {result.Content}",
                    MessagePart.ToolResult result => $"<- {result.Content}",
                    _ => throw new InvalidOperationException("unknown part of a message"),
                }}\n");
            }
        }

        return letter.ToString();
    }
}
