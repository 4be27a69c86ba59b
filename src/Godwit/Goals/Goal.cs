namespace Godwit.Goals;

/// <summary>What a user wants, as a goal file says; each playbook has its own.</summary>
public abstract record Goal
{
    /// <summary>The goal in the user's words.</summary>
    public required string Title { get; init; }

    /// <summary>A short name for runs and branches, from the goal's folder.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of the goal file, in lower-case hexadecimal.</summary>
    public required string Hash { get; init; }

    /// <summary>Seeds every random stream of the run. Default 0.</summary>
    public ulong Seed { get; init; }
}

/// <summary>A goal file as it was found.</summary>
/// <param name="Content">Its text.</param>
/// <param name="Folder">Its folder from the top of the repository; empty for the top.</param>
/// <param name="Name">A short name for runs and branches.</param>
public sealed record GoalText(string Content, string Folder, string Name);

/// <summary>What every goal file says, read before the rest.</summary>
/// <param name="Title">The goal in the user's words.</param>
/// <param name="Name">A short name for runs and branches.</param>
/// <param name="Folder">The file's folder from the top of the repository; empty for the top.</param>
/// <param name="Hash">SHA-256 of the file, in lower-case hexadecimal.</param>
public sealed record GoalHeader(string Title, string Name, string Folder, string Hash);

/// <summary>
/// Something about a goal that only the machine and the repository can tell.
/// </summary>
/// <param name="IsError">It keeps the goal from being run.</param>
/// <param name="Message">One line.</param>
public sealed record GoalFinding(bool IsError, string Message);
