using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Runs;
using Godwit.Workspaces;

namespace Godwit.Server.Centre;

/// <summary>
/// A run that somebody looks at: what its journal tells, folded once for all who look, by the same code as the terminal's view. Rows keep
/// one line; the whole of one is read from the journal again.
/// </summary>
internal sealed class LiveRun : IDisposable
{
    private const int LongestRow = 240;
    private const int LongestPatch = 2 << 20;
    private const int HashLetters = 8;
    private const int AskEvery = 1000;
    private const int EncodeEvery = 300;

    private readonly Lock _gate = new();
    private readonly JournalReader _reader;
    private readonly RunView _view;
    private readonly RunNarrator _narrator;
    private readonly RunEvents _details;
    private readonly List<Row> _rows = [];
    private readonly Dictionary<string, AgentRow> _agents = new(StringComparer.Ordinal);
    private readonly Dictionary<long, string> _processes = [];
    private readonly List<(DateTimeOffset At, decimal Dollars)> _costs = [];
    private (long Sequence, RunStatus Status, bool IsOwned, byte[] Json)? _encoded;
    private readonly EntryParts _parts = new();
    private readonly bool _isBare;
    private bool _isOwned;
    private readonly Dictionary<string, DateTimeOffset> _since = new(StringComparer.Ordinal);
    private RowFrame? _frame;
    private RunStatus _status;
    private long _askedAt = -AskEvery;
    private long _encodedAt;

    public LiveRun(RunKinds kinds, RunFolder folder)
    {
        _reader = JournalReader.OpenVerified(folder);
        _view = kinds.Unread(_reader);
        _narrator = _view.Narrator();
        _details = new RunEvents(_view, detailed: true);
        _isBare = IsBare(_reader);
        Refresh();
    }

    /// <summary>The run's folder.</summary>
    public RunFolder Folder => _reader.Folder;

    /// <summary>What it hands over as evidence, a file's name; null for none.</summary>
    public string? Evidence => Directory.Exists(Folder.Evidence)
        ? Directory.EnumerateFiles(Folder.Evidence, "*.evidence.json").Select(Path.GetFileName).Order(StringComparer.Ordinal).FirstOrDefault()
        : null;

    /// <summary>The last entry that was read.</summary>
    private long Sequence => Math.Max(_view.Sequence, _details.Sequence);

    /// <summary>Takes up what is new.</summary>
    public void Refresh()
    {
        lock (_gate)
        {
            var known = _rows.Count;
            var upTo = _reader.LastSequence();
            foreach (var happened in _view.Update(_reader, upTo))
            {
                _rows.AddRange(
                    _narrator.Tell(happened)
                        .Select(line => Cut(happened.Sequence, happened.At, null, line.Label, line.Text, line.Tone)));
            }

            foreach (var happened in _details.Next(_reader, upTo))
            {
                var part = _parts.Of(happened);
                switch (happened)
                {
                    case RunEvent.OfAgent ofAgent:
                        Fold(ofAgent, part);
                        break;
                    case RunEvent.CommandRan ran:
                        var row = Cut(ran.Sequence, ran.At, null, ran.Of, InWords(ran), ran.Command.ExitCode == 0 ? Tone.Dim : Tone.Bad);
                        _rows.Add(row with { Part = part, IsCut = row.IsCut || ran.Command.Log is not null });
                        break;
                }
            }

            // Two folds of one journal: rows stand in the order of its entries.
            var news = _rows[known..].OrderBy(row => row.Seq).ToList();
            _rows.RemoveRange(known, news.Count);
            _rows.AddRange(news);
        }
    }

    /// <summary>The run as it stands.</summary>
    public LiveState State()
    {
        lock (_gate)
        {
            var row = RunCatalog.RowOf(_view);
            return new LiveState(
                HeadAt(Sequence), row, [.. _view.Summary], _view.PlannedTasks, _view.TriedTrials, [.. Agents()], [.. Asks()],
                _view.CanBeSteered, RunLock.IsHeld(Folder), _view.Deliverable is not null, Evidence, _view.ToJson(row.State));
        }
    }

