using System.Globalization;
using System.Text;
using Godwit.Sandbox;

namespace Godwit.Verification;

/// <summary>
/// Godwit's side of a challenge: waits for <c>READY</c>, then sends a fresh seed and times until the line <c>ANSWER ...</c>, as
/// often as there are rounds. All other lines are the process's own. Nobody knows a seed before it is sent.
/// </summary>
/// <param name="seeds">The seeds, one a round.</param>
/// <param name="time">The clock.</param>
internal sealed class ChallengeDialogue(IReadOnlyList<ulong> seeds, TimeProvider time)
{
    private const string Ready = "READY";
    private const string Answer = "ANSWER";
    private const int LongestLine = 1 << 20;

    /// <summary>The answers so far.</summary>
    public List<string> Answers { get; } = [];

    /// <summary>Seconds until each of them.</summary>
    public List<double> Seconds { get; } = [];

    /// <summary>Whether the process said that it is warm.</summary>
    public bool IsReady { get; private set; }

    /// <summary>What the dialogue lacks; null where every round was answered.</summary>
    public string? Missing => !IsReady ? $"it never printed {Ready}"
        : Answers.Count < seeds.Count
            ? string.Create(
                CultureInfo.InvariantCulture, $"it answered {Answers.Count} of {seeds.Count} rounds; an answer is a line '{Answer} ...'")
            : null;

    /// <summary>Talks until the process's output ends; what isn't an answer goes to <paramref name="log"/>.</summary>
    public void Talk(Stream input, Stream output, CappedOutput log)
    {
        try
        {
            IsReady = Find(output, log, line => line == Ready) is not null;
            foreach (var seed in IsReady ? seeds : [])
            {
                var line = Encoding.ASCII.GetBytes(seed.ToString(CultureInfo.InvariantCulture) + "\n");
                var start = time.GetTimestamp();
                input.Write(line);
                input.Flush();
                if (Find(output, log, line => line == Answer || line.StartsWith(Answer + " ", StringComparison.Ordinal)) is not { } answer)
                {
                    break;
                }

                Seconds.Add(time.GetElapsedTime(start).TotalSeconds);
                Answers.Add(answer[Answer.Length..].Trim());
            }

            input.Close();
            while (Find(output, log, _ => false) is not null)
            {
            }
        }
        catch (IOException)
        {
            // It ended before the last round; Missing says so.
        }
    }

    private readonly byte[] _buffer = new byte[8192];
    private int _start;
    private int _end;

    private string? Find(Stream output, CappedOutput log, Func<string, bool> wanted)
    {
        while (ReadLine(output) is { } line)
        {
            if (wanted(line))
            {
                return line;
            }

            log.Add(Encoding.UTF8.GetBytes(line + "\n"));
        }

        return null;
    }

    private string? ReadLine(Stream output)
    {
        var line = new List<byte>();
        while (true)
        {
            if (_start == _end)
            {
                (_start, _end) = (0, output.Read(_buffer));
                if (_end == 0)
                {
                    return line.Count == 0 ? null : Encoding.UTF8.GetString([.. line]);
                }
            }

            var span = _buffer.AsSpan(_start, _end - _start);
            var stop = span.IndexOf((byte)'\n');
            line.AddRange(stop < 0 ? span : span[..stop]);
            _start = stop < 0 ? _end : _start + stop + 1;
            if (stop >= 0 || line.Count > LongestLine)
            {
                return Encoding.UTF8.GetString([.. line]).TrimEnd('\r');
            }
        }
    }
}
