namespace Godwit.Models;

/// <summary>How many calls of one provider may be out at once: halved by each 429, grown back slowly; none while it is down.</summary>
/// <param name="time">The clock.</param>
internal sealed class RateGovernor(TimeProvider time)
{
    private const int Most = 128;
    private const int DownAfter = 3;
    private const double LongestClosed = 30;
    private static readonly TimeSpan GrowEvery = TimeSpan.FromSeconds(5);
    private readonly Lock _gate = new();
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private int _limit = Most;
    private int _out;
    private int _failures;
    private long _changed = time.GetTimestamp();
    private DateTimeOffset _closedUntil;

    /// <summary>The time until which the provider asked not to be called, or has shown to be down.</summary>
    public DateTimeOffset ClosedUntil
    {
        get
        {
            lock (_gate)
            {
                return _closedUntil;
            }
        }
    }

    public async Task EnterAsync(CancellationToken cancellation)
    {
        TaskCompletionSource? turn = null;
        lock (_gate)
        {
            if (_out < _limit)
            {
                _out++;
            }
            else
            {
                _waiting.Enqueue(turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            }
        }

        if (turn is null)
        {
            return;
        }

        await using var registration = cancellation.Register(() => turn.TrySetCanceled(cancellation));
        await turn.Task;
    }

    public void Leave(ModelException? failure)
    {
        lock (_gate)
        {
            _out--;
            _failures = failure?.Kind is ModelFailure.Unavailable or ModelFailure.Broken ? _failures : 0;
            switch (failure?.Kind)
            {
                case ModelFailure.RateLimited:
                    _limit = Math.Max(1, Math.Min(_limit, _out + 1) / 2);
                    _changed = time.GetTimestamp();
                    Close_NeedsLock(failure.RetryAfter ?? TimeSpan.Zero);
                    break;
                case ModelFailure.Unavailable:
                    // A failure now and then is one call's trouble; several in a row are the provider's, and others are asked meanwhile.
                    _failures++;
                    Close_NeedsLock(
                        failure.RetryAfter
                            ?? (
                                _failures < DownAfter
                                    ? TimeSpan.Zero
                                    : TimeSpan.FromSeconds(Math.Min(LongestClosed, Math.Pow(2, _failures - DownAfter)))));
                    break;
                case ModelFailure.Broken:
                    // It may have been billed, so the next try had better be another provider's.
                    _failures++;
                    Close_NeedsLock(TimeSpan.FromSeconds(Math.Min(LongestClosed, Math.Pow(2, _failures))));
                    break;
                case null when _limit < Most && time.GetElapsedTime(_changed) >= GrowEvery:
                    _limit++;
                    _changed = time.GetTimestamp();
                    break;
            }

            while (_out < _limit && _waiting.TryDequeue(out var next))
            {
                _out += next.TrySetResult() ? 1 : 0;
            }
        }
    }

    private void Close_NeedsLock(TimeSpan wait)
    {
        var until = time.GetUtcNow() + wait;
        _closedUntil = until > _closedUntil ? until : _closedUntil;
    }
}
