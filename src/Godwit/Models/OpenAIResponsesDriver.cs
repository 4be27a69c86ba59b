#pragma warning disable OPENAI001 // The SDK marks all of this protocol as new.
using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using OpenAI.Responses;

namespace Godwit.Models;

/// <summary>OpenAI's responses. The whole conversation is sent each time and nothing is kept there.</summary>
/// <param name="http">Its connection; ends in a <see cref="FailureHandler"/>.</param>
/// <param name="address">The base address, such as <c>https://api.openai.com/v1</c>.</param>
/// <param name="key">The key; servers that want none get a placeholder.</param>
internal sealed class OpenAIResponsesDriver(HttpClient http, Uri address, string? key) : IModelDriver
{
    private readonly ResponsesClient _client = new(
        new ApiKeyCredential(key ?? "none"),
        new ResponsesClientOptions
        {
            Endpoint = address,
            Transport = new HttpClientPipelineTransport(http),
            RetryPolicy = new ClientRetryPolicy(0),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
        });

    public async Task<ModelReply> AskAsync(ModelEntry model, ModelRequest request, CancellationToken cancellation)
    {
        var options = new CreateResponseOptions(model.Id, request.Messages.SelectMany(Items))
        {
            Instructions = request.System.Length == 0 ? null : request.System,
            MaxOutputTokenCount = request.MaxOutput,
            StoredOutputEnabled = false,
        };
        foreach (var tool in request.Tools)
        {
            options.Tools.Add(
                ResponseTool.CreateFunctionTool(tool.Name, BinaryData.FromString(tool.Schema), strictModeEnabled: false, tool.Description));
        }

        try
        {
            return Reply(model, (await _client.CreateResponseAsync(options, cancellation)).Value);
        }
        catch (Exception error) when (
            error is JsonException or IOException or ClientResultException or HttpRequestException or InvalidOperationException or ArgumentException)
        {
            throw new ModelException(ModelFailure.Broken, $"{model.Provider} sent an answer that can't be read: {error.Message}");
        }
    }

    private static IEnumerable<ResponseItem> Items(ModelMessage message) => message.Parts.Select(part => (ResponseItem)(part switch
    {
        MessagePart.Text text when message.Speaker == Speaker.Model => ResponseItem.CreateAssistantMessageItem(text.Content, []),
        MessagePart.Text text => ResponseItem.CreateUserMessageItem(text.Content),
        MessagePart.ToolCall call => ResponseItem.CreateFunctionCallItem(call.Id, call.Name, BinaryData.FromString(call.Arguments)),
        MessagePart.ToolResult result => ResponseItem.CreateFunctionCallOutputItem(result.Id, result.Content),
        _ => throw new InvalidOperationException("unknown part of a message"),
    }));

    private static ModelReply Reply(ModelEntry model, ResponseResult result)
    {
        var parts = new List<MessagePart>();
        var refused = false;
        foreach (var item in result.OutputItems)
        {
            switch (item)
            {
                case MessageResponseItem message:
                    refused |= message.Content.Any(content => content.Kind == ResponseContentPartKind.Refusal);
                    parts.AddRange(
                        message.Content.Select(content => content.Text ?? content.Refusal)
                            .Where(text => text is { Length: > 0 })
                            .Select(text => new MessagePart.Text(text)));
                    break;
                case FunctionCallResponseItem call:
                    parts.Add(new MessagePart.ToolCall(call.CallId, call.FunctionName, call.FunctionArguments.ToString()));
                    break;
            }
        }

        var usage = result.Usage
            ?? throw new ModelException(ModelFailure.Broken, $"{model.Provider} sent no token count; a budget can't be kept without one");
        var reason = result.IncompleteStatusDetails?.Reason;
        return new ModelReply(
            model.Name, parts,
            reason == ResponseIncompleteStatusReason.MaxOutputTokens ? StopReason.MaxOutput
                : refused || reason == ResponseIncompleteStatusReason.ContentFilter ? StopReason.Refusal
                : parts.Any(part => part is MessagePart.ToolCall) ? StopReason.ToolUse : StopReason.EndTurn,
            new ModelUsage(usage.InputTokenCount, usage.InputTokenDetails?.CachedTokenCount ?? 0, usage.OutputTokenCount));
    }
}
