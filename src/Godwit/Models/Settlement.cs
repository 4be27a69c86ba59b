using Godwit.Durable;

namespace Godwit.Models;

/// <summary>What a step's call of a model has cost, however it ended.</summary>
internal static class Settlement
{
    /// <summary>
    /// Asks, and settles the step's charge: by the answer, or to nothing where it is known that nothing was billed. A call that broke off
    /// may have been, and is left at its worst case.
    /// </summary>
    /// <param name="attempt">The step's attempt.</param>
    /// <param name="ask">Asks.</param>
    public static async Task<T> SettleAsync<T>(Attempt attempt, Func<Task<T>> ask)
        where T : IModelAnswer
    {
        try
        {
            var answer = await ask();
            attempt.Settle(answer.Charge);
            return answer;
        }
        catch (WaitEndedException)
        {
            attempt.Settle(Charge.None);
            throw;
        }
        catch (ModelException failure) when (failure.Kind != ModelFailure.Broken)
        {
            attempt.Settle(Charge.None);
            throw;
        }
    }
}
