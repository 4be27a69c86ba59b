using System.Text;
using Matching.Contract;

namespace Matching.Engine;

/// <summary>
/// A line for every command, for the supervisor. Only the last ones are kept here; the rest is in the log server.
/// </summary>
public class AuditTrail
{
    private readonly List<string> _lines = new List<string>();
    private long _number;

    public void Add(Command command, IReadOnlyList<EngineEvent> events)
    {
        _number++;
        _lines.Add(Format(command, events));
        if (_lines.Count > Limits.AuditLines)
        {
            _lines.RemoveAt(0);
        }
    }

    /// <summary>
    /// The last lines, the oldest first.
    /// </summary>
    public IReadOnlyList<string> Last(int count)
    {
        return _lines.Skip(Math.Max(0, _lines.Count - count)).ToList().AsReadOnly();
    }

    private string Format(Command command, IReadOnlyList<EngineEvent> events)
    {
        var line = new StringBuilder();
        line.AppendFormat("{0} {1} {2} {3} {4}: ", _number, command.Kind, command.Symbol, command.OrderId, command.Member);
        line.Append(events.First().Kind);
        if (events.First().Kind == EventKind.Rejected)
        {
            line.AppendFormat(" {0}", events.First().Reason);
        }

        line.AppendFormat(" ({0})", events.Count);
        return line.ToString();
    }
}
