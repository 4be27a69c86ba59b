namespace Godwit.Durable;

/// <summary>Owns the tasks that a host starts: knows when none is left and hears of every exception.</summary>
internal sealed class TaskTracker(Action<Exception> onFault)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _drained;
    private int _open;

    public bool IsEmpty => Volatile.Read(ref _open) == 0;

    public void Add(Task task)
    {
        Interlocked.Increment(ref _open);
        if (task.IsCompleted)
        {
            End(task);
        }
        else
        {
            task.ContinueWith(
                static (done, tracker) => ((TaskTracker)tracker!).End(done), this, CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    public Task DrainAsync()
    {
        lock (_gate)
        {
            if (_open == 0)
            {
                return Task.CompletedTask;
            }

            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    private void End(Task task)
    {
        if (task.Exception is { } error)
        {
            onFault(error.InnerException!);
        }

        if (Interlocked.Decrement(ref _open) == 0)
        {
            lock (_gate)
            {
                if (_open == 0)
                {
                    _drained?.TrySetResult();
                }
            }
        }
    }
}
