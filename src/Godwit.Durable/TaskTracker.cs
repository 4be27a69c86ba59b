namespace Godwit.Durable;

/// <summary>
/// Knows of all work that a host has started, the tasks as well as what processes have queued for themselves, so that nothing runs any
/// more when it says that there is none.
/// </summary>
/// <param name="onFault">Hears of every exception of a task.</param>
/// <param name="onEmpty">Called when there is no work left.</param>
internal sealed class TaskTracker(Action<Exception> onFault, Action onEmpty)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _drained;
    private int _open;

    public bool IsEmpty => Volatile.Read(ref _open) == 0;

    /// <summary>Something began that isn't a task; <see cref="Leave"/> ends it.</summary>
    public void Enter() => Interlocked.Increment(ref _open);

    /// <summary>Something that was entered has ended.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref _open) != 0)
        {
            return;
        }

        lock (_gate)
        {
            if (_open == 0)
            {
                _drained?.TrySetResult();
            }
        }

        onEmpty();
    }

    public void Add(Task task)
    {
        Enter();
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

        Leave();
    }
}
