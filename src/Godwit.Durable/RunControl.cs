using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>What another terminal asks of a run's owner: one JSON line each way.</summary>
/// <param name="Ask"><c>stop</c>, <c>resolve</c> or <c>signal</c>.</param>
/// <param name="Process">For resolve and signal: the process.</param>
/// <param name="Key">For resolve: the parked step, or empty for the process. For signal: its name.</param>
/// <param name="How">For resolve: <c>retry</c>, <c>done</c> or <c>fail</c>. For signal: the sender's id.</param>
/// <param name="Value">For resolve: the result's JSON, or why it failed. For signal: the payload's JSON.</param>
public sealed record ControlRequest(string Ask, long Process = 0, string Key = "", string How = "", string Value = "")
{
    /// <summary>The answer that a resolve stands for.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public Resolution Resolution() => How switch
    {
        "retry" => new Resolution.Retry(),
        "done" => new Resolution.Done(Value),
        "fail" => new Resolution.Fail(Value),
        _ => throw new ArgumentException($"'{How}' is no answer; there are retry, done and fail"),
    };
}

/// <summary>The owner's answer.</summary>
/// <param name="Done">Whether it was carried out.</param>
/// <param name="Message">What was done, or why not.</param>
public sealed record ControlReply(bool Done, string Message);

/// <summary>The unix socket in a run's folder: its owner answers, other terminals ask.</summary>
public sealed partial class RunControl : IAsyncDisposable
{
    private const int LongestRequest = 4 << 20;

    /// <summary>How long a client has for its request, and then to take the answer: a silent one doesn't stay.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly DurableRun _run;
    private readonly CancellationTokenSource _stop;
    private readonly Func<ControlRequest, string?> _fault;
    private readonly CancellationTokenSource _closing = new();
    private readonly Socket _listener;
    private readonly Task _serving;

    private RunControl(DurableRun run, CancellationTokenSource stop, Func<ControlRequest, string?> fault, Socket listener)
    {
        _run = run;
        _stop = stop;
        _fault = fault;
        _listener = listener;
        _serving = ServeAsync();
    }

    /// <summary>Listens until disposed.</summary>
    /// <param name="run">The run.</param>
    /// <param name="stop">Cancelled when a stop is asked for.</param>
    /// <param name="fault">Why a request isn't taken, in one line; null where it is. By default all are.</param>
    public static RunControl Listen(DurableRun run, CancellationTokenSource stop, Func<ControlRequest, string?>? fault = null)
    {
        var folder = run.Journal.Folder;

        // What a dead owner left; the lock says that there is no other.
        File.Delete(folder.Socket);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        WithShortPath(folder, listener.Bind);
        listener.Listen(64);
        return new RunControl(run, stop, fault ?? (_ => null), listener);
    }

