using Godwit.Durable.Journal;
using Microsoft.Extensions.Logging;

namespace Godwit.Durable.Hosting;

/// <summary>A run in its application, from its start or resume to its end.</summary>
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
        Host(await DurableRun.CreateAsync(folder, _signer, playbooks, playbook, input, seed, options));
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

            Open();
            log.RunResumed(Id);
        }
        catch (JournalException error)
        {
            Break(error);
        }
    }

    /// <summary>The result, once there is one.</summary>
    public Task<ReadOnlyMemory<byte>> EndAsync(CancellationToken cancellation) => _end.Task.WaitAsync(cancellation);

    /// <summary>Does something to the run while it is hosted; one that was parked is taken up again after it.</summary>
    /// <exception cref="RunEndedException">It isn't hosted.</exception>
    public async Task<T> ActAsync<T>(Func<DurableRun, Task<T>> act)
    {
        await _acting.WaitAsync(CancellationToken.None);
        try
        {
            // Its hosting may be ending on another thread, which leaves nothing to act on.
            var run = Status is RunStatus.Running or RunStatus.Parked ? _run : null;
            var result = await act(run ?? throw new RunEndedException(Id, Status, $"run {Id} is {Status}"));
            if (Status == RunStatus.Parked)
            {
                await CloseAsync();
                Open();
            }

            return result;
        }
        finally
        {
            _acting.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _acting.WaitAsync(CancellationToken.None);
        try
        {
            await _hosting;
            if (Status == RunStatus.Parked)
            {
                await CloseAsync();
                Stopped();
            }
        }
        finally
        {
            _acting.Release();
        }
    }

    private void Open()
    {
        _signer = EcdsaHeadSigner.Of(folder);
        Host(DurableRun.Open(folder, _signer, playbooks, options));
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
            if (end.State == RunState.Parked)
            {
                Parked = ParkedWork.Of(run.Journal.Reader);
                Status = RunStatus.Parked;
                log.RunParked(Id, string.Join("; ", end.ParkedFor));
                return;
            }

            await CloseAsync();
            Ended(end);
        }
        catch (Exception error)
        {
            await CloseAsync();
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

    private async Task CloseAsync()
    {
        if (_run is { } run)
        {
            _run = null;
            await run.DisposeAsync();
            _signer!.Dispose();
        }
    }
}
