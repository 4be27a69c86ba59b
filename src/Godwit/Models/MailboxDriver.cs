using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Godwit.Models;

/// <summary>
/// Every request becomes a readable file in a folder, <c>AGENT-TURN.request.md</c>, and the answer is a file beside it that a
/// person or a program writes, <c>AGENT-TURN.reply.json</c>: <c>{"text": "...", "calls": [{"name": "read", "arguments": {...}}]}</c>.
/// A reply that can't be used is explained in a file beside it that ends in <c>.wrong</c>, and waited for again.
/// </summary>
/// <param name="folder">The folder; made when it doesn't exist.</param>
/// <param name="time">The clock of the waiting.</param>
public sealed class MailboxDriver(string folder, TimeProvider time) : IModelDriver
{
    private const int BytesPerToken = 4;
    private static readonly Dictionary<string, FileStream> Held = new(StringComparer.Ordinal);
    private static readonly JsonSerializerOptions Plain =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <inheritdoc/>
    public async Task<ModelReply> AskAsync(ModelEntry model, ModelRequest request, CancellationToken cancellation)
    {
        Hold(folder);
        var name = string.Create(CultureInfo.InvariantCulture, $"{request.Agent.Replace('/', '_')}-{request.Turn:000}");
        var letter = Letter(request);
        var asked = Path.Combine(folder, $"{name}.request.md");
        var reply = Path.Combine(folder, $"{name}.reply.json");
        if (!File.Exists(asked) || await File.ReadAllTextAsync(asked, cancellation) != letter)
        {
            // A reply that is there already was written for something else: a mailbox that was used before.
            if (File.Exists(reply))
            {
                File.Move(reply, $"{reply}.early", overwrite: true);
                await File.WriteAllTextAsync(
                    $"{reply}.wrong",
                    $"{Path.GetFileName(reply)} was there before its request, and was put aside as " +
                    $"{Path.GetFileName(reply)}.early; read the request, and write the reply again\n",
                    cancellation);
            }

            var half = Path.Combine(folder, $".{name}.{Guid.NewGuid():N}");
            await File.WriteAllTextAsync(half, letter, cancellation);
            File.Move(half, asked, overwrite: true);
        }

        while (true)
        {
            if (File.Exists(reply) && TryRead(reply, await File.ReadAllTextAsync(reply, cancellation), name) is { } parts)
            {
                var stop = parts.Any(part => part is MessagePart.ToolCall) ? StopReason.ToolUse : StopReason.EndTurn;
                var output = parts.Sum(
                    part => part is MessagePart.Text text ? text.Content.Length : ((MessagePart.ToolCall)part).Arguments.Length);
                return new ModelReply(
                    model.Name, parts, stop,
                    new ModelUsage(Encoding.UTF8.GetByteCount(letter) / BytesPerToken, 0, output / BytesPerToken + 1));
            }

            await Task.Delay(Look, time, cancellation);
        }
    }

    /// <summary>
    /// Keeps other runs out of a mailbox for as long as this process lives: they would write requests under the same names, and take each
    /// other's replies.
    /// </summary>
    /// <exception cref="ModelException">Another run has it.</exception>
    private static void Hold(string folder)
    {
        var path = Path.GetFullPath(Directory.CreateDirectory(folder).FullName);
        lock (Held)
        {
            if (Held.ContainsKey(path))
            {
                return;
            }

            try
            {
                Held[path] = new FileStream(Path.Combine(path, ".owner"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                throw new ModelException(
                    ModelFailure.Rejected, $"the mailbox {folder} is another run's, which hasn't ended; give each run a folder of its own");
            }
        }
    }

    /// <summary>
    /// Null while the file isn't whole JSON, as its writer may not have finished; what is whole and of another shape is told beside
    /// it.
    /// </summary>
    private static List<MessagePart>? TryRead(string file, string json, string name)
    {
        try
        {
            var reply = JsonSerializer.Deserialize<Written>(json, JsonSerializerOptions.Web);
            if (reply is null or { Text: null, Calls: null } || reply.Calls?.Any(call => call?.Name is null) == true)
            {
                File.WriteAllText(
                    $"{file}.wrong",
                    $"a reply has \"text\", \"calls\", or both, and a call has a \"name\" and \"arguments\"; write " +
                    $"{Path.GetFileName(file)} again\n");
                return null;
            }

            File.Delete($"{file}.wrong");
            var parts = reply.Text is { Length: > 0 } text ? new List<MessagePart> { new MessagePart.Text(text) } : [];
            parts.AddRange(
                (reply.Calls ?? []).Select(
                    (call, index) =>
                        new MessagePart.ToolCall($"{name}-{index}", call!.Name!, call.Arguments?.ToJsonString(Plain) ?? "{}")));
            return parts;
        }
        catch (JsonException error)
        {
            var why = error.Message.Contains("could not be converted", StringComparison.Ordinal)
                ? $"at {error.Path} it isn't of the form {{\"text\": \"...\", \"calls\": [{{\"name\": \"...\", \"arguments\": {{...}}}}]}}"
                : error.Message;
            File.WriteAllText($"{file}.wrong", $"{Path.GetFileName(file)} can't be read: {why}\n");
            return null;
        }
    }

    private static string Letter(ModelRequest request)
    {
        var letter = new StringBuilder();
        letter.Append(
            CultureInfo.InvariantCulture,
            $"# {request.Agent}, turn {request.Turn}, as {request.Role}\n\n## Instructions\n\n{request.System}\n\n## Tools\n\n");
        foreach (var tool in request.Tools)
        {
            letter.Append(CultureInfo.InvariantCulture, $"- `{tool.Name}`: {tool.Description} {tool.Schema}\n");
        }

        // What is new stands last, and is marked: a person has read the rest.
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        var fresh = request.Messages.ToList()
            .FindLastIndex(message => message.Parts.Any(part => part is MessagePart.ToolCall) || message.Speaker == Speaker.Model) + 1;
        for (var index = 0; index < request.Messages.Count; index++)
        {
            var message = request.Messages[index];
            letter.Append(CultureInfo.InvariantCulture, $"\n## {message.Speaker}{(index >= fresh && fresh > 0 ? " (new)" : "")}\n");
            foreach (var call in message.Parts.OfType<MessagePart.ToolCall>())
            {
                names[call.Id] = call.Name;
            }

            foreach (var part in message.Parts)
            {
                letter.Append(CultureInfo.InvariantCulture, $"\n{part switch
                {
                    MessagePart.Text text => text.Content,
                    MessagePart.ToolCall call => $"-> {call.Name} {call.Arguments}",
                    MessagePart.ToolResult { Failed: true } result => $"<- {names.GetValueOrDefault(result.Id)} failed: {result.Content}",
                    MessagePart.ToolResult result => $"<- {names.GetValueOrDefault(result.Id)}: {result.Content}",
                    _ => throw new InvalidOperationException("unknown part of a message"),
                }}\n");
            }
        }

        return letter.ToString();
    }

    private sealed record Written(string? Text, IReadOnlyList<WrittenCall?>? Calls);

    private sealed record WrittenCall(string? Name, JsonNode? Arguments);
}
