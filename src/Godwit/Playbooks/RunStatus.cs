namespace Godwit.Playbooks;

/// <summary>How a run stands.</summary>
public enum RunStatus
{
    /// <summary>It has an owner and something runs.</summary>
    Running,

    /// <summary>It has an owner, and all agents that are at work wait for a person.</summary>
    Waiting,

    /// <summary>It waits for a person.</summary>
    Parked,

    /// <summary>It has no owner; a resume goes on.</summary>
    Stopped,

    /// <summary>It ended with a proven result.</summary>
    Verified,

    /// <summary>It ended with a result that only the candidate's own process reports.</summary>
    NotVerified,

    /// <summary>It ended without an improvement.</summary>
    NoImprovement,

    /// <summary>It ended, and nothing was to be proven.</summary>
    Completed,

    /// <summary>It could not be carried out.</summary>
    Failed,
}
