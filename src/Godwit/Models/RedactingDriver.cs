namespace Godwit.Models;

/// <summary>A driver of whose answers the provider's key is taken out.</summary>
/// <param name="inner">Asks.</param>
/// <param name="redaction">Of the key.</param>
internal sealed class RedactingDriver(IModelDriver inner, KeyRedaction redaction) : IModelDriver
{
    public async Task<ModelReply> AskAsync(ModelEntry model, ModelRequest request, CancellationToken cancellation)
    {
        var reply = await inner.AskAsync(model, request, cancellation);
        return reply with
        {
            Parts = [.. reply.Parts.Select(part => part switch
            {
                MessagePart.Text text => text with { Content = redaction.Of(text.Content) },
                MessagePart.ToolCall call => call with { Arguments = redaction.Of(call.Arguments) },
                _ => part,
            })],
        };
    }
}
