namespace Godwit.Playbooks;

/// <summary>How a line wants to be seen.</summary>
public enum Tone
{
    /// <summary>As any other.</summary>
    Plain,

    /// <summary>As something to look at.</summary>
    Strong,

    /// <summary>As a success.</summary>
    Good,

    /// <summary>As a refusal or a failure.</summary>
    Bad,

    /// <summary>As something in the background.</summary>
    Dim,
}

/// <summary>A line of what a person is told: a word at its beginning, and the rest.</summary>
/// <param name="Label">The word, at most eight letters.</param>
/// <param name="Text">The rest.</param>
/// <param name="Tone">How the word is seen.</param>
public sealed record RunLine(string Label, string Text, Tone Tone = Tone.Plain)
{
    /// <summary>The line without any colour.</summary>
    public override string ToString() => $"{Label,-8} {Text}";
}

/// <summary>A part of a run that a person can ask for by name, such as a trial.</summary>
/// <param name="Text">What there is to tell of it.</param>
/// <param name="Json">The same for programs.</param>
public sealed record RunPart(string Text, object Json);

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

/// <summary>Work that an agent has submitted, saying that its checks passed.</summary>
/// <param name="Model">A model that had a part in it.</param>
/// <param name="IsContradicted">Whether verification saw otherwise.</param>
public sealed record Submission(string Model, bool IsContradicted);
