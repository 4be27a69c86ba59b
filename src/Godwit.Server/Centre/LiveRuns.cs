using System.Collections.Concurrent;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Runs;
using Godwit.Verification;

namespace Godwit.Server.Centre;

/// <summary>
/// The runs that somebody looks at, and all others in a row each. One loop reads what is new; whoever looks waits for its next turn, and is
/// a cursor over the journal: nothing is kept for a client.
/// </summary>
internal sealed class LiveRuns : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LookAtAll = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WhileMeasuring = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, (Lazy<LiveRun> Run, long Seen)> _runs = new(StringComparer.Ordinal);
    private readonly RunKinds _kinds;
    private readonly RunStore _store;
    private readonly RunCatalog _catalog;
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _opening = new();
    private TaskCompletionSource _turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _reading = Task.CompletedTask;
    private long _lookedAt;
    private byte[] _fleetJson = [];
    private byte[] _fleetEvent = [];
    private Fleet _fleet = new([], [], false);
    private readonly HashSet<string> _going = new(StringComparer.Ordinal);
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private readonly bool _isRecording;
    private bool _hasRead;

    /// <summary>Reads nothing yet.</summary>
    /// <param name="kinds">The kinds of runs there are.</param>
    /// <param name="store">Where runs are.</param>
    /// <param name="isRecording">Whether they are recordings.</param>
    public LiveRuns(RunKinds kinds, RunStore store, bool isRecording = false) =>
        (_kinds, _store, _catalog, _isRecording) = (kinds, store, new RunCatalog(kinds, store, RowOf), isRecording);

    /// <summary>Something has begun to wait for a person; what waited already when reading began is not told.</summary>
    public event Action<Ask>? Asked;

    /// <summary>A run that was seen to go on has come to its end.</summary>
    public event Action<RunRow>? Ended;

    /// <summary>All runs, as they were at the last turn.</summary>
    public Fleet Fleet => _fleet;

    /// <summary>All runs as they are sent.</summary>
    public ReadOnlyMemory<byte> FleetEvent => _fleetEvent;

    /// <summary>Reads once, and goes on reading until disposed.</summary>
    public void Start()
    {
        Turn(withFleet: true);
        _reading = ReadAsync();
    }

    /// <summary>A run of an id.</summary>
    /// <exception cref="JournalException">There is none, or it can't be read.</exception>
    public LiveRun Get(string id)
    {
        Lazy<LiveRun> run;
        lock (_opening)
        {
            run = _runs.TryGetValue(id, out var known) ? known.Run : new Lazy<LiveRun>(() => new LiveRun(_kinds, Find(id)));
            _runs[id] = (run, Environment.TickCount64);
        }

        try
        {
            // A large run takes seconds to open; others don't wait for it.
            return run.Value;
        }
        catch
        {
            _runs.TryRemove(id, out _);
            throw;
        }
    }

    /// <summary>The folder of a run of an id, whole: no path, and nothing that an id only begins with.</summary>
    /// <exception cref="JournalMissingException">There is none.</exception>
    public RunFolder Find(string id) =>
        _store.All().Concat(_store.Gateways()).Concat(_store.Archived()).FirstOrDefault(folder => folder.Id == id)
            ?? throw new JournalMissingException($"there is no run '{id}'");

    /// <summary>Lets go of a run, for who puts its folder elsewhere.</summary>
    public void Release(string id) => LetGo(id);

    /// <summary>Ends when the next turn was read.</summary>
    public Task NextAsync(CancellationToken cancellation) => Volatile.Read(ref _turn).Task.WaitAsync(cancellation);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _reading;
        foreach (var (run, _) in _runs.Values.Where(one => one.Run.IsValueCreated))
        {
            run.Value.Dispose();
        }

        _closing.Dispose();
    }

    private async Task ReadAsync()
    {
        var last = Environment.TickCount64;
        for (var turn = 1; !_closing.IsCancellationRequested; turn++)
        {
            await Task.Delay(Every, TimeProvider.System, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

            // Whoever only watches doesn't disturb a measurement, but for a look now and then.
            if (_closing.IsCancellationRequested || (MeasuringLock.IsHeld && Environment.TickCount64 - last < WhileMeasuring.TotalMilliseconds))
            {
                continue;
            }

            Turn(withFleet: turn % 5 == 0 || Environment.TickCount64 - last >= WhileMeasuring.TotalMilliseconds);
            last = Environment.TickCount64;
        }
    }

    private void Turn(bool withFleet)
    {
        try
        {
            foreach (var id in _runs.Keys)
            {
                Follow(id);
            }

            if (withFleet)
            {
                ReadFleet();
            }
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // A folder that was deleted, or is being made; the next turn sees what there is.
        }
        finally
        {
            Interlocked.Exchange(ref _turn, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    }

    /// <summary>Reads what is new of a run, or lets go of one at which nobody has looked for a while. One that can't be read disturbs no other.</summary>
    private void Follow(string id)
    {
        try
        {
            lock (_opening)
            {
                if (_runs.TryGetValue(id, out var old) && Environment.TickCount64 - old.Seen > Kept.TotalMilliseconds)
                {
                    LetGo(id);
                    return;
                }
            }

            if (_runs.TryGetValue(id, out var known) && known.Run.IsValueCreated)
            {
                known.Run.Value.Refresh();
            }
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // Its next reader is told why.
            LetGo(id);
        }
    }

    private void LetGo(string id)
    {
        if (_runs.TryRemove(id, out var run) && run.Run.IsValueCreated)
        {
            run.Run.Value.Dispose();
        }
    }

    private void ReadFleet()
    {
        var looksAtAll = Environment.TickCount64 - _lookedAt >= LookAtAll.TotalMilliseconds;
        _lookedAt = looksAtAll ? Environment.TickCount64 : _lookedAt;
        var rows = _catalog.Rows(looksAtAll);
        var asks = rows.Where(row => row.Asks > 0).SelectMany(row => AsksOf(row.Run)).OrderBy(ask => ask.Since).ThenBy(ask => ask.Hash);
        _fleet = new Fleet(rows, [.. asks], _isRecording);
        foreach (var ask in _fleet.Asks)
        {
            if (_told.Add(ask.Hash) && _hasRead)
            {
                Asked?.Invoke(ask);
            }
        }

        // What waits again, later, is told again.
        _told.IntersectWith(_fleet.Asks.Select(ask => ask.Hash));

        foreach (var row in rows)
        {
            var isOver = row.State is not (RunStatus.Running or RunStatus.Waiting or RunStatus.Parked or RunStatus.Stopped);
            if (isOver && _going.Remove(row.Run))
            {
                Ended?.Invoke(row);
            }
            else if (!isOver)
            {
                _going.Add(row.Run);
            }
        }

        _hasRead = true;
        var json = CentreJson.Bytes(_fleet);
        if (!json.AsSpan().SequenceEqual(_fleetJson))
        {
            (_fleetJson, _fleetEvent) = (json, EventStream.EventOf("fleet", null, json));
        }
    }

    /// <summary>The row of a run that goes on: it is followed, and not read anew each time.</summary>
    private RunRow? RowOf(RunFolder folder)
    {
        try
        {
            var run = Get(folder.Id);
            run.Refresh();
            return run.Read((view, _) => RunCatalog.RowOf(view));
        }
        catch (Exception unreadable) when (unreadable is JournalException or IOException or System.Text.Json.JsonException or ObjectDisposedException)
        {
            return null;
        }
    }

    private IReadOnlyList<Ask> AsksOf(string id)
    {
        try
        {
            var run = Get(id);
            run.Refresh();
            return run.AsksNow();
        }
        catch (Exception unreadable) when (unreadable is JournalException or IOException or System.Text.Json.JsonException or ObjectDisposedException)
        {
            return [];
        }
    }
}
