namespace Godwit.Durable;

/// <summary>
/// Runs the continuations of one process one after another on the thread pool, and says when none is left. Awaits in a
/// process's body come back here, so a body never runs on two threads at once.
/// </summary>
/// <param name="onIdle">Called when none is left, before that is final: it may post more.</param>
/// <param name="tracker">Knows of it while there are any.</param>
internal sealed class SerialScheduler(Action onIdle, TaskTracker tracker) : SynchronizationContext, IThreadPoolWorkItem
{
    private readonly Lock _gate = new();
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _queue = new();
    private bool _scheduled;

    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_gate)
        {
            _queue.Enqueue((d, state));
            if (_scheduled)
            {
                return;
            }

            _scheduled = true;
            tracker.Enter();
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }

    public void Post(Action action) => Post(static state => ((Action)state!)(), action);

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("a durable process is never entered synchronously");

    public override SynchronizationContext CreateCopy() => this;

    public void Execute()
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            while (TryTake(out var work))
            {
                work.Callback(work.State);
            }
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    private bool TryTake(out (SendOrPostCallback Callback, object? State) work)
    {
        while (true)
        {
            lock (_gate)
            {
                if (_queue.TryDequeue(out work))
                {
                    return true;
                }
            }

            // Still ours: what the idle callback posts is taken up below.
            onIdle();
            lock (_gate)
            {
                if (_queue.Count > 0)
                {
                    continue;
                }

                _scheduled = false;
            }

            tracker.Leave();
            return false;
        }
    }
}
