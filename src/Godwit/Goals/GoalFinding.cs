namespace Godwit.Goals;

/// <summary>Something about a goal that only the machine and the repository can tell.</summary>
/// <param name="IsError">It keeps the goal from being run.</param>
/// <param name="Message">One line.</param>
public sealed record GoalFinding(bool IsError, string Message);
