using System.Diagnostics;
using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>Hosts one run: the owner of its journal and of the processes in it.</summary>
public sealed class DurableRun : IAsyncDisposable
{
    /// <summary>Stands where notes of the host have no process.</summary>
    internal const long Host = 0;

    /// <summary>The process that a run is started with.</summary>
    public const long Root = 1;

    private readonly CellTable _cells;
    private readonly PlaybookCatalogue _playbooks;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource<RunEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimerQueue _timers;
    private readonly ITimer _tick;
    private long _lastCheckpoint;
    private long _lastProcess;
    private readonly Lock _hearing = new();
    private readonly List<Entry> _rootSignals;
    private readonly List<(string Name, Action<ReadOnlyMemory<byte>> Hear)> _listeners = [];
    private Draft? _rootEnd;

    private DurableRun(RunJournal journal, PlaybookCatalogue playbooks, DurableOptions options, RunIndex index)
    {
        Stopping = _stopping.Token;
        Journal = journal;
        Options = options;
        _cells = new CellTable(ParkIfStuck);
        _playbooks = playbooks;
        Tasks = new TaskTracker(Fault, ParkIfIdle);
        _timers = new TimerQueue(options.Time, (process, key) => _cells.Find(process)?.TimerDue(key));
        Clock = new ActiveClock(options.Time, index.Active);
        Budgets = index.Budgets;
        _lastProcess = index.LastProcess;
        _rootSignals = index.RootSignals;
        _lastCheckpoint = options.Time.GetTimestamp();
        foreach (var (process, (parent, key)) in index.Unfinished)
        {
            _cells.Add(new ProcessCell(this, process, parent, key));
        }

        if (index.RootEnd is { } end)
        {
            Finish(end.Kind, end.Data);
        }

        var every = TimeSpan.FromSeconds(Math.Clamp(options.UnloadAfter.TotalSeconds / 2, 0.1, 1));
        _tick = options.Time.CreateTimer(static run => ((DurableRun)run!).Tick(), this, every, every);
    }

    /// <summary>The run's journal.</summary>
    public RunJournal Journal { get; }

    /// <summary>
    /// Ended when the journal can't be written any more, or the run was asked to stop: all work in the world stops with it.
    /// </summary>
    public CancellationToken Stopping { get; }

    /// <summary>How long the run has been active, the time without an owner left out.</summary>
    public TimeSpan ActiveTime => Clock.Elapsed;

    /// <summary>What each budget's node had spent when the run was taken up; calls that were in flight count at their worst case.</summary>
    public IReadOnlyDictionary<string, BudgetHistory> Budgets { get; }

    /// <summary>It has come to its end in this host, whether or not <see cref="RunAsync"/> has returned.</summary>
    internal bool HasEnded => _end.Task.IsCompleted;

    /// <summary>How many processes have something running for them.</summary>
    internal int ActiveCells => _cells.Active;

    internal DurableOptions Options { get; }

    internal TimeProvider Time => Options.Time;

    internal ActiveClock Clock { get; }

    /// <summary>What the activities of steps are part of.</summary>
    internal ActivityContext Trace { get; private set; }

    /// <summary>Nothing that still happens may be told to a process or the journal.</summary>
    internal bool Sealed { get; private set; }

