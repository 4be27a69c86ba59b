using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;

namespace Godwit.Models;

/// <summary>OpenAI's chat completions, which most local and hosted servers speak.</summary>
/// <param name="http">Its connection; ends in a <see cref="FailureHandler"/>.</param>
/// <param name="address">The base address, such as <c>http://localhost:11434/v1</c>.</param>
/// <param name="key">The key; servers that want none get a placeholder.</param>
/// <param name="compatible">
/// The server is another's than OpenAI's: it knows the cap on a reply by its first name, <c>max_tokens</c>, which OpenAI's own
/// newer models refuse.
/// </param>
internal sealed class OpenAIChatDriver(HttpClient http, Uri address, string? key, bool compatible) : IModelDriver
{
    public async Task<ModelReply> AskAsync(ModelEntry model, ModelRequest request, CancellationToken cancellation)
    {
        var options = new OpenAIClientOptions
        {
            Endpoint = address,
            Transport = new HttpClientPipelineTransport(http),
            RetryPolicy = new ClientRetryPolicy(0),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
        };
        var client = new ChatClient(model.Id, new ApiKeyCredential(key ?? "none"), options);
        var settings = Capped(request.MaxOutput);
        foreach (var tool in request.Tools)
        {
            settings.Tools.Add(ChatTool.CreateFunctionTool(tool.Name, tool.Description, BinaryData.FromString(tool.Schema)));
        }

        try
        {
            var completion = (await client.CompleteChatAsync([.. Messages(request)], settings, cancellation)).Value;
            return Reply(model, completion);
        }
        catch (Exception error) when (
            error is JsonException or IOException or ClientResultException or HttpRequestException or InvalidOperationException or ArgumentException)
        {
            throw new ModelException(ModelFailure.Broken, $"{model.Provider} sent an answer that can't be read: {error.Message}");
        }
    }

    private ChatCompletionOptions Capped(int output)
    {
        var settings = new ChatCompletionOptions();
        if (compatible)
        {
#pragma warning disable SCME0001 // The SDK has no other way to send the older name.
            settings.Patch.Set("$.max_tokens"u8, output);
#pragma warning restore SCME0001
        }
        else
        {
            settings.MaxOutputTokenCount = output;
        }

        return settings;
    }

    private static IEnumerable<ChatMessage> Messages(ModelRequest request)
    {
        if (request.System.Length > 0)
        {
            yield return new SystemChatMessage(request.System);
        }

        foreach (var message in request.Messages)
        {
            var words = string.Join('\n', message.Parts.OfType<MessagePart.Text>().Select(text => text.Content));
            if (message.Speaker == Speaker.Model)
            {
                var calls = message.Parts.OfType<MessagePart.ToolCall>()
                    .Select(call => ChatToolCall.CreateFunctionToolCall(call.Id, call.Name, BinaryData.FromString(call.Arguments)))
                    .ToList();
                yield return calls.Count == 0 ? new AssistantChatMessage(words) : WithWords(new AssistantChatMessage(calls), words);
                continue;
            }

            foreach (var result in message.Parts.OfType<MessagePart.ToolResult>())
            {
                yield return new ToolChatMessage(result.Id, result.Content);
            }

            if (words.Length > 0)
            {
                yield return new UserChatMessage(words);
            }
        }
    }

    private static AssistantChatMessage WithWords(AssistantChatMessage message, string words)
    {
        if (words.Length > 0)
        {
            message.Content.Add(ChatMessageContentPart.CreateTextPart(words));
        }

        return message;
    }

    private static ModelReply Reply(ModelEntry model, ChatCompletion completion)
    {
        var parts = new List<MessagePart>();
        foreach (var content in completion.Content.Where(content => content.Text is { Length: > 0 }))
        {
            parts.Add(new MessagePart.Text(content.Text));
        }

        parts.AddRange(
            completion.ToolCalls.Select(call => new MessagePart.ToolCall(call.Id, call.FunctionName, call.FunctionArguments.ToString())));
        if (completion.Refusal is { Length: > 0 } refusal)
        {
            parts.Add(new MessagePart.Text(refusal));
        }

        var usage = completion.Usage
            ?? throw new ModelException(ModelFailure.Broken, $"{model.Provider} sent no token count; a budget can't be kept without one");
        return new ModelReply(
            model.Name, parts,
            completion.FinishReason switch
            {
                ChatFinishReason.Length => StopReason.MaxOutput,
                ChatFinishReason.ContentFilter => StopReason.Refusal,
                _ when completion.Refusal is { Length: > 0 } => StopReason.Refusal,
                _ when completion.ToolCalls.Count > 0 => StopReason.ToolUse,
                _ => StopReason.EndTurn,
            },
            new ModelUsage(usage.InputTokenCount, usage.InputTokenDetails?.CachedTokenCount ?? 0, usage.OutputTokenCount));
    }
}
