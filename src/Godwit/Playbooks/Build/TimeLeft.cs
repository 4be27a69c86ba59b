using Godwit.Durable;

namespace Godwit.Playbooks.Build;

/// <summary>What is left of a run's active time.</summary>
internal static class TimeLeft
{
    /// <summary>The seconds that are left; infinite where there is no limit.</summary>
    /// <param name="context">The process.</param>
    /// <param name="key">The step's key; nothing is journaled where there is no limit.</param>
    /// <param name="most">The limit, in seconds; 0 or infinite for none.</param>
    public static async Task<double> AskAsync(IDurableContext context, string key, double most) => most is 0 or double.PositiveInfinity
        ? double.PositiveInfinity
        : most - await context.StepAsync(key, Effect.Repeatable, key, (_, attempt, _) => Task.FromResult(attempt.ActiveTime.TotalSeconds));
}
