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
    private readonly BlockingCollection<Action> _queue = [];
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
                started.SetResult(Process.Start(info)!);
            }
            catch (Exception error)
            {
                started.SetException(error);
            }
        });
        return started.Task;
    }

    /// <summary>Ends the thread, which leaves the group with it.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        _thread.Join();
        _queue.Dispose();
    }

    private void Run(IReadOnlyList<string> taskFiles)
    {
        foreach (var file in taskFiles)
        {
            File.WriteAllText(file, ThreadId().ToString(CultureInfo.InvariantCulture));
        }

        foreach (var spawn in _queue.GetConsumingEnumerable())
        {
            spawn();
        }
    }

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int ThreadId();
}
