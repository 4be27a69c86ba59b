namespace Godwit.Durable.Journal;

/// <summary>A unit that waits for its commit.</summary>
internal sealed class PendingUnit(AppendUnit unit) : TaskCompletionSource<Receipt>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public AppendUnit Unit { get; } = unit;

    public Receipt Receipt { get; set; }

    public Exception? Refusal { get; set; }

    public void Answer(Exception? stopped)
    {
        if (stopped is not null)
        {
            TrySetException(stopped);
        }
        else if (Refusal is not null)
        {
            TrySetException(Refusal);
        }
        else
        {
            TrySetResult(Receipt);
        }
    }
}
