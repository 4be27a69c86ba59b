using System.Text;

namespace Godwit.Models;

/// <summary>
/// An upper bound of a request's input tokens. A byte-level tokenizer never makes more tokens of a text than it has bytes;
/// what the provider has already counted in this conversation is taken as counted.
/// </summary>
internal static class TokenBound
{
    // What chat templates put around a message, a part and a tool; generous against those that are published.
    private const int AroundMessage = 16;
    private const int AroundTool = 64;
    private const int AroundRequest = 600;

    public static long Of(ModelRequest request, string model)
    {
        var known = request.KnownTokens > 0 && request.KnownModel == model;
        var fresh = request.Messages.Skip(known ? request.KnownMessages : 0).Sum(Bytes);
        return known ? request.KnownTokens + fresh : AroundRequest + Count(request.System) + request.Tools.Sum(Bytes) + fresh;
    }

    private static long Bytes(ToolSpec tool) => AroundTool + Count(tool.Name) + Count(tool.Description) + Count(tool.Schema);

    private static long Bytes(ModelMessage message) => AroundMessage + message.Parts.Sum(part => AroundMessage + part switch
    {
        MessagePart.Text text => Count(text.Content),
        MessagePart.ToolCall call => Count(call.Id) + Count(call.Name) + Count(call.Arguments),
        MessagePart.ToolResult result => Count(result.Id) + Count(result.Content),
        _ => throw new InvalidOperationException("unknown part of a message"),
    });

    private static long Count(string text) => Encoding.UTF8.GetByteCount(text);
}
