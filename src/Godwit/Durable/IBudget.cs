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
