namespace Godwit.Agents;

/// <summary>An action that waits for a person.</summary>
/// <param name="Process">The process that waits.</param>
/// <param name="Asked">The action.</param>
/// <param name="At">Since when.</param>
public sealed record OpenApproval(long Process, ApprovalAsked Asked, DateTimeOffset At);
