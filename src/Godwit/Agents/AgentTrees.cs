using System.Collections.Concurrent;
using Godwit.Workspaces;

namespace Godwit.Agents;

/// <summary>The trees of a run's agents: one folder for an agent's whole life, however many segments it has.</summary>
/// <param name="make">Makes an agent's tree, as it is before the agent has begun.</param>
public sealed class AgentTrees(Func<AgentTask, AgentTree> make)
{
    private readonly ConcurrentDictionary<string, AgentTree> _trees = new(StringComparer.Ordinal);

    /// <summary>An agent's tree, for work that starts from what its files are by then.</summary>
    /// <param name="task">The agent's task.</param>
    /// <param name="from">The tree that the work starts from.</param>
    public AgentTree Of(AgentTask task, string from) => _trees.GetOrAdd(task.Name, _ => make(task)).From(from);

    /// <summary>The agent has ended: nothing that is known of its folder is kept.</summary>
    public void Forget(AgentTask task)
    {
        if (_trees.TryRemove(task.Name, out var tree))
        {
            tree.Forget();
        }
    }
}
