using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>
/// What a durable process has of the world. Keys are ordinal, at most 200 characters, share one namespace in a process,
/// and are asked once in an execution. An answer that is in the journal is given without running anything again.
/// </summary>
public interface IDurableContext
{
    /// <summary>Runs a step, or answers from the journal.</summary>
    /// <param name="key">The step's name.</param>
    /// <param name="effect">What it does to the world.</param>
    /// <param name="input">All that the result depends on; the body gets it back as its argument.</param>
    /// <param name="body">The work. It runs off the process's scheduler and may run beside other steps.</param>
    /// <param name="options">How it is tried.</param>
    /// <returns>A copy of the journaled result.</returns>
    /// <exception cref="StepFailedException">The step ended with a failure.</exception>
    /// <exception cref="ProcessCancelledException">The process was cancelled and the journal has no answer.</exception>
    Task<TOut> StepAsync<TIn, TOut>(
        string key, Effect effect, TIn input, Func<TIn, Attempt, CancellationToken, Task<TOut>> body, StepOptions? options = null);

    /// <summary>Starts a child process, or takes up the one that was started under this key, and waits for its end.</summary>
    Task<Outcome<TOut>> ChildAsync<TIn, TOut>(string key, Playbook<TIn, TOut> playbook, TIn input);

    /// <summary>
    /// The same for a child whose input the code makes up, such as a prompt: it keeps the input that it was started with, whatever a
    /// later version of the code would make of it.
    /// </summary>
    /// <param name="key">The child's key.</param>
    /// <param name="playbook">What it runs.</param>
    /// <param name="input">Makes the input; not called where the child has been started.</param>
    Task<Outcome<TOut>> ChildAsync<TIn, TOut>(string key, Playbook<TIn, TOut> playbook, Func<TIn> input);

    /// <summary>
    /// What was added to the process's input from outside, the oldest first; see <see cref="DurableRun.OpenAmended"/>. What was
    /// decided before an
    /// amendment must be decided alike after it, so an amendment says from when on it holds.
    /// </summary>
    IReadOnlyList<T> Amendments<T>();

    /// <summary>Waits for a signal and takes it; signals that came before are buffered.</summary>
    /// <returns>The payload, or null when the timeout passed.</returns>
    Task<T?> SignalAsync<T>(string key, string name, TimeSpan? timeout = null)
        where T : class;

    /// <summary>The index of the task that ended first; the decision is journaled.</summary>
    Task<int> FirstAsync(string key, params ReadOnlySpan<Task> any);

    /// <summary>Waits; the absolute due time is journaled, so a resume waits only for the rest.</summary>
    Task DelayAsync(string key, TimeSpan delay);

    /// <summary>The time at which this was first asked.</summary>
    Task<DateTimeOffset> NowAsync(string key);

    /// <summary>A stream of random numbers that is the same on every replay.</summary>
    Random Random(string key);

    /// <summary>Journals something worth telling a person, once.</summary>
    /// <param name="key">The note's key.</param>
    /// <param name="note">What there is to tell.</param>
    /// <param name="topic">What it is about, in a word for those who read the journal (<see cref="Entry.Topic"/>); null for nothing.</param>
    Task NoteAsync<T>(string key, T note, string? topic = null);
}