    /// <summary>Asks the owner of a run; null where it has none.</summary>
    public static async Task<ControlReply?> AskAsync(RunFolder folder, ControlRequest request, CancellationToken cancellation)
    {
        if (!RunLock.IsHeld(folder))
        {
            return null;
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            WithShortPath(folder, socket.Connect);
        }
        catch (SocketException)
        {
            throw new RunOwnedException(
                $"the owner of run {folder.Id} doesn't listen (it may be starting or ending); try again in a moment");
        }

        await using var stream = new NetworkStream(socket);
        await using var writer = new StreamWriter(stream, leaveOpen: true) { AutoFlush = true };
        using var reader = new StreamReader(stream);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(2 * Patience);
        try
        {
            await writer.WriteLineAsync(JsonSerializer.Serialize(request).AsMemory(), patience.Token);
            var line = await reader.ReadLineAsync(patience.Token);
            return line is null
                ? new ControlReply(false, "the owner ended before it answered")
                : JsonSerializer.Deserialize<ControlReply>(line)!;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new ControlReply(false, $"the owner has not answered within {2 * Patience.TotalSeconds:0} s; it may be stopped or very busy");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Dispose();
        await _serving;
        _closing.Dispose();
        File.Delete(_run.Journal.Folder.Socket);
    }

    private async Task ServeAsync()
    {
        var open = new List<Task>();
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptAsync(_closing.Token);
                open.RemoveAll(task => task.IsCompleted);
                open.Add(ServeAsync(socket));
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // Who asked has gone, or this is closing; a machine without descriptors gets some back.
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        await Task.WhenAll(open);
    }

    private async Task ServeAsync(Socket accepted)
    {
        using var socket = accepted;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        patience.CancelAfter(Patience);
        try
        {
            await using var stream = new NetworkStream(socket);
            if (await ReadAsync(stream, patience.Token) is { } line)
            {
                var (reply, isStop) = await AnswerAsync(line);
                patience.CancelAfter(Patience);
                try
                {
                    await stream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(reply), patience.Token);
                    await stream.WriteAsync("\n"u8.ToArray(), patience.Token);
                }
                finally
                {
                    // Who asked hears that it stops before it does.
                    await (isStop ? _stop.CancelAsync() : Task.CompletedTask);
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or IOException or ObjectDisposedException)
        {
            // Who asked has gone, or this is closing.
        }
    }

    /// <summary>A line of a client; null where none comes that could be a request.</summary>
    private static async Task<string?> ReadAsync(NetworkStream stream, CancellationToken cancellation)
    {
        var (buffer, length) = (new byte[4096], 0);
        while (length <= LongestRequest)
        {
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, 2 * length);
            }

            var read = await stream.ReadAsync(buffer.AsMemory(length), cancellation);
            var end = buffer.AsSpan(length, read).IndexOf((byte)'\n');
            if (read == 0 || end >= 0)
            {
                return length + Math.Max(end, 0) == 0 ? null : System.Text.Encoding.UTF8.GetString(buffer, 0, end < 0 ? length : length + end);
            }

            length += read;
        }

        return null;
    }

    private async Task<(ControlReply Reply, bool IsStop)> AnswerAsync(string line)
    {
        try
        {
            var request = JsonSerializer.Deserialize<ControlRequest>(line) ?? throw new JsonException("the request is null");
            if (_fault(request) is { } fault)
            {
                return (new ControlReply(false, fault), false);
            }

            switch (request.Ask)
            {
                case "stop":
                    return (new ControlReply(true, "stopping"), true);
                case "resolve":
                    await _run.ResolveAsync(request.Process, request.Key, request.Resolution());
                    return (new ControlReply(true, "resolved; the run goes on"), false);
                case "signal":
                    var delivered = await _run.SignalAsync(
                        request.Process, request.Key, request.How, System.Text.Encoding.UTF8.GetBytes(request.Value));
                    return (new ControlReply(delivered, delivered ? "answered" : "it was answered before"), false);
                default:
                    return (new ControlReply(false, $"this owner doesn't know '{request.Ask}'"), false);
            }
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // Whatever a client asks, the owner goes on.
            return (new ControlReply(false, error.Message), false);
        }
    }

    /// <summary>A socket's path has at most 108 bytes, a run's folder any number: the folder's descriptor makes it short.</summary>
    private static void WithShortPath(RunFolder folder, Action<System.Net.EndPoint> use)
    {
        if (!OperatingSystem.IsLinux())
        {
            use(new UnixDomainSocketEndPoint(folder.Socket));
            return;
        }

        var descriptor = Open(folder.Path, 0x210000 | 0x80000); // O_PATH | O_DIRECTORY | O_CLOEXEC
        try
        {
            use(
                new UnixDomainSocketEndPoint(
                    descriptor < 0 ? folder.Socket : $"/proc/self/fd/{descriptor}/{Path.GetFileName(folder.Socket)}"));
        }
        finally
        {
            if (descriptor >= 0)
            {
                _ = Close(descriptor);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