    /// <summary>The run and its newest rows, as they were at one moment.</summary>
    /// <param name="most">The most rows.</param>
    public RunSnapshot Snapshot(int most)
    {
        lock (_gate)
        {
            Refresh();
            return new RunSnapshot(State(), Before(long.MaxValue, null, most).Rows);
        }
    }

    /// <summary>The state as it is sent, made once for all who look.</summary>
    public byte[] StateEvent()
    {
        lock (_gate)
        {
            // Whether a run has an owner is asked of the file system; once a second is enough for all who look.
            if (Environment.TickCount64 - _askedAt >= AskEvery)
            {
                (_askedAt, _status, _isOwned) = (Environment.TickCount64, _view.Status, RunLock.IsHeld(Folder));
            }

            var isNew = _encoded is not { } known || (known.Sequence, known.Status, known.IsOwned) != (Sequence, _status, _isOwned);
            if (_encoded is null || (isNew && Environment.TickCount64 - _encodedAt >= EncodeEvery))
            {
                _encodedAt = Environment.TickCount64;
                _encoded = (Sequence, _status, _isOwned, EventStream.EventOf("state", null, CentreJson.Bytes(State())));
            }

            return _encoded.Value.Json;
        }
    }

    /// <summary>The rows after an entry, at most so many, to the end of an entry's own.</summary>
    /// <param name="after">The entry.</param>
    /// <param name="most">About how many.</param>
    public IReadOnlyList<Row> After(long after, int most)
    {
        lock (_gate)
        {
            var from = IndexAfter(after);
            var to = Math.Min(_rows.Count, from + most);
            while (to < _rows.Count && to > from && _rows[to].Seq == _rows[to - 1].Seq)
            {
                to++;
            }

            return _rows[from..to];
        }
    }

    /// <summary>The rows after an entry as they are sent, made once for all who stand there; null where there are none.</summary>
    /// <param name="after">The entry.</param>
    /// <param name="most">About how many.</param>
    public RowFrame? FrameAfter(long after, int most)
    {
        lock (_gate)
        {
            var rows = After(after, most);
            if (rows.Count == 0)
            {
                return null;
            }

            if (_frame is not { } frame || frame.After != after || frame.Last != rows[^1].Seq)
            {
                _frame = frame = new RowFrame(after, rows[^1].Seq, EventStream.EventOf("rows", HeadAt(rows[^1].Seq), CentreJson.Bytes(rows)));
            }

            return frame;
        }
    }

    /// <summary>How many rows there are after an entry.</summary>
    public int CountAfter(long after)
    {
        lock (_gate)
        {
            return _rows.Count - IndexAfter(after);
        }
    }

    /// <summary>The newest rows before an entry.</summary>
    /// <param name="before">The entry.</param>
    /// <param name="agent">Of this agent alone; null for all rows.</param>
    /// <param name="most">The most.</param>
    public RowPage Before(long before, string? agent, int most)
    {
        lock (_gate)
        {
            var page = new List<Row>();
            var index = (before == long.MaxValue ? _rows.Count : IndexAfter(before - 1)) - 1;
            for (; index >= 0 && (page.Count < most || _rows[index].Seq == page[^1].Seq); index--)
            {
                if (agent is null || _rows[index].Agent == agent)
                {
                    page.Add(_rows[index]);
                }
            }

            page.Reverse();
            var hasMore = index >= 0 && (agent is null || _rows.FindLastIndex(index, row => row.Agent == agent) >= 0);
            return new RowPage(page, hasMore);
        }
    }

    /// <summary>All words of what an entry tells of somebody; null where it tells nothing.</summary>
    /// <param name="sequence">The entry.</param>
    /// <param name="part">The row's place among those of the entry that tell of agents and commands, from 0.</param>
    public string? TextOf(long sequence, int part)
    {
        lock (_gate)
        {
            // The fold is asked for the entry once more, as it knows who its processes are.
            return _details.Again(_reader, sequence).Select(WholeOf).OfType<string>().ElementAtOrDefault(part);
        }
    }

    private string? WholeOf(RunEvent happened) => happened switch
    {
        RunEvent.OfAgent { Event: AgentEvent.Said said } => Visible.Of(said.Text),
        RunEvent.CommandRan { Command.Log: { } log } ran => Visible.Of($"{InWords(ran)}\n\n{Encoding.UTF8.GetString(_reader.Blob(log))}"),
        RunEvent.CommandRan ran => InWords(ran),
        _ => null,
    };

