namespace Godwit.Server.Centre;

/// <summary>When agents were at work.</summary>
/// <param name="From">When the run began.</param>
/// <param name="To">When the last thing happened.</param>
/// <param name="Lanes">A lane an agent, the first started first.</param>
/// <param name="Idle">Times in which nothing happened at all, which a picture may fold.</param>
public sealed record RunTimeline(
    DateTimeOffset From, DateTimeOffset To, IReadOnlyList<Lane> Lanes, IReadOnlyList<Span> Idle)
{
    private const double LeastIdleSeconds = 60;
    private const double Together = 15;

    /// <summary>Puts together what rows tell of when somebody worked.</summary>
    /// <param name="agents">The agents.</param>
    /// <param name="rows">All rows, in order.</param>
    internal static RunTimeline Of(IReadOnlyList<AgentRow> agents, IReadOnlyList<Row> rows)
    {
        if (rows.Count == 0)
        {
            return new RunTimeline(default, default, [], []);
        }

        // A call takes its time before its answer is journaled: what happens within so long counts as one piece of work.
        var (from, to) = (rows[0].At, rows[^1].At);
        var together = TimeSpan.FromSeconds(Math.Max(Together, (to - from).TotalSeconds / 200));
        var worked = new Dictionary<string, List<Span>>(StringComparer.Ordinal);
        var idle = new List<Span>();
        var last = from;
        foreach (var row in rows)
        {
            if ((row.At - last).TotalSeconds > Math.Max(LeastIdleSeconds, 4 * together.TotalSeconds))
            {
                idle.Add(new Span(last, row.At));
            }

            last = row.At > last ? row.At : last;
            if (row.Agent is not { } agent)
            {
                continue;
            }

            var spans = worked.TryGetValue(agent, out var known) ? known : worked[agent] = [];
            if (spans.Count > 0 && row.At - spans[^1].To <= together)
            {
                spans[^1] = spans[^1] with { To = row.At };
            }
            else
            {
                spans.Add(new Span(row.At, row.At));
            }
        }

        return new RunTimeline(from, to, [.. agents.Select(agent => new Lane(agent.Name, agent.State, worked.GetValueOrDefault(agent.Name, [])))], idle);
    }
}

/// <summary>An agent's work.</summary>
/// <param name="Agent">The agent.</param>
/// <param name="State">How it stands.</param>
/// <param name="Worked">When it was at work.</param>
public sealed record Lane(string Agent, string State, IReadOnlyList<Span> Worked);

/// <summary>A time.</summary>
/// <param name="From">Its beginning.</param>
/// <param name="To">Its end.</param>
public sealed record Span(DateTimeOffset From, DateTimeOffset To);
