using Godwit.Durable;

namespace Godwit.Playbooks.Optimise;

/// <summary>
/// The stages of a run, one after another. A raise of the budget holds from the stage after those that had begun when it was given, so
/// that a replay decides all before it as it was decided.
/// </summary>
/// <param name="context">The root process.</param>
/// <param name="started">What the run was started with.</param>
internal sealed class Stages(IDurableContext context, OptimiseInput started)
{
    private readonly IReadOnlyList<BudgetRaise> _raises = context.Amendments<BudgetRaise>();
    private int _begun;

    /// <summary>The run's input, with the budgets that hold by now.</summary>
    public OptimiseInput Input => BudgetRaise.Apply(started, _raises.Where(raise => raise.After <= _begun));

    /// <summary>Whether a budget was raised after the last stage had begun, and before the next.</summary>
    public bool WasRaised => _raises.Any(raise => raise.After == _begun);

    /// <summary>The looks at single trials of which the run knows by now; they are attempts to prove something, as its own are.</summary>
    public int Looks => _raises.Where(raise => raise.After <= _begun).Select(raise => raise.Looks).DefaultIfEmpty(0).Max();

    /// <summary>How often the budget was raised.</summary>
    public int Raises => _raises.Count;

    /// <summary>Runs a stage; one that failed is run again where the budget was raised after it.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="playbook">What it does.</param>
    /// <param name="input">Makes its input out of the run's.</param>
    public async Task<TOut> RunAsync<TIn, TOut>(string key, Playbook<TIn, TOut> playbook, Func<OptimiseInput, TIn> input)
    {
        for (var again = 1; ; again++)
        {
            var given = Input;
            _begun++;
            var outcome = await context.ChildAsync(again == 1 ? key : $"{key}/again/{again}", playbook, () => input(given));
            if (outcome is Outcome<TOut>.Value || !WasRaised)
            {
                return outcome.Require();
            }
        }
    }
}
