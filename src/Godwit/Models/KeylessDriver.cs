namespace Godwit.Models;

/// <summary>Takes a provider's key out of what it answers: some proxies repeat a request's headers.</summary>
/// <param name="inner">Asks.</param>
/// <param name="key">The key.</param>
internal sealed class KeylessDriver(IModelDriver inner, string key) : IModelDriver
{
    public async Task<ModelReply> AskAsync(ModelEntry model, ModelRequest request, CancellationToken cancellation)
    {
        var reply = await inner.AskAsync(model, request, cancellation);
        return reply with
        {
            Parts = [.. reply.Parts.Select(part => part switch
            {
                MessagePart.Text text => text with { Content = Without(text.Content) },
                MessagePart.ToolCall call => call with { Arguments = Without(call.Arguments) },
                _ => part,
            })],
        };
    }

    private string Without(string text) => text.Replace(key, FailureHandler.InPlaceOfKey, StringComparison.Ordinal);
}
