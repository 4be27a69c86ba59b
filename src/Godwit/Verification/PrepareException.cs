namespace Godwit.Verification;

/// <summary>A command that prepares trees did not succeed.</summary>
/// <param name="outcome">How it ended.</param>
/// <param name="message">One line.</param>
/// <param name="log">All that it printed.</param>
internal sealed class PrepareException(TrialOutcome outcome, string message, string log) : Exception(message)
{
    public TrialOutcome Outcome { get; } = outcome;

    public string Log { get; } = log;
}
