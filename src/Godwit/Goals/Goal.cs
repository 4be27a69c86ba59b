namespace Godwit.Goals;

/// <summary>What a user wants, as a goal file says; each playbook has its own. What all have is filled in by the reader.</summary>
public abstract record Goal
{
    /// <summary>The goal in the user's words.</summary>
    public string Title { get; init; } = "";

    /// <summary>A short name for runs and branches, from the goal's folder.</summary>
    public string Name { get; init; } = "";

    /// <summary>SHA-256 of the goal file, in lower-case hexadecimal.</summary>
    public string Hash { get; init; } = "";

    /// <summary>
    /// The only providers that models of this goal may be asked at, by name; <c>local</c> is any on this machine. Empty for all.
    /// </summary>
    public IReadOnlyList<string> Providers { get; init; } = [];

    /// <summary>Seeds every random stream of the run. Default 0.</summary>
    public ulong Seed { get; init; }
}
