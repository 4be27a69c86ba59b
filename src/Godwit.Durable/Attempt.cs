using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>One try of a step's body: who it is, and what it may leave beside its result.</summary>
public sealed class Attempt
{
    private readonly JournalReader _reader;
    private readonly ActiveClock _clock;
    private readonly List<Blob> _blobs = [];
    private readonly PaidCalls _calls;

    internal Attempt(int number, int generation, string idempotencyKey, JournalReader reader, ActiveClock clock, PaidCalls calls)
    {
        _calls = calls;
        Generation = generation;
        Number = number;
        IdempotencyKey = idempotencyKey;
        _reader = reader;
        _clock = clock;
    }

    /// <summary>From 1.</summary>
    public int Number { get; }

    /// <summary>The same for every attempt of this step, in this and in every later generation.</summary>
    public string IdempotencyKey { get; }

    /// <summary>How long the run has been active until now, the time in which it had no owner left out.</summary>
    public TimeSpan ActiveTime => _clock.Elapsed;

    /// <summary>The owner's number, from 1; another one means that the run was resumed in between.</summary>
    public int Generation { get; }

    /// <summary>The run's clock.</summary>
    public TimeProvider Time => _clock.Time;

    /// <summary>The run's folder.</summary>
    public RunFolder Folder => _reader.Folder;

    internal IReadOnlyList<Blob> Blobs => _blobs;

    internal Charge? Charge { get; private set; }

    /// <summary>Keeps a content beside the journal; it is durable together with the step's result.</summary>
    public BlobRef Put(byte[] content)
    {
        var blob = Blob.Of(content);
        _blobs.Add(blob);
        return blob.Reference;
    }

    /// <summary>Reads a content that an earlier step has put.</summary>
    public byte[] Get(BlobRef reference) => _reader.Blob(reference);

    /// <summary>
    /// A paid call that the body itself makes, as often and in whatever order it likes: reserved, stated and journaled as a step
    /// is. When the body runs again after a crash, a call of the same key and input that was answered is answered from the journal.
    /// </summary>
    /// <param name="key">Unique among the calls of this step.</param>
    /// <param name="worstCase">The most that it can cost.</param>
    /// <param name="budget">Holds that back until the result is durable.</param>
    /// <param name="input">What the answer depends on.</param>
    /// <param name="body">Makes the call and settles what it cost.</param>
    /// <param name="cancellation">Ends the wait and the call.</param>
    /// <exception cref="StepFailedException">It failed, now or before the crash, or its budget can't hold it.</exception>
    public Task<TOut> PaidAsync<TIn, TOut>(
        string key, Charge worstCase, IBudget budget, TIn input, Func<Attempt, CancellationToken, Task<TOut>> body,
        CancellationToken cancellation) =>
        _calls.CallAsync(key, Effect.Paid(worstCase, budget), input, body, cancellation);

    /// <summary>States what a paid step really cost; without it the worst case is booked.</summary>
    public void Settle(Charge charge) => Charge = charge;
}

/// <summary>The time in which a run had an owner: what a budget of active time counts.</summary>
internal sealed class ActiveClock(TimeProvider time, TimeSpan before)
{
    private readonly long _start = time.GetTimestamp();

    public TimeProvider Time => time;

    public TimeSpan Elapsed => before + time.GetElapsedTime(_start);
}
