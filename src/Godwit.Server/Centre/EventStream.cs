using System.Text;
using Godwit.Durable.Journal;
using Microsoft.AspNetCore.Http;

namespace Godwit.Server.Centre;

/// <summary>
/// Server-sent events, for all tabs of a browser over one stream: the fleet, whole, whenever it has changed, and of runs the rows after an
/// entry and their state. A client is a place in each journal, so that nothing is lost or told twice over a reconnect.
/// </summary>
internal static class EventStream
{
    private const int RowsAtOnce = 256;
    private const int MostBehind = 5000;
    private const int LargeState = 50_000;

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StateEvery = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan LargeStateEvery = TimeSpan.FromSeconds(1);

    /// <summary>Sends what is wanted, over one stream, until the client goes.</summary>
    /// <param name="context">The request.</param>
    /// <param name="runs">The runs.</param>
    /// <param name="withFleet">Whether the fleet is wanted.</param>
    /// <param name="wanted">The runs that are wanted, and where the client stands in each: a head that it was given.</param>
    /// <param name="isWelcome">Whether it may go on listening.</param>
    public static async Task SendAsync(
        HttpContext context, LiveRuns runs, bool withFleet, IReadOnlyList<(string Run, string? After)> wanted, Func<bool> isWelcome)
    {
        if (wanted is [var only] && !withFleet)
        {
            _ = runs.Get(only.Run);
        }

        var stream = new Frames(context);
        await stream.StartAsync();
        List<Place> places = [];
        foreach (var (run, after) in wanted)
        {
            if (PlaceIn(runs, run, after) is { } place)
            {
                places.Add(place);
            }
            else
            {
                await stream.WriteAsync(EventOf("resync", null, CentreJson.Bytes(new Resync(run))));
            }
        }

        ReadOnlyMemory<byte> sent = default;
        while (isWelcome() && (withFleet || places.Count > 0))
        {
            if (withFleet && !sent.Equals(runs.FleetEvent))
            {
                sent = runs.FleetEvent;
                await stream.WriteAsync(sent);
            }

            foreach (var place in places.ToList())
            {
                try
                {
                    await SendAsync(stream, runs.Get(place.Run), place);
                }
                catch (Exception gone) when (gone is JournalException or ObjectDisposedException)
                {
                    // The client asks for it, and is told why it isn't there.
                    places.Remove(place);
                    await stream.WriteAsync(EventOf("resync", null, CentreJson.Bytes(new Resync(place.Run))));
                }
            }

            await stream.BeatAsync(Heartbeat);
            await runs.NextAsync(context.RequestAborted);
        }
    }

    private static async Task SendAsync(Frames stream, LiveRun live, Place place)
    {
        while (live.FrameAfter(place.Cursor, RowsAtOnce) is { } frame)
        {
            place.Cursor = frame.Last;
            await stream.WriteAsync(frame.Event);
        }

        if (Environment.TickCount64 >= place.StateAt && live.StateEvent() is var state && state != place.State)
        {
            place.State = state;
            place.StateAt = Environment.TickCount64 + (long)(state.Length > LargeState ? LargeStateEvery : StateEvery).TotalMilliseconds;
            await stream.WriteAsync(state);
        }
    }

    /// <summary>A client's place in a run; null for one of another journal, of an older copy of it, or too far behind.</summary>
    private static Place? PlaceIn(LiveRuns runs, string run, string? after)
    {
        try
        {
            var live = runs.Get(run);
            return SequenceOf(after) is { } cursor && (cursor == 0 || live.HeadAt(cursor) == after) && live.CountAfter(cursor) <= MostBehind
                ? new Place(run, cursor)
                : null;
        }
        catch (JournalException)
        {
            return null;
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

    /// <summary>Where a client stands in a run.</summary>
    private sealed class Place(string run, long cursor)
    {
        public string Run => run;

        public long Cursor { get; set; } = cursor;

        public byte[]? State { get; set; }

        public long StateAt { get; set; }
    }

    /// <summary>A run of which the client asks for the whole anew.</summary>
    private sealed record Resync(string Run);

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
