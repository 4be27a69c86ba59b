using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Godwit.Durable;

namespace Godwit.Models;

/// <summary>Recorded replies in a file of JSON lines. Matched by agent and turn; a request that isn't the recorded one is drift.</summary>
public sealed partial class Cassette
{
    private static readonly JsonSerializerOptions Options =
        new(JsonSerializerDefaults.Web) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly string? _rewritten;
    private readonly Dictionary<(string Agent, int Turn), Recorded> _replies = [];
    private readonly Dictionary<string, string> _firsts = new(StringComparer.Ordinal);
    private readonly HashSet<Recorded> _given = new(ReferenceEqualityComparer.Instance);

    private Cassette(string path, bool recording, string? rewritten)
    {
        _path = path;
        _rewritten = rewritten;
        IsRecording = recording;
    }

    /// <summary>Whether what isn't on it is asked for and added; else it is refused.</summary>
    public bool IsRecording { get; }

    /// <summary>How many replies were played.</summary>
    public int Played { get; private set; }

    /// <summary>How many replies were given to a request that differs from the recorded one.</summary>
    public int Drifted { get; private set; }

    /// <summary>Opens a cassette.</summary>
    /// <param name="path">The file; made by the first reply when recording.</param>
    /// <param name="recording">Adds what isn't on it.</param>
    /// <param name="rewritten">
    /// A file that takes what is played, each reply with the request that it is given to now: for prompts that have changed. Null for none.
    /// </param>
    /// <exception cref="FormatException">A line can't be read.</exception>
    public static Cassette Open(string path, bool recording, string? rewritten = null)
    {
        var cassette = new Cassette(path, recording, rewritten);
        var lines = File.Exists(path)
            ? File.ReadAllLines(path)
            : recording ? [] : throw new FormatException($"there is no cassette {path}; record one with --record {path}");
        for (var number = 1; number <= lines.Length; number++)
        {
            try
            {
                cassette.Load(lines[number - 1]);
            }
            catch (JsonException error)
            {
                throw new FormatException($"{path}:{number}: {error.Message}; record it again or take the line out");
            }
        }

        return cassette;
    }

    /// <summary>What ended first at a point at which several were awaited, as it was recorded; null where nothing was.</summary>
    /// <param name="point">The point's name.</param>
    public string? FirstAt(string point)
    {
        lock (_gate)
        {
            var first = _firsts.GetValueOrDefault(point);
            if (first is not null)
            {
                Rewrite(new RecordedOrder(point, first));
            }

            return first;
        }
    }

    /// <summary>Adds what ended first, so that whoever plays waits for the same.</summary>
    /// <param name="point">The point's name.</param>
    /// <param name="first">What ended first.</param>
    public void Record(string point, string first)
    {
        lock (_gate)
        {
            _firsts[point] = first;
            File.AppendAllText(_path, JsonSerializer.Serialize(new RecordedOrder(point, first), Options) + "\n");
        }
    }

    /// <summary>Whether anybody whose name ends so was answered.</summary>
    /// <param name="ending">The end of an agent's name.</param>
    internal bool HasRepliesTo(string ending)
    {
        lock (_gate)
        {
            return _replies.Keys.Any(key => key.Agent.EndsWith(ending, StringComparison.Ordinal));
        }
    }

    /// <summary>The recorded reply; null where there is none and the cassette is recording.</summary>
    /// <exception cref="ModelException">There is none, and it isn't.</exception>
    public ModelReply? Find(ModelRequest request)
    {
        lock (_gate)
        {
            if (!_replies.TryGetValue((request.Agent, request.Turn), out var recorded))
            {
                return IsRecording ? null : throw Missing(request.Agent, request.Turn);
            }

            return recorded.Body is null ? Play(recorded, HashOf(request)).Reply : throw NotFor(request.Agent, "a program's");
        }
    }

