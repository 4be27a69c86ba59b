namespace Godwit.Models;

/// <summary>Speaks one provider's dialect.</summary>
public interface IModelDriver
{
    /// <summary>Asks a model once.</summary>
    /// <exception cref="ModelException">The call failed.</exception>
    Task<ModelReply> AskAsync(ModelEntry model, ModelRequest request, CancellationToken cancellation);
}
