using Godwit.Durable;

namespace Godwit.Agents;

/// <summary>What was spent on one thing.</summary>
/// <param name="Budget">The budget's node: the agent.</param>
/// <param name="Role">The role that asked; empty where it isn't known.</param>
/// <param name="Model">The model; empty for a call that has no answer, or where answers weren't read.</param>
/// <param name="InFlight">It was in flight when its owner died, and is booked at its worst case: the price of a resume.</param>
/// <param name="Charge">The cost.</param>
/// <param name="Estimated">The provider counted nothing, and the tokens are Godwit's own count.</param>
public sealed record CostLine(string Budget, string Role, string Model, bool InFlight, Charge Charge, bool Estimated = false);
