using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;

namespace Godwit.Models;

/// <summary>
/// Hands an answer through while it arrives and counts its tokens. A stream's last event is held back until the answer is
/// journaled: a client that has all of it may act on it.
/// </summary>
/// <param name="protocol">The dialect.</param>
/// <param name="request">What was asked.</param>
/// <param name="response">Where it goes.</param>
/// <param name="refusal">What is against a shell line that it asks for; null where nobody looks.</param>
internal sealed class GatewayRelay(GatewayProtocol protocol, JsonObject request, IGatewayResponse response, Func<string, Task<string?>>? refusal)
{
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(5);
    private const string Done = "[DONE]";
    private byte[] _held = [];
    private bool _hasBegun;

    /// <summary>The caller has got an error of the provider's in the middle of an answer, as the dialect has it.</summary>
    public bool HasToldError { get; private set; }

    public string ContentType { get; private set; } = "application/json";

    /// <summary>Reads an answer to its end; parts of a stream go on at once.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="clean">Takes out of a text what must not be passed on.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<(string Body, UsageCount Usage)> TakeAsync(
        HttpResponseMessage answer, Func<string, string> clean, CancellationToken cancellation)
    {
        ContentType = answer.Content.Headers.ContentType?.ToString() ?? ContentType;
        var usage = default(UsageCount);
        var guard = refusal is null ? null : new CallGuard(refusal);
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        silence.CancelAfter(Silence);
        await using var stream = await answer.Content.ReadAsStreamAsync(silence.Token);
        if (answer.Content.Headers.ContentType?.MediaType != "text/event-stream")
        {
            using var reader = new StreamReader(stream);
            var text = clean(await reader.ReadToEndAsync(silence.Token));
            if (GatewayProtocol.Parse(text) is { } whole)
            {
                if (protocol.ErrorOf(whole) is { } error)
                {
                    throw Failure(error, text, isBilled: false);
                }

                protocol.Count(whole, ref usage);
            }

            return (guard is null ? text : await guard.WholeAsync(ContentType, text), usage);
        }

        (_held, _hasBegun) = ([], false);
        var all = new StringBuilder();
        var events = new EventReader(stream);
        while (await events.NextAsync(silence.Token) is { } sent)
        {
            silence.CancelAfter(Silence);
            var next = clean(sent);
            var data = SseData.Of(next);
            if (data is not null
                && GatewayProtocol.MayFail(data)
                && GatewayProtocol.Parse(data) is { } failed
                && protocol.ErrorOf(failed) is { } error)
            {
                await TellAsync(next);
                throw Failure(error, data, isBilled: HasToldError);
            }

            usage = data == Done ? usage with { HasEnded = true, IsWhole = usage.IsWhole || usage.Input + usage.Output > 0 } : usage;
            if (data is not null && protocol.MayCount(data) && GatewayProtocol.Parse(data) is { } part)
            {
                protocol.Count(part, ref usage);
                if (protocol.IsOwn(request, part))
                {
                    continue;
                }
            }

            if (!_hasBegun)
            {
                // Until the first word another try costs nothing, so nothing of this one is handed on yet.
                _hasBegun = guard?.Holds(next) == true || GatewayProtocol.IsWord(data);
                if (!_hasBegun)
                {
                    all.Append(next);
                    _held = [.. _held, .. Encoding.UTF8.GetBytes(next)];
                    continue;
                }
            }

            if (guard?.Holds(next) != true)
            {
                all.Append(next);
                await PassOnAsync(Encoding.UTF8.GetBytes(next));
            }
            else if (_held.Length > 0)
            {
                // What came before the call needn't wait with it.
                await PassOnAsync([]);
            }
        }

        foreach (var next in guard is null ? [] : await guard.ReleaseAsync())
        {
            all.Append(next);
            await PassOnAsync(Encoding.UTF8.GetBytes(next));
        }

        return (all.ToString(), usage);
    }

    /// <summary>An error after the first words goes on to the caller; before them, another try may do better.</summary>
    private async Task TellAsync(string sent)
    {
        if (!_hasBegun)
        {
            _held = [];
            return;
        }

        if (!response.HasStarted)
        {
            await response.StartAsync(200, ContentType);
        }

        await response.WriteAsync(_held);
        await response.WriteAsync(Encoding.UTF8.GetBytes(sent));
        _held = [];
        HasToldError = true;
    }

    private static ModelException Failure((int Status, string Words) error, string body, bool isBilled) => new(
        isBilled ? ModelFailure.Broken : FailureHandler.KindOf((System.Net.HttpStatusCode)error.Status, body),
        $"the provider answered with an error: {error.Words}", status: error.Status, body: body) { IsAnswer = true };

    /// <summary>Sends what was held back, or all of an answer that was journaled before.</summary>
    public async Task FinishAsync(GatewayReply reply)
    {
        if (response.HasStarted)
        {
            await response.WriteAsync(_held);
            return;
        }

        await response.StartAsync(200, reply.ContentType);
        await response.WriteAsync(Encoding.UTF8.GetBytes(reply.Body));
    }

    private async Task PassOnAsync(byte[] next)
    {
        if (_held.Length > 0)
        {
            if (!response.HasStarted)
            {
                await response.StartAsync(200, ContentType);
            }

            await response.WriteAsync(_held);
        }

        _held = next;
    }

    /// <summary>Cuts a stream of server-sent events where one ends, which is at an empty line.</summary>
    private sealed class EventReader(Stream stream)
    {
        private readonly byte[] _buffer = new byte[16 << 10];
        private readonly ArrayBufferWriter<byte> _open = new();
        private int _at;
        private int _end;

        /// <summary>The next event with its line ends; null at the end. What the end cuts off is an event too.</summary>
        public async Task<string?> NextAsync(CancellationToken cancellation)
        {
            while (true)
            {
                while (_at < _end)
                {
                    var rest = _buffer.AsSpan(_at, _end - _at);
                    var line = rest.IndexOf((byte)'\n');
                    var taken = line < 0 ? rest.Length : line + 1;
                    _open.Write(rest[..taken]);
                    _at += taken;
                    if (line >= 0 && (_open.WrittenSpan.EndsWith("\n\n"u8) || _open.WrittenSpan.EndsWith("\r\n\r\n"u8)))
                    {
                        return Take();
                    }
                }

                _at = 0;
                _end = await stream.ReadAsync(_buffer, cancellation);
                if (_end == 0)
                {
                    return _open.WrittenCount == 0 ? null : Take();
                }
            }
        }

        private string Take()
        {
            var text = Encoding.UTF8.GetString(_open.WrittenSpan);
            _open.ResetWrittenCount();
            return text;
        }
    }
}
