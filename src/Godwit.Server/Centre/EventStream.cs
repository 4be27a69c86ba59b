using System.Text;
using Godwit.Durable.Journal;
using Microsoft.AspNetCore.Http;

namespace Godwit.Server.Centre;

/// <summary>
/// Server-sent events: the fleet, whole, whenever it has changed; or of one run the rows after an entry and its state. A client is a place
/// in the journal, so that nothing is lost or told twice over a reconnect.
/// </summary>
internal static class EventStream
{
    private const int RowsAtOnce = 256;
    private const int MostBehind = 5000;
    private const int LargeState = 50_000;

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StateEvery = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan LargeStateEvery = TimeSpan.FromSeconds(1);

    /// <summary>Sends the fleet until the client goes.</summary>
    public static async Task SendFleetAsync(HttpContext context, LiveRuns runs, Func<bool> isWelcome)
    {
        var stream = new Frames(context);
        await stream.StartAsync();
        ReadOnlyMemory<byte> sent = default;
        while (isWelcome())
        {
            if (!sent.Equals(runs.FleetEvent))
            {
                sent = runs.FleetEvent;
                await stream.WriteAsync(sent);
            }

            await stream.BeatAsync(Heartbeat);
            await runs.NextAsync(context.RequestAborted);
        }
    }

    /// <summary>Sends what happens in a run until the client goes.</summary>
    /// <param name="context">The request.</param>
    /// <param name="runs">The runs.</param>
    /// <param name="id">The run.</param>
    /// <param name="after">Where the client stands: a head that it was given.</param>
    /// <param name="isWelcome">Whether it may go on listening.</param>
    public static async Task SendRunAsync(HttpContext context, LiveRuns runs, string id, string? after, Func<bool> isWelcome)
    {
        var live = runs.Get(id);
        var stream = new Frames(context);
        await stream.StartAsync();
        var cursor = SequenceOf(after);
        if (cursor is null || (cursor > 0 && live.HeadAt(cursor.Value) != after) || live.CountAfter(cursor.Value) > MostBehind)
        {
            // Another journal, an older copy of this one, or too far behind: the client asks for the whole anew.
            await stream.WriteAsync(EventOf("resync", null, "{}"u8));
            return;
        }

        byte[]? sent = null;
        var stateAt = 0L;
        while (isWelcome())
        {
            live = runs.Get(id);
            while (live.FrameAfter(cursor.Value, RowsAtOnce) is { } frame)
            {
                cursor = frame.Last;
                await stream.WriteAsync(frame.Event);
            }

            if (Environment.TickCount64 >= stateAt && live.StateEvent() is var state && state != sent)
            {
                sent = state;
                stateAt = Environment.TickCount64 + (long)(state.Length > LargeState ? LargeStateEvery : StateEvery).TotalMilliseconds;
                await stream.WriteAsync(state);
            }

            await stream.BeatAsync(Heartbeat);
            await runs.NextAsync(context.RequestAborted);
        }
    }

    /// <summary>An event as it is sent; made once, however many get it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="id">Where the client stands after it; null where that stays.</param>
    /// <param name="json">Its data, on one line.</param>
    public static byte[] EventOf(string name, string? id, ReadOnlySpan<byte> json)
    {
        var head = Encoding.UTF8.GetBytes(id is null ? $"event: {name}\ndata: " : $"id: {id}\nevent: {name}\ndata: ");
        return [.. head, .. json, (byte)'\n', (byte)'\n'];
    }

    private static long? SequenceOf(string? head)
    {
        if (string.IsNullOrEmpty(head))
        {
            return 0;
        }

        return head.Split(':') is [_, var sequence, _] && long.TryParse(sequence, out var number) && number >= 0 ? number : null;
    }

    private sealed class Frames(HttpContext context)
    {
        private long _last = Environment.TickCount64;

        public async Task StartAsync()
        {
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.CacheControl = "no-store";
            await context.Response.StartAsync(context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }

        public async Task WriteAsync(ReadOnlyMemory<byte> whole)
        {
            await context.Response.Body.WriteAsync(whole, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            _last = Environment.TickCount64;
        }

        public Task BeatAsync(TimeSpan every) =>
            Environment.TickCount64 - _last >= every.TotalMilliseconds ? WriteAsync(EventOf("heartbeat", null, "{}"u8)) : Task.CompletedTask;
    }
}
