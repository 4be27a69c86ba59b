using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Godwit.Sandbox;

/// <summary>
/// Spawns sandboxes from a thread that never ends. <c>--die-with-parent</c> is tied to the spawning thread, not to its process: a
/// sandbox that was started from a pool thread is killed when the pool retires that thread. The thread stands in the control
/// group itself, so that what it spawns is born there: moving a process costs the kernel a grace period of many milliseconds.
/// </summary>
internal sealed partial class SpawnThread : IDisposable
{
    // Whoever waits for a spawn is woken by this thread, which stands in no group: waking may make the pool start a thread, and a
    // thread is born in the groups of the one that starts it.
    private static readonly BlockingCollection<Action> Wakings = StartWaking();

    private readonly BlockingCollection<Action?> _queue = [];
    private readonly Thread _thread;

    /// <param name="taskFiles">The files that take a thread into a group (cgroup v1); none where groups are joined otherwise.</param>
    public SpawnThread(IReadOnlyList<string> taskFiles)
    {
        _thread = new Thread(() => Run(taskFiles)) { IsBackground = true, Name = "sandbox-spawn" };
        _thread.Start();
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

    /// <summary>Ends the thread, which leaves the group with it.</summary>
    public void Dispose()
    {
        // CompleteAdding would end the wait by an exception on this thread, once a measurement; an exception in flight there once brought
        // the runtime down (.NET 10.0.12, a fault in its stack walk).
        _queue.Add(null);
        _thread.Join();
        _queue.Dispose();
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

    private void Run(IReadOnlyList<string> taskFiles)
    {
        foreach (var file in taskFiles)
        {
            File.WriteAllText(file, ThreadId().ToString(CultureInfo.InvariantCulture));
        }

        while (_queue.Take() is { } spawn)
        {
            spawn();
        }
    }

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int ThreadId();
}
