using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace Godwit.Tests.Cli;

/// <summary>A span as it was received.</summary>
internal sealed record ReceivedSpan(string Name, string Trace, string Id, string Parent, IReadOnlyDictionary<string, string> Tags);

/// <summary>
/// Receives OTLP over HTTP. Of its protocol buffers (opentelemetry/proto/trace/v1 and metrics/v1) it reads no more than the tests ask for.
/// </summary>
internal sealed class OtlpReceiver : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _serving;

    public OtlpReceiver()
    {
        for (var tries = 0; ; tries++)
        {
            Address = $"http://127.0.0.1:{System.Security.Cryptography.RandomNumberGenerator.GetInt32(20_000, 60_000)}";
            _listener = new HttpListener { Prefixes = { Address + "/" } };
            try
            {
                _listener.Start();
                break;
            }
            catch (HttpListenerException) when (tries < 20)
            {
            }
        }

        _serving = ServeAsync();
    }

    public string Address { get; }

    public ConcurrentBag<ReceivedSpan> Spans { get; } = [];

    public ConcurrentBag<string> Metrics { get; } = [];

    /// <summary>All that was sent, as text: what must be nowhere is looked for here.</summary>
    public ConcurrentBag<string> Raw { get; } = [];

    /// <summary>The trace that each log record is part of.</summary>
    public ConcurrentBag<string> LogTraces { get; } = [];

    public void Dispose()
    {
        _listener.Close();
        _serving.Wait(TimeSpan.FromSeconds(5));
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext call;
            try
            {
                call = await _listener.GetContextAsync();
            }
            catch (Exception ended) when (ended is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            using var body = new MemoryStream();
            await call.Request.InputStream.CopyToAsync(body);
            Take(call.Request.Url!.AbsolutePath, body.ToArray());
            call.Response.ContentType = "application/x-protobuf";
            call.Response.Close();
        }
    }

    private void Take(string path, byte[] body)
    {
        Raw.Add(Encoding.UTF8.GetString(body));

        // resource_*, then scope_*, then the records themselves: fields 1, 2 and 2 in all three.
        foreach (var record in Fields(body, 1).SelectMany(resource => Fields(resource, 2)).SelectMany(scope => Fields(scope, 2)))
        {
            switch (path)
            {
                case "/v1/traces":
                    Spans.Add(new ReceivedSpan(Text(record, 5), Hex(record, 1), Hex(record, 2), Hex(record, 4), TagsOf(record)));
                    break;
                case "/v1/metrics":
                    Metrics.Add(Text(record, 1));
                    break;
                case "/v1/logs":
                    LogTraces.Add(Hex(record, 9));
                    break;
            }
        }
    }

    private static Dictionary<string, string> TagsOf(byte[] span) =>
        Fields(span, 9).ToDictionary(tag => Text(tag, 1), tag => ValueOf(Fields(tag, 2).Single()));

    /// <summary>An AnyValue: a text, a whole number, a fraction, or a list of values.</summary>
    private static string ValueOf(byte[] value)
    {
        var (field, content) = All(value).Single();
        return field switch
        {
            1 => Encoding.UTF8.GetString(content),
            2 or 3 => $"{BinaryPrimitives.ReadInt64LittleEndian(content)}",
            4 => FormattableString.Invariant($"{BinaryPrimitives.ReadDoubleLittleEndian(content)}"),
            5 => string.Join(',', Fields(content, 1).Select(ValueOf)),
            _ => "",
        };
    }

    private static string Text(byte[] message, int field) => Encoding.UTF8.GetString(Fields(message, field).FirstOrDefault() ?? []);

    private static string Hex(byte[] message, int field) => Convert.ToHexStringLower(Fields(message, field).FirstOrDefault() ?? []);

    private static IEnumerable<byte[]> Fields(byte[] message, int field) =>
        All(message).Where(found => found.Field == field).Select(found => found.Content);

    /// <summary>The fields of a message; numbers as eight bytes.</summary>
    private static List<(int Field, byte[] Content)> All(byte[] message)
    {
        var (found, at) = (new List<(int, byte[])>(), 0);
        while (at < message.Length)
        {
            var tag = Number();
            var content = (tag & 7) switch
            {
                0 => BitConverter.GetBytes(Number()),
                1 => Bytes(8),
                2 => Bytes((int)Number()),
                5 => Bytes(4),
                var type => throw new InvalidDataException($"wire type {type}"),
            };
            found.Add(((int)(tag >> 3), content));
        }

        return found;

        ulong Number()
        {
            for (var (value, shift) = (0UL, 0); ; shift += 7)
            {
                value |= (ulong)(message[at] & 127) << shift;
                if ((message[at++] & 128) == 0)
                {
                    return value;
                }
            }
        }

        byte[] Bytes(int length) => message[at..(at += length)];
    }
}
