using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>A key that the body waits for.</summary>
internal abstract class Pending(string key, bool idle, bool work)
{
    public string Key => key;

    /// <summary>Waits for a signal, a timer, a child or a person: nothing runs for it in this process.</summary>
    public bool Idle { get; set; } = idle;

    /// <summary>A step or a child, which a process can't leave open; the loser of a race between waits may be left.</summary>
    public bool IsWork => work;

    public ReadOnlyMemory<byte> Input { get; init; }

    public abstract void Answer(Entry entry);

    public abstract void Fail(Exception error);
}

/// <inheritdoc/>
internal sealed class Pending<T>(string key, bool idle, bool work, Func<Entry, T> read) : Pending(key, idle, work)
{
    // Answered on the process's own scheduler: the continuation runs inline there, in the order of the answers.
    private readonly TaskCompletionSource<T> _task = new();

    public Task<T> Task => _task.Task;

    public override void Answer(Entry entry)
    {
        try
        {
            _task.TrySetResult(read(entry));
        }
        catch (Exception error) when (error is StepFailedException or JournalVersionException)
        {
            _task.TrySetException(error);
        }
    }

    public override void Fail(Exception error) => _task.TrySetException(error);
}
