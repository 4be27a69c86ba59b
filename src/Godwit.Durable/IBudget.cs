namespace Godwit.Durable;

/// <summary>Holds back the worst case of a paid step before it goes out.</summary>
public interface IBudget
{
    /// <summary>Its name in the journal, by which spending is counted again after a crash.</summary>
    string Id { get; }

    /// <summary>Reserves; waits while calls are out whose end could make room.</summary>
    /// <exception cref="BudgetExceededException">It would pass a cap.</exception>
    Task<IReservation> ReserveAsync(Charge worst, CancellationToken cancellation);
}

/// <summary>A worst case that is held back.</summary>
public interface IReservation
{
    /// <summary>Replaces it by what was really spent. Called once.</summary>
    void Settle(Charge spent);
}

/// <summary>A call would pass a cap; it was not made.</summary>
/// <param name="message">Which cap, and by how much.</param>
public sealed class BudgetExceededException(string message) : Exception(message)
{
    /// <summary>The cause in the journaled failure of the step.</summary>
    public const string Cause = "budget";
}

/// <summary>What the journal says of a budget's node.</summary>
/// <param name="Spent">What it has spent itself; calls that were in flight count at their worst case.</param>
/// <param name="Overbilled">The last call that was billed more than was reserved for it; null for none.</param>
public sealed record BudgetHistory(Charge Spent, Overbilling? Overbilled = null);

/// <summary>A provider billed more than its call's cap allows.</summary>
/// <param name="Billed">What it billed.</param>
/// <param name="Reserved">What was reserved.</param>
public sealed record Overbilling(Charge Billed, Charge Reserved);
