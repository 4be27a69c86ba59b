using Godwit.Models;

namespace Godwit.Agents;

/// <summary>
/// What an agent hands over that isn't files: it fills in a form, which is checked before it is taken. What is wrong is answered, and
/// the agent goes on.
/// </summary>
public abstract class SubmissionForm
{
    /// <summary>Its name, by which tasks ask for it.</summary>
    public abstract string Name { get; }

    /// <summary>The tool <c>submit</c> as a model sees it.</summary>
    public abstract ToolSpec Spec { get; }

    /// <summary>What was handed over, in words for the run's log.</summary>
    public virtual string InWords(string json) => json;

    /// <summary>All that is wrong with what an agent has filled in; empty where it is taken.</summary>
    /// <param name="task">The agent's task.</param>
    /// <param name="json">A JSON object, as the model wrote it.</param>
    /// <param name="opened">The files that the agent has opened by name.</param>
    public abstract IReadOnlyList<string> ProblemsOf(AgentTask task, string json, IReadOnlyList<string> opened);
}
