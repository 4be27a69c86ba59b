namespace Godwit.Durable;

/// <summary>The timers of all processes of a run behind one timer of the clock.</summary>
internal sealed class TimerQueue : IDisposable
{
    private readonly Lock _gate = new();
    private readonly PriorityQueue<(long Process, string Key), DateTimeOffset> _queue = new();
    private readonly HashSet<(long Process, string Key)> _known = [];
    private readonly TimeProvider _time;
    private readonly Action<long, string> _due;
    private readonly ITimer _timer;

    public TimerQueue(TimeProvider time, Action<long, string> due)
    {
        _time = time;
        _due = due;
        _timer = time.CreateTimer(static queue => ((TimerQueue)queue!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public bool IsEmpty
    {
        get
        {
            lock (_gate)
            {
                return _known.Count == 0;
            }
        }
    }

    public void Set(DateTimeOffset due, long process, string key)
    {
        lock (_gate)
        {
            if (_known.Add((process, key)))
            {
                _queue.Enqueue((process, key), due);
                Arm_NeedsLock();
            }
        }
    }

    /// <summary>Nobody waits for a timer any more; it isn't set again.</summary>
    public void Cancel(long process, string key)
    {
        lock (_gate)
        {
            _known.Remove((process, key));
        }
    }

    /// <summary>A process has ended.</summary>
    public void Cancel(long process)
    {
        lock (_gate)
        {
            _known.RemoveWhere(timer => timer.Process == process);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Fire()
    {
        lock (_gate)
        {
            while (_queue.TryPeek(out var timer, out var at) && at <= _time.GetUtcNow())
            {
                _queue.Dequeue();
                if (_known.Contains(timer))
                {
                    // Told before it is forgotten: there is no moment at which nobody knows of it.
                    _due(timer.Process, timer.Key);
                    _known.Remove(timer);
                }
            }

            Arm_NeedsLock();
        }
    }

    private void Arm_NeedsLock()
    {
        if (_queue.TryPeek(out _, out var next))
        {
            var wait = next - _time.GetUtcNow();

            // A timer of the clock has whole milliseconds; one too early would only fire again.
            _timer.Change(
                wait <= TimeSpan.Zero
                    ? TimeSpan.Zero
                    : TimeSpan.FromMilliseconds(Math.Min(Math.Ceiling(wait.TotalMilliseconds), int.MaxValue)),
                Timeout.InfiniteTimeSpan);
        }
    }
}
