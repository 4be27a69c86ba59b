using Godwit.Durable;
using Godwit.Durable.Journal;

namespace Godwit.Agents;

/// <summary>The files of an agent as its run's journal has them: each step that touched them names their tree.</summary>
public static class AgentFiles
{
    /// <summary>The tree that an agent started from and its newest; null where the journal has no such agent. Both are in the run's clone.</summary>
    /// <param name="reader">The journal.</param>
    /// <param name="agent">The agent's name.</param>
    public static (string Base, string Tree)? Of(JournalReader reader, string agent)
    {
        (string Base, string Tree)? files = null;
        foreach (var started in reader.After(0, EntryKind.ProcessStarted))
        {
            if (TaskOf(started) is not { } task || task.Name != agent)
            {
                continue;
            }

            // A later segment of its life goes on with the same files.
            var tree = files is { } before && before.Base == task.BaseTree ? before.Tree : task.BaseTree;
            foreach (var entry in reader.OfProcess(started.Process).Where(entry => entry.Kind == EntryKind.StepCompleted))
            {
                tree = EntryInfo.Of<EntryInfo.Step>(entry).Tree ?? tree;
            }

            files = (task.BaseTree, tree);
        }

        return files;
    }

    private static AgentTask? TaskOf(Entry started) => EntryInfo.Of<EntryInfo.Started>(started).Playbook switch
    {
        "agent" or "agent/program" => Canonical.Deserialize<AgentTask>(started.Data.Span),
        "agent/segment" => Canonical.Deserialize<AgentState>(started.Data.Span).Task,
        _ => null,
    };
}
