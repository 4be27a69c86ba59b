using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>Which keys of a process wait for signals, and which signals they are taking.</summary>
internal sealed class SignalWaits
{
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly HashSet<long> _taking = [];

    public void Wait(string key, string name) => _names[key] = name;

    /// <summary>A new pass asks for its signals itself.</summary>
    public void Forget() => _names.Clear();

    /// <summary>Gives each key that still waits the oldest signal of its name; no signal is given twice.</summary>
    /// <param name="history">What the journal says.</param>
    /// <param name="answering">Keys whose answer is being appended.</param>
    public IReadOnlyList<(string Key, Entry Signal)> Take(ProcessHistory history, IReadOnlySet<string> answering)
    {
        List<(string, Entry)> taken = [];
        foreach (var (key, name) in _names)
        {
            if (history[key].Answer is null && !answering.Contains(key) && history.NextSignal(name, _taking) is { } signal)
            {
                _taking.Add(signal.Sequence);
                taken.Add((key, signal));
            }
        }

        return taken;
    }
}
