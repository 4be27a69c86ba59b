using System.Text.Json;
using Anthropic;
using Microsoft.Extensions.AI;

namespace Godwit.Models;

/// <summary>Anthropic's messages.</summary>
/// <param name="http">Its connection; ends in a <see cref="FailureHandler"/>.</param>
/// <param name="address">The base address; null for Anthropic's own.</param>
/// <param name="key">The key.</param>
internal sealed class AnthropicDriver(HttpClient http, Uri? address, string? key) : IModelDriver
{
    // Never disposed of: it would take the connection, which isn't its own, with it.
    private readonly AnthropicClient _client = address is null
        ? new AnthropicClient { HttpClient = http, ApiKey = key ?? "none", MaxRetries = 0 }
        : new AnthropicClient { HttpClient = http, ApiKey = key ?? "none", MaxRetries = 0, BaseUrl = address.ToString().TrimEnd('/') };

    public async Task<ModelReply> AskAsync(ModelEntry model, ModelRequest request, CancellationToken cancellation)
    {
        var options = new ChatOptions
        {
            Instructions = request.System.Length == 0 ? null : request.System,
            MaxOutputTokens = request.MaxOutput,
            Tools = [.. request.Tools.Select(tool => new Declared(tool))],
        };
        try
        {
            var response = await _client.AsIChatClient(model.Id, request.MaxOutput)
                .GetResponseAsync(request.Messages.Select(Message), options, cancellation);
            return Reply(model, response);
        }
        catch (Exception error) when (
            error is JsonException or IOException or HttpRequestException or Anthropic.Exceptions.AnthropicException)
        {
            throw error.InnerException as ModelException
                ?? new ModelException(ModelFailure.Broken, $"{model.Provider} sent an answer that can't be read: {error.Message}");
        }
    }

    private static ChatMessage Message(ModelMessage message) => new(
        message.Speaker == Speaker.Model ? ChatRole.Assistant : ChatRole.User,
        [.. message.Parts.Select(part => (AIContent)(part switch
        {
            MessagePart.Text text => new TextContent(text.Content),
            MessagePart.ToolCall call => new FunctionCallContent(call.Id, call.Name, Arguments(call.Arguments)),
            MessagePart.ToolResult result =>
                new FunctionResultContent(result.Id, result.Content)
                {
                    Exception = result.Failed ? new InvalidOperationException(result.Content) : null,
                },
            _ => throw new InvalidOperationException("unknown part of a message"),
        }))]);

    /// <summary>Arguments that the model broke are sent back to it as it wrote them.</summary>
    private static Dictionary<string, object?> Arguments(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, object?>>(json) ?? [];
        }
        catch (JsonException)
        {
            return new Dictionary<string, object?> { ["unreadable"] = json };
        }
    }

    private static ModelReply Reply(ModelEntry model, ChatResponse response)
    {
        var parts = new List<MessagePart>();
        foreach (var content in response.Messages.SelectMany(message => message.Contents))
        {
            switch (content)
            {
                case TextContent { Text.Length: > 0 } text:
                    parts.Add(new MessagePart.Text(text.Text));
                    break;
                case FunctionCallContent call:
                    parts.Add(
                        new MessagePart.ToolCall(
                            call.CallId, call.Name, JsonSerializer.Serialize(call.Arguments ?? new Dictionary<string, object?>())));
                    break;
            }
        }

        var usage = response.Usage
            ?? throw new ModelException(ModelFailure.Broken, $"{model.Provider} sent no token count; a budget can't be kept without one");
        var stop = response.FinishReason == ChatFinishReason.Length ? StopReason.MaxOutput
            : response.FinishReason == ChatFinishReason.ContentFilter ? StopReason.Refusal
            : parts.Any(part => part is MessagePart.ToolCall) ? StopReason.ToolUse : StopReason.EndTurn;
        return new ModelReply(
            model.Name, parts, stop,
            new ModelUsage(usage.InputTokenCount ?? 0, usage.CachedInputTokenCount ?? 0, usage.OutputTokenCount ?? 0));
    }

    /// <summary>A tool as the SDK wants it declared; calls come back to the agent's own loop.</summary>
    private sealed class Declared(ToolSpec tool) : AIFunctionDeclaration
    {
        private readonly JsonElement _schema = JsonDocument.Parse(tool.Schema).RootElement.Clone();

        public override string Name => tool.Name;

        public override string Description => tool.Description;

        public override JsonElement JsonSchema => _schema;
    }
}
