using Godwit.Goals;

namespace Godwit.Playbooks;

/// <summary>What a run of a playbook of one's own starts from.</summary>
/// <typeparam name="TGoal">The playbook's goals.</typeparam>
/// <param name="Goal">The goal.</param>
/// <param name="Commit">The commit that the run is about: the last one of the user's repository when it was started.</param>
/// <param name="Sandbox">How commands are kept apart: <c>bubblewrap</c> with its version, or <c>none</c>.</param>
public sealed record GoalInput<TGoal>(TGoal Goal, string Commit, string Sandbox)
    where TGoal : Goal;
