using Godwit.Durable;
using Godwit.Durable.Journal;

namespace Godwit.Playbooks.Optimise;

/// <summary>A larger budget for a run than it was started with: an amendment of its input.</summary>
/// <param name="After">How many stages the run had begun when it was given: what was decided up to there stays as it was decided.</param>
/// <param name="Looks">How many looks at single trials there had been: each has used a part of the level.</param>
/// <param name="Seconds">The active time in all, in seconds; null for no change.</param>
/// <param name="Trials">The most candidates in all; null for no change.</param>
/// <param name="Dollars">The most money for models in all, in US dollars; null for no change.</param>
public sealed record BudgetRaise(int After, int Looks, double? Seconds, int? Trials, decimal? Dollars)
{
    /// <summary>The raise that a person asks for; null for none.</summary>
    internal static BudgetRaise? Of(BudgetOptions? asked) =>
        asked is null or { IsEmpty: true } ? null : new BudgetRaise(0, 0, asked.Seconds, asked.Trials, asked.Dollars);

    /// <summary>An input with the budgets of some raises, given in their order.</summary>
    public static OptimiseInput Apply(OptimiseInput input, IEnumerable<BudgetRaise> raises) =>
        raises.Aggregate(input, (before, raise) => before with
    {
        Goal = before.Goal with
        {
            Seconds = raise.Seconds ?? before.Goal.Seconds,
            Trials = raise.Trials ?? before.Goal.Trials,
            Dollars = raise.Dollars ?? before.Goal.Dollars,
        },
    });

    /// <summary>The raise as it is given, by what the journal holds when nobody else can write it.</summary>
    /// <param name="reader">The journal.</param>
    /// <param name="looks">How many looks at single trials there have been.</param>
    /// <exception cref="ArgumentException">It can't be given; one line that says why.</exception>
    internal BudgetRaise Given(JournalReader reader, int looks)
    {
        var view = OptimiseView.Open(reader);
        return Refusal(view) is { } refusal
            ? throw new ArgumentException(refusal)
            : this with { After = RootProcess.Children(reader), Looks = looks };
    }

    private string? Refusal(OptimiseView view) => view.Ended?.State is "verified" or "not_verified"
        ? $"run {view.Run} has its result already; start a new run for more"
        : Refusal(view.Input.Goal);

    /// <summary>What of it isn't more than a goal has; null where all is.</summary>
    private string? Refusal(OptimiseGoal goal) => this switch
    {
        { Seconds: not null } when goal.Seconds <= 0 => "the run has no limit of time",
        { Seconds: { } seconds } when seconds <= goal.Seconds =>
            $"the run has {Words(goal.Seconds)} already, and its time can only be raised",
        { Trials: { } trials } when trials <= goal.Trials =>
            $"the run has {goal.Trials} trials already, and their number can only be raised",
        { Dollars: not null } when goal.Dollars is null => "the run has no limit of dollars",
        { Dollars: { } dollars } when dollars <= goal.Dollars => $"the run has ${goal.Dollars} already, and its money can only be raised",
        _ => null,
    };

    private static string Words(double seconds) => FormattableString.Invariant($"{seconds:0} s");
}
