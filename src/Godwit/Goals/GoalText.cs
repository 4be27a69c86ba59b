namespace Godwit.Goals;

/// <summary>A goal file as it was found.</summary>
/// <param name="Content">Its text.</param>
/// <param name="Folder">Its folder from the top of the repository; empty for the top.</param>
/// <param name="Name">A short name for runs and branches.</param>
public sealed record GoalText(string Content, string Folder, string Name);
