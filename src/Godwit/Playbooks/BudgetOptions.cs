namespace Godwit.Playbooks;

/// <summary>What a person says of a budget beside the goal file.</summary>
/// <param name="Seconds">The active time in all, in seconds; null for the goal's.</param>
/// <param name="Trials">The most candidates in all; null for the goal's.</param>
/// <param name="Dollars">The most money for models in all, in US dollars; null for the goal's.</param>
public sealed record BudgetOptions(double? Seconds, int? Trials, decimal? Dollars)
{
    /// <summary>Whether it says nothing.</summary>
    public bool IsEmpty => this is { Seconds: null, Trials: null, Dollars: null };
}