    /// <summary>
    /// The recorded answer to a program. Programs ask several at once, in no certain order: one that was recorded for just this request
    /// comes first, then one whose request differs in numbers only, then the turn's. Each is given once.
    /// </summary>
    /// <param name="agent">The agent whose program asks.</param>
    /// <param name="turn">Its call, from 1.</param>
    /// <param name="request">What the answer depends on.</param>
    /// <exception cref="ModelException">There is none.</exception>
    internal GatewayReply Find(string agent, int turn, string request)
    {
        lock (_gate)
        {
            if (_replies.Values.Any(recorded => recorded.Agent == agent && recorded.Body is null))
            {
                throw NotFor(agent, "Godwit's own agent's");
            }

            var (exact, hash) = (ExactHashOf(request), HashOf(request));
            var left = _replies.Values.Where(recorded => recorded.Agent == agent && !_given.Contains(recorded))
                .OrderBy(recorded => recorded.Turn == turn ? 0 : 1)
                .ThenBy(recorded => recorded.Turn)
                .ToList();
            var found = left.Find(recorded => recorded.Exact == exact)
                ?? left.Find(recorded => recorded.Request == hash)
                ?? left.Find(recorded => recorded.Turn == turn)
                ?? throw Missing(agent, turn);
            _given.Add(found);
            return new GatewayReply(Play(found, hash).Reply, Charge.None, found.ContentType ?? "application/json", found.Body!);
        }
    }

    /// <summary>The model that an agent's program was told to ask for; null where none is recorded.</summary>
    internal string? AskedBy(string agent)
    {
        lock (_gate)
        {
            return _replies.Values.FirstOrDefault(recorded => recorded.Agent == agent)?.Asked;
        }
    }

    /// <summary>Adds a reply; it is in the file when this returns.</summary>
    public void Record(ModelRequest request, ModelReply reply) => Add(new Recorded(request.Agent, request.Turn, HashOf(request), reply));

    /// <summary>Adds an answer to a program.</summary>
    /// <param name="agent">The agent whose program asked.</param>
    /// <param name="turn">Its call, from 1.</param>
    /// <param name="request">What the answer depends on.</param>
    /// <param name="asked">The model that it was told to ask for.</param>
    /// <param name="answer">The answer.</param>
    internal void Record(string agent, int turn, string request, string asked, GatewayReply answer) =>
        Add(
            new Recorded(agent, turn, HashOf(request), answer.Reply)
            {
                Exact = ExactHashOf(request),
                Asked = asked,
                ContentType = answer.ContentType,
                Body = answer.Body,
            });

    private void Load(string line)
    {
        if (JsonSerializer.Deserialize<RecordedOrder>(line, Options) is { Point: { } point, First: { } first })
        {
            _firsts[point] = first;
            return;
        }

        var recorded = JsonSerializer.Deserialize<Recorded>(line, Options)!;
        _replies[(recorded.Agent, recorded.Turn)] = recorded;
    }

    private Recorded Play(Recorded recorded, string hash)
    {
        Played++;
        Drifted += recorded.Request == hash ? 0 : 1;
        Rewrite(recorded with { Request = hash });
        return recorded;
    }

    private void Rewrite<T>(T line)
    {
        if (_rewritten is not null)
        {
            File.AppendAllText(_rewritten, JsonSerializer.Serialize(line, Options) + "\n");
        }
    }

    private ModelException Missing(string agent, int turn) =>
        new(ModelFailure.Rejected, $"the cassette {_path} has no reply for {agent}, turn {turn}");

    private ModelException NotFor(string agent, string whose) =>
        new(ModelFailure.Rejected, $"the cassette {_path} has {whose} replies for {agent}; record it again with the goal as it is");

    private void Add(Recorded recorded)
    {
        lock (_gate)
        {
            _replies[(recorded.Agent, recorded.Turn)] = recorded;
            File.AppendAllText(_path, JsonSerializer.Serialize(recorded, Options) + "\n");
        }
    }

    private static string ExactHashOf(string request) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request)))[..16];

    private static string HashOf(ModelRequest request) =>
        HashOf(JsonSerializer.Serialize(new { request.System, request.Messages, request.Tools }, Options));

    /// <summary>Numbers are left out: measured ones differ from run to run, and that is no drift.</summary>
    private static string HashOf(string request) => ExactHashOf(Numbers().Replace(request, "#"));

    [GeneratedRegex("[0-9]+([.,][0-9]+)*([eE][+-]?[0-9]+)?")]
    private static partial Regex Numbers();

    private sealed record RecordedOrder(string? Point, string? First);

    private sealed record Recorded(string Agent, int Turn, string Request, ModelReply Reply)
    {
        /// <summary>The hash of a program's request with its numbers; null for Godwit's own agents.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Exact { get; init; }

        /// <summary>The model that a program was told to ask for; null for Godwit's own agents.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Asked { get; init; }

        /// <summary>Of the body that a program got.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? ContentType { get; init; }

        /// <summary>What a program got, in its provider's words.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Body { get; init; }
    }
}
