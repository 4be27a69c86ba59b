using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Godwit.Models;

/// <summary>Recorded replies in a file of JSON lines. Matched by agent and turn; a request that isn't the recorded one is drift.</summary>
public sealed partial class Cassette
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly Dictionary<(string Agent, int Turn), Recorded> _replies = [];

    private Cassette(string path, bool recording)
    {
        _path = path;
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
    /// <exception cref="FormatException">A line can't be read.</exception>
    public static Cassette Open(string path, bool recording)
    {
        var cassette = new Cassette(path, recording);
        var lines = File.Exists(path) ? File.ReadAllLines(path) : recording ? [] : throw new FormatException($"there is no cassette {path}; record one with --record {path}");
        for (var number = 1; number <= lines.Length; number++)
        {
            try
            {
                var recorded = JsonSerializer.Deserialize<Recorded>(lines[number - 1], Options)!;
                cassette._replies[(recorded.Agent, recorded.Turn)] = recorded;
            }
            catch (JsonException error)
            {
                throw new FormatException($"{path}:{number}: {error.Message}; record it again or take the line out");
            }
        }

        return cassette;
    }

    /// <summary>The recorded reply; null where there is none and the cassette is recording.</summary>
    /// <exception cref="ModelException">There is none, and it isn't.</exception>
    public ModelReply? Find(ModelRequest request)
    {
        lock (_gate)
        {
            if (!_replies.TryGetValue((request.Agent, request.Turn), out var recorded))
            {
                return IsRecording ? null : throw new ModelException(ModelFailure.Rejected, $"the cassette {_path} has no reply for {request.Agent}, turn {request.Turn}");
            }

            Played++;
            Drifted += recorded.Request == HashOf(request) ? 0 : 1;
            return recorded.Reply;
        }
    }

    /// <summary>Adds a reply; it is in the file when this returns.</summary>
    public void Record(ModelRequest request, ModelReply reply)
    {
        lock (_gate)
        {
            var recorded = new Recorded(request.Agent, request.Turn, HashOf(request), reply);
            _replies[(request.Agent, request.Turn)] = recorded;
            File.AppendAllText(_path, JsonSerializer.Serialize(recorded, Options) + "\n");
        }
    }

    /// <summary>Numbers are left out: measured ones differ from run to run, and that is no drift.</summary>
    private static string HashOf(ModelRequest request) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Numbers().Replace(JsonSerializer.Serialize(new { request.System, request.Messages, request.Tools }, Options), "#"))))[..16];

    [GeneratedRegex("[0-9]+([.,][0-9]+)*([eE][+-]?[0-9]+)?")]
    private static partial Regex Numbers();

    private sealed record Recorded(string Agent, int Turn, string Request, ModelReply Reply);
}
