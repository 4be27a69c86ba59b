using Godwit.Durable.Journal;
using Microsoft.Extensions.Logging;

namespace Godwit.Durable.Hosting;

/// <summary>
/// A run in its application, from its start or resume to its end. While it is parked nothing of it is open: whoever acts on it opens it
/// again, and what was done stands before anything goes on.
/// </summary>
/// <param name="folder">Its folder.</param>
/// <param name="playbooks">All that it may start.</param>
/// <param name="options">How it is hosted.</param>
/// <param name="log">What the application's log is told.</param>
/// <param name="stopping">The application ends.</param>
internal sealed class HostedRun(
    RunFolder folder, PlaybookCatalogue playbooks, DurableOptions options, ILogger log, CancellationToken stopping) : IAsyncDisposable
{
    private readonly SemaphoreSlim _acting = new(1);
    private readonly TaskCompletionSource<ReadOnlyMemory<byte>> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EcdsaHeadSigner? _signer;
    private DurableRun? _run;
    private Task _hosting = Task.CompletedTask;

    public string Id => folder.Id;

    public RunStatus Status { get; private set; } = RunStatus.Stopped;

    public IReadOnlyList<ParkedWork> Parked { get; private set; } = [];

    /// <summary>Starts it in a folder that holds no journal yet.</summary>
    public async Task StartAsync<TIn, TOut>(Playbook<TIn, TOut> playbook, TIn input, ulong seed)
    {
        _signer = EcdsaHeadSigner.Of(folder);
        try
        {
            Host(await DurableRun.CreateAsync(folder, _signer, playbooks, playbook, input, seed, options));
        }
        catch
        {
            _signer.Dispose();
            throw;
        }

        log.RunStarted(Id, playbook.Name);
    }

    /// <summary>Takes it up where it was; an ended one only answers.</summary>
    public void Resume()
    {
        try
        {
            using (var reader = JournalReader.Open(folder))
            {
                if (RootProcess.End(reader) is { } end)
                {
                    Ended(end);
                    return;
                }
            }

            Host(Open());
            log.RunResumed(Id);
        }
        catch (Exception error)
        {
            // Whatever is wrong with this one, the others go on.
            Break(error);
        }
    }

    /// <summary>The result, once there is one.</summary>
    public Task<ReadOnlyMemory<byte>> EndAsync(CancellationToken cancellation) => _end.Task.WaitAsync(cancellation);

    /// <summary>Does something to the run; one that is parked goes on after it.</summary>
    /// <exception cref="RunEndedException">It has ended.</exception>
    public async Task<T> ActAsync<T>(Func<DurableRun, Task<T>> act)
    {
        await _acting.WaitAsync(CancellationToken.None);
        try
        {
            return Status == RunStatus.Parked ? await ActOnParkedAsync(act) : await ActOnRunningAsync(act);
        }
        finally
        {
            _acting.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _hosting;
        await _acting.WaitAsync(CancellationToken.None);
        try
        {
            // Somebody may have acted on it meanwhile.
            await _hosting;
            if (Status == RunStatus.Parked)
            {
                Stopped();
            }
        }
        finally
        {
            _acting.Release();
        }
    }

    private async Task<T> ActOnRunningAsync<T>(Func<DurableRun, Task<T>> act)
    {
        if (_run is not { } run || Status != RunStatus.Running)
        {
            throw new RunEndedException(Id, Status, $"run {Id} is {Status}");
        }

        T result;
        try
        {
            result = await act(run);
        }
        catch (JournalException) when (run.HasEnded)
        {
            await _hosting;
            throw new RunEndedException(Id, Status, $"run {Id} is {Status}");
        }

        if (run.HasEnded)
        {
            await _hosting;
            if (Status == RunStatus.Parked)
            {
                // It parked while this was done, and hasn't seen it.
                Reopen();
            }
        }

        return result;
    }

    private async Task<T> ActOnParkedAsync<T>(Func<DurableRun, Task<T>> act)
    {
        var run = Open();
        try
        {
            var result = await act(run);
            Host(run);
            return result;
        }
        catch (Exception error)
        {
            await CloseAsync(run);
            if (error is not ArgumentException)
            {
                Break(error);
            }

            throw;
        }
    }

    private void Reopen()
    {
        try
        {
            Host(Open());
        }
        catch (Exception error)
        {
            Break(error);
            throw;
        }
    }

    private DurableRun Open()
    {
        _signer = EcdsaHeadSigner.Of(folder);
        try
        {
            return DurableRun.Open(folder, _signer, playbooks, options);
        }
        catch
        {
            _signer.Dispose();
            throw;
        }
    }

    private void Host(DurableRun run)
    {
        _run = run;
        Parked = [];
        Status = RunStatus.Running;
        _hosting = HostAsync(run);
    }

    private async Task HostAsync(DurableRun run)
    {
        try
        {
            var end = await run.RunAsync(stopping);
            var parked = end.State == RunState.Parked ? ParkedWork.Of(run.Journal.Reader) : [];
            await CloseAsync(run);
            if (end.State == RunState.Parked)
            {
                Parked = parked;
                Status = RunStatus.Parked;
                log.RunParked(Id, string.Join("; ", end.ParkedFor));
            }
            else
            {
                Ended(end);
            }
        }
        catch (Exception error)
        {
            await CloseAsync(run);
            Break(error);
        }
    }

    private void Ended(RunEnd end)
    {
        switch (end.State)
        {
            case RunState.Completed:
                Status = RunStatus.Completed;
                _end.TrySetResult(end.Data);
                log.RunCompleted(Id);
                break;
            case RunState.Failed:
                End(RunStatus.Failed, end.Failure!.Message);
                log.RunFailed(Id, end.Failure.Message);
                break;
            case RunState.Cancelled:
                End(RunStatus.Cancelled, Canonical.Deserialize<string>(end.Data.Span));
                log.RunCancelled(Id);
                break;
            default:
                Stopped();
                break;
        }
    }

    private void Stopped()
    {
        End(RunStatus.Stopped, $"the application ended before run {Id}; it is resumed at the next start");
        log.RunStopped(Id);
    }

    private void Break(Exception error)
    {
        End(RunStatus.Broken, error.Message);
        log.RunBroken(error, Id);
    }

    private void End(RunStatus status, string message)
    {
        Status = status;
        _end.TrySetException(new RunEndedException(Id, status, message));

        // Nobody has to ask for the result.
        _ = _end.Task.Exception;
    }

    private async Task CloseAsync(DurableRun run)
    {
        _run = null;
        await run.DisposeAsync();
        _signer!.Dispose();
    }
}