    /// <summary>What waits for a person.</summary>
    public IReadOnlyList<Ask> AsksNow()
    {
        lock (_gate)
        {
            return [.. Asks()];
        }
    }

    /// <summary>Looks at the view while nothing changes it.</summary>
    public T Read<T>(Func<RunView, JournalReader, T> look)
    {
        lock (_gate)
        {
            return look(_view, _reader);
        }
    }

    /// <summary>What can be drawn of it.</summary>
    public IReadOnlyList<RunPlot> Plots()
    {
        lock (_gate)
        {
            return [.. _view.Plots, .. RunPlot.Costs(_view.Started, _costs) is { } costs ? [costs] : (RunPlot[])[]];
        }
    }

    /// <summary>When its agents were at work.</summary>
    public RunTimeline Timeline()
    {
        lock (_gate)
        {
            return RunTimeline.Of([.. Agents()], _rows);
        }
    }

    /// <summary>What an agent has changed so far, as a patch; null where there is no such agent.</summary>
    /// <param name="agent">Its name; null for what the run hands over.</param>
    /// <param name="cancellation">Ends the work.</param>
    public async Task<Changes?> ChangesAsync(string? agent, CancellationToken cancellation)
    {
        RunDeliverable? deliverable;
        lock (_gate)
        {
            deliverable = _view.Deliverable;
        }

        // A reader of its own: transcripts are read here, and nobody else waits for that.
        using var reader = JournalReader.OpenVerified(Folder);
        var trees = agent is not null ? AgentFiles.Of(reader, agent) : deliverable is null ? null : (deliverable.BaseCommit, deliverable.Commit);
        if (trees is not { } there)
        {
            return null;
        }

        var isSame = there.Base == there.Tree || there.Base.Length == 0 || !Directory.Exists(Folder.Repository);
        var (patch, isCut) = isSame ? ("", false) : await new RunRepository(Folder.Repository).DiffAsync(there.Base, there.Tree, LongestPatch, cancellation);
        return new Changes(there.Tree, Visible.Of(patch), isCut);
    }

    /// <summary>Where the journal stands at an entry, so that another journal, or an older copy of it, is told apart.</summary>
    public string HeadAt(long sequence) => $"{_reader.Run}:{sequence}:{_reader.HashOf(sequence)?[..HashLetters] ?? "0"}";

    public void Dispose()
    {
        lock (_gate)
        {
            _reader.Dispose();
        }
    }

    private static Row Cut(long sequence, DateTimeOffset at, string? agent, string what, string text, Tone tone)
    {
        var line = Visible.Of(text[..Math.Min(text.Length, LongestRow)].ReplaceLineEndings(" ").Trim());
        return new Row(sequence, at, agent, what, line, text.Length > LongestRow || text.Contains('\n', StringComparison.Ordinal), tone);
    }

    private static string InWords(RunEvent.CommandRan ran) =>
        string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{ran.Command.Phase}: {ran.Command.Command} (exit code {ran.Command.ExitCode}, {ran.Command.Seconds:0.0} s)");

    private void Fold(RunEvent.OfAgent happened, int part)
    {
        switch (happened.Event)
        {
            case AgentEvent.Started started:
                _processes[started.Process] = started.Agent;
                _agents[started.Agent] = new AgentRow(started.Agent, "working", happened.At, happened.At, 0, 0, "");
                break;
            case AgentEvent.Said said:
                var tone = said.What switch { "failed" => Tone.Bad, "says" or "submits" => Tone.Plain, "saw" or "ends" => Tone.Strong, _ => Tone.Dim };
                var row = Cut(happened.Sequence, happened.At, said.Agent, said.What, said.Text, tone) with { Part = part };
                _rows.Add(row);
                Change(said.Agent, agent => agent with { LastEvent = happened.At, Last = $"{said.What} {row.Text}" });
                break;
            case AgentEvent.Charged { Cost: { } cost } charged:
                _costs.Add((happened.At, cost.Charge.Dollars));

                // Whoever started an agent has its cost too: its name begins with theirs.
                for (var name = charged.Agent; name.Length > 0; name = name.Contains('.', StringComparison.Ordinal) ? name[..name.LastIndexOf('.')] : "")
                {
                    Change(name, agent => agent with
                    {
                        Calls = agent.Calls + (charged.IsAnswered ? 1 : 0),
                        Dollars = agent.Dollars + cost.Charge.Dollars,
                    });
                }

                break;
            case AgentEvent.Ended ended when _processes.TryGetValue(ended.Process, out var name):
                Change(name, agent => agent with { State = "ended", LastEvent = happened.At });
                break;
        }
    }

