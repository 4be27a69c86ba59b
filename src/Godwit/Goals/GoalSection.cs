namespace Godwit.Goals;

/// <summary>The keys of a goal file that one playbook reads.</summary>
/// <param name="Names">The playbook's name as goal files have it, and other spellings of it.</param>
/// <param name="Keys">The keys, beside those of every goal.</param>
public sealed record GoalSection(IReadOnlyList<string> Names, IReadOnlyList<GoalKey> Keys);
