using Godwit.Durable;

namespace Godwit.Tests.Durable;

/// <summary>What a host waits for before it is closed.</summary>
public sealed class TaskTrackerTests
{
    [Fact]
    public async Task Drain_WorkThatAProcessHasPostedForItself_IsWaitedFor()
    {
        var emptied = 0;
        var tracker = new TaskTracker(fault => Assert.Fail(fault.Message), () => Interlocked.Increment(ref emptied));
        var scheduler = new SerialScheduler(() => { }, tracker);
        using var released = new ManualResetEventSlim();
        var ran = 0;
        scheduler.Post(() =>
        {
            released.Wait(TimeSpan.FromSeconds(20));

            // What it posts in its turn is waited for, too.
            scheduler.Post(() => ran++);
        });

        var drained = tracker.DrainAsync();
        Assert.False(tracker.IsEmpty);
        Assert.False(drained.IsCompleted);
        released.Set();
        await drained.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal((1, true), (ran, tracker.IsEmpty));
        await Eventually.TrueAsync(() => emptied == 1, "the host was told once that no work is left");
    }
}