    private void Change(string name, Func<AgentRow, AgentRow> change)
    {
        if (_agents.TryGetValue(name, out var agent))
        {
            _agents[name] = change(agent);
        }
    }

    private IEnumerable<AgentRow> Agents()
    {
        var waiting = _view.Agents.Approvals.Select(open => open.Asked.Agent).ToHashSet(StringComparer.Ordinal);
        foreach (var agent in _agents.Values)
        {
            yield return agent.State == "ended" || _view.HasEnded ? agent with { State = "ended" }
                : waiting.Contains(agent.Name) ? agent with { State = "waiting" }
                : Steering.IsPaused(_view.Orders, agent.Name) ? agent with { State = "paused" }
                : agent;
        }
    }

    private IEnumerable<Ask> Asks()
    {
        // What waits again, later, waits since then.
        foreach (var old in _since.Keys.Where(id => _view.Questions.All(one => one.Signal != id) && _view.Parked.All(one => IdOf(one) != id)).ToList())
        {
            _since.Remove(old);
        }

        if (_view.HasEnded)
        {
            yield break;
        }

        foreach (var open in _view.Agents.Approvals)
        {
            var asked = open.Asked;
            var isQuestion = asked.Rule == Approvals.Question;
            yield return Of(
                isQuestion ? "question" : "approval", $"{open.Process}/{asked.Name}", open.At, asked.Agent,
                isQuestion ? "asks you" : $"wants {asked.Tool}", asked.Arguments, isQuestion ? null : asked.Rule, open.At + Approvals.Deadline);
        }

        foreach (var question in _view.Questions)
        {
            yield return Of("plan", question.Signal, SinceOf(question.Signal), null, question.Title, question.Detail, null, null);
        }

        foreach (var parked in _view.Parked)
        {
            var id = IdOf(parked);
            yield return Of("parked", id, SinceOf(id), null, "is parked", parked.Reason, null, null);
        }
    }

    private Ask Of(
        string kind, string id, DateTimeOffset since, string? who, string title, string detail, string? rule, DateTimeOffset? deadline)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', _view.Run, kind, id, who, title, rule, detail)));
        return new Ask(
            _view.Run, _view.Title, kind, id, Convert.ToHexStringLower(hash), since, who, Visible.Of(title), Visible.Of(detail), rule, deadline,
            _isBare);
    }

    private static string IdOf(ParkedWork parked) => $"{parked.Process}/{parked.Key}";

    /// <summary>When it was first seen to wait: what waits keeps its place while other things happen.</summary>
    private DateTimeOffset SinceOf(string id)
    {
        _since.TryAdd(id, _view.LastEvent);
        return _since[id];
    }

    /// <summary>Whether a run has no sandbox, as its input says.</summary>
    private static bool IsBare(JournalReader reader)
    {
        var input = RootProcess.Input(reader);
        if (input.Span is not [(byte)'{', ..])
        {
            return false;
        }

        using var json = JsonDocument.Parse(input);
        return json.RootElement.TryGetProperty("sandbox", out var sandbox) && sandbox.ValueKind == JsonValueKind.String && sandbox.ValueEquals("none");
    }

    private int IndexAfter(long after)
    {
        var (low, high) = (0, _rows.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _rows[middle].Seq <= after ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}

/// <summary>Rows as they are sent.</summary>
/// <param name="After">The entry that they come after.</param>
/// <param name="Last">The last entry that they tell of.</param>
/// <param name="Event">The rows.</param>
internal sealed record RowFrame(long After, long Last, byte[] Event);
