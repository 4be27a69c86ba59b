using Godwit.Agents;
using Godwit.Playbooks;

namespace Godwit.Server.Centre;

/// <summary>Counts the lines of each entry that tell of agents and commands: an entry and a place among its lines name one.</summary>
internal sealed class EntryParts
{
    private long _entry;
    private int _next;

    /// <summary>The place of what happened next, from 0; -1 for what is no such line.</summary>
    public int Of(RunEvent happened)
    {
        if (happened is not (RunEvent.CommandRan or RunEvent.OfAgent { Event: AgentEvent.Said }))
        {
            return -1;
        }

        _next = happened.Sequence == _entry ? _next : 0;
        _entry = happened.Sequence;
        return _next++;
    }
}
