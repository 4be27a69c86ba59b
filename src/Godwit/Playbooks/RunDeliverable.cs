namespace Godwit.Playbooks;

/// <summary>What a run hands over.</summary>
/// <param name="Source">The folder that the user started from.</param>
/// <param name="BaseCommit">The commit that the result differs from.</param>
/// <param name="Commit">The result, in the run's clone.</param>
/// <param name="Branch">The branch that it is, or becomes when it is taken.</param>
/// <param name="IsPublished">Whether the branch is in the user's repository; a result that isn't verified is taken only on request.</param>
/// <param name="Reason">One line on what is claimed of it.</param>
public sealed record RunDeliverable(string Source, string BaseCommit, string Commit, string Branch, bool IsPublished, string Reason)
{
    /// <summary>
    /// Whether the user's side is a git repository, which the branch goes into; a plain folder is changed by <c>apply</c> only.
    /// </summary>
    public bool IntoGit => Path.Exists(Path.Combine(Source, ".git"));
}
