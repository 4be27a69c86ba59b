using System.Collections.Concurrent;
using System.Diagnostics;

namespace Godwit.Sandbox;

/// <summary>
/// Spawns every sandbox from one thread that never ends. <c>--die-with-parent</c> is tied to the spawning thread, not to
/// its process: a sandbox that was started from a pool thread is killed when the pool retires that thread.
/// </summary>
internal static class SpawnThread
{
    private static readonly BlockingCollection<Action> Queue = [];

    static SpawnThread() => new Thread(Run) { IsBackground = true, Name = "sandbox-spawn" }.Start();

    public static Task<Process> StartAsync(ProcessStartInfo info)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Queue.Add(() =>
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

    private static void Run()
    {
        foreach (var spawn in Queue.GetConsumingEnumerable())
        {
            spawn();
        }
    }
}
