namespace Godwit.Durable;

/// <summary>
/// In tests: whether a replay asks what the pass before it had asked. A playbook that doesn't uses something that isn't journaled.
/// </summary>
internal sealed class ReplayCheck(DurableRun host)
{
    private IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? _mustAsk;

    /// <summary>Keeps what a pass has asked that is about to be dropped.</summary>
    public void Remember(Execution? dropped) => _mustAsk = host.Options.ReplayAfterEveryEntry ? dropped?.Asked ?? _mustAsk : null;

    /// <summary>
    /// All answers of the journal are given as they are asked for, so the new pass has by now asked what the old one had.
    /// </summary>
    public void Compare(Execution? replayed)
    {
        if (replayed is null || _mustAsk is null)
        {
            return;
        }

        foreach (var (key, input) in _mustAsk)
        {
            if (!replayed.Asked.TryGetValue(key, out var again) || !again.Span.SequenceEqual(input.Span))
            {
                host.Fault(
                    new DurableRuleException(
                        $"'{key}' was asked before a replay and {(again.IsEmpty ? "not" : "with another input")} after it; the " +
                        $"playbook uses something that isn't journaled"));
            }
        }

        _mustAsk = null;
    }
}
