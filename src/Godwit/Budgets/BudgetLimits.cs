namespace Godwit.Budgets;

/// <summary>The caps of a node of the budget tree; null for none.</summary>
public sealed record BudgetLimits
{
    /// <summary>Money in US dollars.</summary>
    public decimal? Dollars { get; init; }

    /// <summary>Model tokens, in and out.</summary>
    public long? Tokens { get; init; }
}
