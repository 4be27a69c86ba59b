using Godwit.Durable;
using Godwit.Identity;
using Godwit.Durable.Journal;

namespace Godwit.Tests.Durable;

/// <summary>A playbook made of a lambda, so that a test reads as the process it is about.</summary>
internal sealed record Script<TIn, TOut>(string Name, Func<IDurableContext, TIn, Task<TOut>> Body) : Playbook<TIn, TOut>(Name)
{
    public override Task<TOut> RunAsync(IDurableContext context, TIn input) => Body(context, input);
}

/// <summary>A folder for runs that goes away with the test, and short ways to start and resume one.</summary>
internal sealed class RunFixture : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("godwit-test-").FullName;
    private readonly List<RunSigner> _signers = [];

    public RunFolder Folder(string name = "run") => new(Path.Combine(_root, name));

    public RunSigner Signer(RunFolder folder)
    {
        var signer = RunSigner.Of(folder);
        _signers.Add(signer);
        return signer;
    }

    public Task<DurableRun> CreateAsync<TIn, TOut>(
        Script<TIn, TOut> root, TIn input, DurableOptions? options = null, IEnumerable<Playbook>? others = null, RunFolder? folder = null)
    {
        folder ??= Folder();
        return DurableRun.CreateAsync(folder, Signer(folder), new PlaybookCatalogue([root, .. others ?? []]), root, input, 7, options);
    }

    public DurableRun Open(IEnumerable<Playbook> playbooks, DurableOptions? options = null, RunFolder? folder = null)
    {
        folder ??= Folder();
        return DurableRun.Open(folder, Signer(folder), new PlaybookCatalogue(playbooks), options);
    }

    public async Task<RunEnd> RunAsync<TOut>(Script<string, TOut> root, DurableOptions? options = null, params Playbook[] others)
    {
        await using var run = await CreateAsync(root, "in", options, others);
        return await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(30));
    }

    public async Task<RunEnd> ResumeAsync(DurableOptions? options, params Playbook[] playbooks)
    {
        await using var run = Open(playbooks, options);
        return await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>What the disk would hold if the machine's process died now.</summary>
    public RunFolder CopyAsCrashed(RunFolder from, string name)
    {
        var to = Folder(name);
        Directory.CreateDirectory(to.Path);
        foreach (var file in (string[])["journal.db", "journal.db-wal", "run.key", "checkpoints.jsonl"])
        {
            var source = Path.Combine(from.Path, file);
            if (File.Exists(source))
            {
                File.Copy(source, Path.Combine(to.Path, file), overwrite: true);
            }
        }

        return to;
    }

    public void Dispose()
    {
        _signers.ForEach(signer => signer.Dispose());
        Directory.Delete(_root, recursive: true);
    }
}

/// <summary>A clock that moves when the test says so.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now = new(2026, 5, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _now;
        }
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        List<ManualTimer> due;
        lock (_gate)
        {
            _now += by;
            due = [.. _timers.Where(timer => timer.Due <= _now)];
        }

        due.ForEach(timer => timer.Fire());
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public DateTimeOffset Due { get; private set; } = DateTimeOffset.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._gate)
            {
                _period = period;
                Due = dueTime == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : time._now + dueTime;
                time._timers.Remove(this);
                time._timers.Add(this);
            }

            if (dueTime == TimeSpan.Zero)
            {
                ThreadPool.QueueUserWorkItem(_ => Fire());
            }

            return true;
        }

        public void Fire()
        {
            lock (time._gate)
            {
                if (Due > time._now)
                {
                    return;
                }

                Due = _period > TimeSpan.Zero ? time._now + _period : DateTimeOffset.MaxValue;
            }

            callback(state);
        }

        public void Dispose()
        {
            lock (time._gate)
            {
                time._timers.Remove(this);
                Due = DateTimeOffset.MaxValue;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>Polls with a bound; what a test waits for becomes true or the test says what didn't.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(deadline) < TimeSpan.FromSeconds(20), $"never: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }
}