    /// <summary>Starts a run in a new folder.</summary>
    /// <param name="folder">The folder; it holds no journal yet.</param>
    /// <param name="signer">Signs the journal's checkpoints.</param>
    /// <param name="playbooks">All that the run may start.</param>
    /// <param name="root">The playbook of the root process.</param>
    /// <param name="input">Its input.</param>
    /// <param name="seed">Seeds the processes' random streams.</param>
    /// <param name="options">How it is hosted.</param>
    public static async Task<DurableRun> CreateAsync<TIn, TOut>(
        RunFolder folder, IHeadSigner signer, PlaybookCatalogue playbooks, Playbook<TIn, TOut> root, TIn input, ulong seed,
        DurableOptions? options = null)
    {
        options ??= new DurableOptions();
        var json = Canonical.Serialize(input);
        var journal = RunJournal.Create(folder, signer, options.Time, options.Failpoint);
        var index = new RunIndex();
        try
        {
            var started = new EntryInfo.Started { Playbook = root.Name, Seed = seed };
            await journal.AppendAsync(new AppendUnit([new Draft(Root, EntryKind.ProcessStarted, Info: started.ToBytes(), Data: json)]));
            journal.Reader.Scan(0, index.Visit);
            return new DurableRun(journal, playbooks, options, index);
        }
        catch (JournalStoppedException stopped)
        {
            journal.Dispose();
            throw new JournalStoppedException(
                $"{folder.Path} can't be written ({stopped.InnerException?.Message ?? stopped.Message}); nothing was begun: " +
                $"make room, delete the folder, and start again",
                stopped);
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    /// <summary>Takes up an existing run.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="signer">Signs the journal's checkpoints.</param>
    /// <param name="playbooks">All that the run may start.</param>
    /// <param name="options">How it is hosted.</param>
    /// <exception cref="JournalException">It can't be owned or isn't what was written.</exception>
    public static DurableRun Open(RunFolder folder, IHeadSigner signer, PlaybookCatalogue playbooks, DurableOptions? options = null) =>
        Open(folder, signer, playbooks, options, amendment: null);

    /// <summary>Takes up an existing run with something added to its root process's input; a root that has ended goes on.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="signer">Signs the journal's checkpoints.</param>
    /// <param name="playbooks">All that the run may start.</param>
    /// <param name="amendment">Makes what is added, of the journal as it is once nobody else can write it; the process reads it by
    /// <see cref="IDurableContext.Amendments"/>.</param>
    /// <param name="options">How it is hosted.</param>
    /// <exception cref="JournalException">It can't be owned or isn't what was written.</exception>
    public static DurableRun OpenAmended<T>(
        RunFolder folder, IHeadSigner signer, PlaybookCatalogue playbooks, Func<JournalReader, T> amendment,
        DurableOptions? options = null) =>
        Open(
            folder, signer, playbooks, options,
            reader => new Draft(Root, EntryKind.ProcessAmended, Data: Canonical.Serialize(amendment(reader))));

    private static DurableRun Open(
        RunFolder folder, IHeadSigner signer, PlaybookCatalogue playbooks, DurableOptions? options, Func<JournalReader, Draft>? amendment)
    {
        options ??= new DurableOptions();
        var index = new RunIndex();
        var journal = RunJournal.Open(folder, signer, options.Time, index.Visit, options.Failpoint);
        if (amendment is not null)
        {
            try
            {
                journal.AppendAsync(new AppendUnit([amendment(journal.Reader)])).GetAwaiter().GetResult();
                index.Amend(Root);
            }
            catch
            {
                journal.Dispose();
                throw;
            }
        }

        var run = new DurableRun(journal, playbooks, options, index);
        if (index.IdleGenerations >= options.IdleGenerations)
        {
            run._end.TrySetResult(new RunEnd(RunState.Parked, default,
                [$"the last {index.IdleGenerations} starts of the run ended without any progress; look at its log, mend the " +
                $"cause and resume the run"]));
        }

        return run;
    }

    /// <summary>Lets the processes run until the root ends, nothing can go on without a person, or a stop is asked for.</summary>
    /// <exception cref="JournalException">The disk failed or another owner took over; what was acknowledged is safe.</exception>
    public async Task<RunEnd> RunAsync(CancellationToken stop = default)
    {
        using var activity = DurableTelemetry.StartRun(Journal);
        Trace = activity?.Context ?? default;
        if (!_end.Task.IsCompleted)
        {
            foreach (var cell in _cells.All)
            {
                cell.Wake();
            }
        }

        await using var registration = stop.Register(() => _end.TrySetResult(new RunEnd(RunState.Stopped, default, [])));
        return await _end.Task;
    }

    /// <summary>Delivers a signal; a second one with the same sender's id is the same signal and does nothing.</summary>
    /// <param name="process">The receiving process.</param>
    /// <param name="name">What it waits for.</param>
    /// <param name="sender">Unique for this signal of this sender.</param>
    /// <param name="payload">What the waiting key gets.</param>
    /// <returns>False when it had been delivered before.</returns>
    public Task<bool> SignalAsync<T>(long process, string name, string sender, T payload) =>
        SignalAsync(process, name, sender, Canonical.Serialize(payload));

    internal async Task<bool> SignalAsync(long process, string name, string sender, byte[] json)
    {
        var draft = new Draft(process, EntryKind.SignalReceived, name, Info: new EntryInfo.Received { Sender = sender }.ToBytes(), Data: json);
        try
        {
            var receipt = await Journal.AppendAsync(new AppendUnit([draft], Unique: $"signal\n{process}\n{name}\n{sender}"));
            var entry = draft.ToEntry(receipt, Journal.Generation);
            Deliver(process, entry);
            if (process == Root)
            {
                Tell(entry);
            }

            return true;
        }
        catch (AppendConflictException)
        {
            return false;
        }
    }

    /// <summary>
    /// Hears every signal of a name to the root process, those from before first, whether or not the process waits for one: for what a
    /// person says to work that is under way. What a process does with it is only repeatable where a step has journaled it.
    /// </summary>
    /// <param name="name">The signals' name.</param>
    /// <param name="hear">Is given each payload, one after another.</param>
    public void Listen(string name, Action<ReadOnlyMemory<byte>> hear)
    {
        lock (_hearing)
        {
            _listeners.Add((name, hear));
            foreach (var entry in _rootSignals.Where(entry => entry.Key == name))
            {
                hear(entry.Data);
            }
        }
    }

    private void Tell(Entry entry)
    {
        lock (_hearing)
        {
            _rootSignals.Add(entry);
            foreach (var (_, hear) in _listeners.Where(listener => listener.Name == entry.Key))
            {
                hear(entry.Data);
            }
        }
    }

    /// <summary>Journals something that the host tells of and that belongs to no process; durable when this returns.</summary>
    /// <param name="key">What it is; several notes may have one key.</param>
    /// <param name="note">What is told.</param>
    public Task NoteAsync<T>(string key, T note) =>
        Journal.AppendAsync(new AppendUnit([new Draft(Host, EntryKind.Noted, key, Data: Canonical.Serialize(note))]));

    /// <summary>Cancels a process and all below it: what is in the journal still answers, what they ask now throws.</summary>
    public async Task CancelAsync(long process, string reason)
    {
        var drafts = _cells.Subtree(process)
            .Select(id => new Draft(id, EntryKind.CancelRequested, Info: new EntryInfo.Why { Reason = reason }.ToBytes()))
            .ToList();
        if (drafts.Count == 0)
        {
            return;
        }

        var receipt = await Journal.AppendAsync(new AppendUnit(drafts));
        for (var index = 0; index < drafts.Count; index++)
        {
            Deliver(drafts[index].Process, drafts[index].ToEntry(receipt, Journal.Generation, index));
        }
    }

    /// <summary>Answers what a process is parked for.</summary>
    /// <param name="process">The process.</param>
    /// <param name="key">The parked step, or empty for the process itself.</param>
    /// <param name="resolution">The answer.</param>
    /// <exception cref="ArgumentException">Nothing is parked there, or the answer doesn't fit.</exception>
    public async Task ResolveAsync(long process, string key, Resolution resolution)
    {
        var history = ProcessHistory.Load(Journal.Reader, process);
        await Journal.AppendAsync(new AppendUnit(ParkedWork.Answer(process, key, history, resolution)));
        _cells.Find(process)?.Restart();
    }

    /// <summary>Ends hosting: running work is cancelled, what finishes is still journaled, the head is signed.</summary>
    public async ValueTask DisposeAsync()
    {
        _end.TrySetResult(new RunEnd(RunState.Stopped, default, []));
        await _stopping.CancelAsync();

        // A body that blocks would keep what it was to be written with waiting.
        Journal.Flush();
        await Tasks.DrainAsync();
        Sealed = true;
        await _tick.DisposeAsync();
        _timers.Dispose();
        try
        {
            if (Journal.Stopped is null)
            {
                await Journal.AppendAsync(new AppendUnit([new Draft(Host, EntryKind.Noted, "closed")]));
            }
        }
        catch (JournalException)
        {
            // The disk refuses: what was acknowledged is safe, and the next owner sees that this one didn't close.
        }
        finally
        {
            Journal.Dispose();
            _stopping.Dispose();
        }
    }

    /// <summary>Leaves everything as a SIGKILL here would. For tests of crashes.</summary>
    internal async Task AbandonAsync()
    {
        Sealed = true;
        Journal.Abandon();
        await _stopping.CancelAsync();
        await Tasks.DrainAsync();
        await _tick.DisposeAsync();
        _timers.Dispose();
    }

    internal Playbook? FindPlaybook(string name) => _playbooks.Find(name);

    /// <summary>All work that is under way.</summary>
    internal TaskTracker Tasks { get; }

    internal void Track(Task task) => Tasks.Add(task);

    internal TimerQueue Timers => _timers;

    internal void Deliver(long process, Entry entry) => _cells.Find(process)?.Arrived(entry);

    internal ProcessCell NewProcess(long parent, string key) =>
        _cells.Add(new ProcessCell(this, Interlocked.Increment(ref _lastProcess), parent, key));

    internal void Ended(ProcessCell cell, Draft end)
    {
        if (cell.Id == Root)
        {
            _rootEnd = end;
        }

        _cells.Remove(cell);
        _timers.Cancel(cell.Id);
        FinishIfDone();
    }

    internal void StateChanged(CellState before, CellState after) => _cells.StateChanged(before, after);

    internal void Fault(Exception error)
    {
        if (Sealed)
        {
            return;
        }

        Sealed = true;
        _end.TrySetException(error);
        _stopping.Cancel();
    }

    /// <summary>With no work left, what waits for a person can be all that there is.</summary>
    private void ParkIfIdle()
    {
        if (_cells.Active == 0)
        {
            ParkIfStuck();
        }
    }

    private void ParkIfStuck()
    {
        FinishIfDone();
        if (_cells.Stuck() is { Count: > 0 } parked && _timers.IsEmpty && Tasks.IsEmpty)
        {
            _end.TrySetResult(new RunEnd(RunState.Parked, default, parked));
        }
    }

    /// <summary>The root's end is the run's once every process below it has ended too, or waits for a person.</summary>
    private void FinishIfDone()
    {
        if (_rootEnd is { } end && _cells.All.All(cell => cell.State is CellState.Parked))
        {
            Finish(end.Kind, end.Data);
        }
    }

    private void Finish(EntryKind kind, ReadOnlyMemory<byte> data) => _end.TrySetResult(RunEnd.Of(kind, data));

    private void Tick()
    {
        var idle = _cells.All.Where(
            cell => cell.State == CellState.Waiting && cell.IsLoaded && Time.GetElapsedTime(cell.IdleSince) >= Options.UnloadAfter)
            .ToList();
        idle.ForEach(cell => cell.TryUnload(cell.IdleSince));

        // A park may have been decided while something else was still ending.
        ParkIfStuck();
        if (idle.Count > 0 || Time.GetElapsedTime(_lastCheckpoint) >= Options.CheckpointEvery)
        {
            _lastCheckpoint = Time.GetTimestamp();
            Journal.Checkpoint();
        }

        // An append that nobody waits for, or the checkpoint, may have found that the disk refuses.
        if (Journal.Stopped is { } stopped)
        {
            Fault(stopped);
        }
    }
}
