using Godwit.Durable;
using Godwit.Models;

namespace Godwit.Agents;

/// <summary>A model's answer as a step's result.</summary>
/// <param name="Reply">The answer.</param>
/// <param name="Charge">What it cost.</param>
/// <param name="ActiveSeconds">The run's active time when it had come.</param>
public sealed record ModelStepResult(ModelReply Reply, Charge Charge, double ActiveSeconds = 0)
{
    /// <summary>What people said to the agent, which was told with the question.</summary>
    public IReadOnlyList<string> Said { get; init; } = [];

    /// <summary>How many of people's orders the agent has heard of.</summary>
    public int Heard { get; init; }

    /// <summary>How long a person had paused it before it asked, in seconds.</summary>
    public double HeldSeconds { get; init; }
}

/// <summary>The body of a model step.</summary>
internal static class AgentModel
{
    /// <summary>It may have been billed: the worst case is booked.</summary>
    public const string Broken = "model-broken";

    /// <summary>The conversation is too long; nothing was billed.</summary>
    public const string Overflow = "model-overflow";

    /// <summary>The agent's time was over.</summary>
    public const string OutOfTime = "timeout";

    /// <summary>A person has ended the agent; nothing was asked.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>A person has said more before the question went out; nothing was asked.</summary>
    public const string ToldMore = "told-more";

    private const string Refused = "model";

    public static async Task<ModelStepResult> AskAsync(
        ModelPipeline models, ModelRequest request, Attempt attempt, CancellationToken cancellation)
    {
        try
        {
            var answer = await Settlement.SettleAsync(attempt, () => models.AskAsync(request, cancellation));
            return new ModelStepResult(answer.Reply, answer.Charge, attempt.ActiveTime.TotalSeconds);
        }
        catch (ModelException failure)
        {
            throw new StepFaultException(
                failure.Kind switch { ModelFailure.Broken => Broken, ModelFailure.ContextOverflow => Overflow, _ => Refused },
                failure.Message);
        }
    }
}
