using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Godwit.Sandbox;

/// <summary>
/// Spawns sandboxes from threads that never end. <c>--die-with-parent</c> is tied to the spawning thread, not to its process: a
/// sandbox that was started from a pool thread is killed when the pool retires that thread. The thread stands in the control
/// group itself, so that what it spawns is born there: moving a process costs the kernel a grace period of many milliseconds. A
/// thread goes from group to group: one that was made and ended for every measurement cost milliseconds.
/// </summary>
internal sealed partial class SpawnThread : IDisposable
{
    private static readonly ConcurrentBag<SpawnThread> Idle = [];

    // Whoever waits for a spawn is woken by this thread, which stands in no group: waking may make the pool start a thread, and a
    // thread is born in the groups of the one that starts it.
    private static readonly BlockingCollection<Action> Wakings = StartWaking();

    private readonly BlockingCollection<Action?> _queue = [];
    private readonly Thread _thread;
    private IReadOnlyList<string> _groups = [];
    private int _id;

    private SpawnThread()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "sandbox-spawn" };
        _thread.Start();
    }

    /// <summary>A thread that stands in control groups until it is disposed.</summary>
    /// <param name="groups">The folders of the groups that take a single thread (cgroup v1); none where groups are joined otherwise.</param>
    /// <exception cref="IOException">It can't join them.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not.</exception>
    public static SpawnThread Rent(IReadOnlyList<string> groups)
    {
        var thread = Idle.TryTake(out var idle) ? idle : new SpawnThread();
        if (thread.Move(groups) is { } error)
        {
            thread.End();
            throw error;
        }

        thread._groups = groups;
        return thread;
    }

    public Task<Process> StartAsync(ProcessStartInfo info)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _queue.Add(() =>
        {
            try
            {
                var process = Process.Start(info)!;
                Wakings.Add(() => started.SetResult(process));
            }
            catch (Exception error)
            {
                Wakings.Add(() => started.SetException(error));
            }
        });
        return started.Task;
    }

    /// <summary>Takes the thread out of its groups, which can be removed then, and keeps it for whoever comes next.</summary>
    public void Dispose()
    {
        if (Move([.. _groups.Select(group => Path.GetDirectoryName(group)!)]) is null)
        {
            _groups = [];
            Idle.Add(this);
        }
        else
        {
            // Its end takes it out as well.
            End();
        }
    }

    private static BlockingCollection<Action> StartWaking()
    {
        var wakings = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var wake in wakings.GetConsumingEnumerable())
            {
                wake();
            }
        })
        {
            IsBackground = true,
            Name = "sandbox-wake",
        }.Start();
        return wakings;
    }

    /// <summary>Has the thread join groups, and waits for it. Null when it has.</summary>
    private Exception? Move(IReadOnlyList<string> groups)
    {
        if (groups.Count == 0)
        {
            return null;
        }

        Exception? failed = null;
        using var moved = new ManualResetEventSlim();
        _queue.Add(() =>
        {
            try
            {
                foreach (var group in groups)
                {
                    File.WriteAllText($"{group}/tasks", _id.ToString(CultureInfo.InvariantCulture));
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                failed = error;
            }

            moved.Set();
        });
        moved.Wait();
        return failed;
    }

    private void End()
    {
        // By a word: CompleteAdding would end the wait by an exception on this thread.
        _queue.Add(null);
        _thread.Join();
        _queue.Dispose();
    }

    private void Run()
    {
        _id = ThreadId();
        while (_queue.Take() is { } work)
        {
            work();
        }
    }

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int ThreadId();
}
