namespace Godwit.Cli;

/// <summary>What the program's exit code says. The numbers are part of the interface: scripts rely on them.</summary>
internal enum ExitCode
{
    /// <summary>Done: for a run, <c>verified</c> or <c>no_improvement</c>.</summary>
    Ok = 0,

    /// <summary>The run could not be carried out; the reason is printed.</summary>
    Failed = 1,

    /// <summary>Wrong arguments, or mistakes in a goal file.</summary>
    Usage = 2,

    /// <summary>The comparison didn't show what was expected, or an attack got through.</summary>
    NotAsExpected = 3,

    /// <summary>The run waits for a person; <c>godwit resolve</c> answers.</summary>
    Parked = 4,

    /// <summary>The run was stopped; <c>godwit resume</c> goes on.</summary>
    Stopped = 5,

    /// <summary>The evidence was changed, or never was evidence.</summary>
    BadEvidence = 6,

    /// <summary>The evidence is whole, and its key isn't trusted here.</summary>
    UnknownKey = 7,

    /// <summary>There is no such run, it has another owner, or its journal isn't what was written.</summary>
    Journal = 8,

    /// <summary>Something that is needed isn't there, such as the sandbox.</summary>
    Unavailable = 69,

    /// <summary>A mistake in Godwit itself.</summary>
    Internal = 70,
}
