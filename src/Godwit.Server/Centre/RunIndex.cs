using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Godwit.Agents;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Runs;
using Godwit.Verification;

namespace Godwit.Server.Centre;

/// <summary>
/// What all runs' journals say, in a file beside them: their words for full-text search (SQLite FTS5), and what calls of models cost. It is
/// made of the journals when it is first asked, follows them from then on, and can be deleted at any time.
/// </summary>
/// <param name="kinds">The kinds of runs there are.</param>
/// <param name="store">Where runs are.</param>
internal sealed class RunIndex(RunKinds kinds, RunStore store) : IAsyncDisposable
{
    // Another form of the file is made anew.
    private const int Version = 1;
    private const int LongestText = 64 << 10;
    private const int AtOnce = 2000;

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Fold> _folds = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _closing = new();
    private Database? _database;
    private Task? _following;

    /// <summary>The file.</summary>
    private string Path => System.IO.Path.Combine(store.Home, "index.db");

    /// <summary>The lines in which all of some words stand, or words that begin with them, the newest first.</summary>
    /// <param name="words">The words.</param>
    /// <param name="most">The most lines.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<SearchResult> SearchAsync(string words, int most, CancellationToken cancellation)
    {
        await FollowedAsync(cancellation);
        var terms = words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(word => $"\"{word.Replace("\"", "\"\"", StringComparison.Ordinal)}\"*");
        var hits = new List<SearchHit>();
        lock (_gate)
        {
            using var find = _database!.Prepare(
                "SELECT run, seq, part, agent, what, at, snippet(lines, 0, char(2), char(3), '…', 24) FROM lines WHERE lines MATCH ?1 " +
                "ORDER BY at DESC, rowid DESC LIMIT ?2");
            find.Bind(1, string.Join(' ', terms)).Bind(2, most);
            while (find.Step())
            {
                hits.Add(
                    new SearchHit(
                        find.Text(0), find.Long(1), (int)find.Long(2), find.Text(3), find.Text(4), DateTimeOffset.FromUnixTimeSeconds(find.Long(5)),
                        Visible.Of(find.Text(6), '\u0002', '\u0003')));
            }

            return new SearchResult(hits, Pending());
        }
    }

    /// <summary>What models were asked, and how long agents waited for people, by a part of each call.</summary>
    /// <param name="since">From when on.</param>
    /// <param name="by"><c>run</c>, <c>agent</c>, <c>role</c>, <c>model</c> or <c>day</c>.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ArgumentException">There is no such part.</exception>
    public async Task<Usage> UsageAsync(DateTimeOffset since, string by, CancellationToken cancellation)
    {
        if (by is not ("run" or "agent" or "role" or "model" or "day"))
        {
            throw new ArgumentException($"usage isn't known by '{by}'; there are run, agent, role, model and day");
        }

        await FollowedAsync(cancellation);
        lock (_gate)
        {
            var part = by == "day" ? "date(at, 'unixepoch')" : by;
            using var sum = _database!.Prepare(
                $"SELECT {part}, SUM(kind = 'answered'), SUM(kind = 'failed'), SUM(kind = 'retried'), SUM(tokens), SUM(microdollars), SUM(waited) " +
                $"FROM calls WHERE at >= ?1 GROUP BY 1 ORDER BY {(by == "day" ? "1" : "6 DESC, 2 DESC, 1")} LIMIT 500");
            sum.Bind(1, since.ToUnixTimeSeconds());
            var rows = new List<UsageRow>();
            while (sum.Step())
            {
                rows.Add(
                    new UsageRow(
                        sum.Text(0), sum.Long(1), sum.Long(2), sum.Long(3), sum.Long(4), sum.Long(5) / 1e6m, sum.Long(6)));
            }

            return new Usage(rows, Pending());
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        if (_following is not null)
        {
            await _following;
        }

        foreach (var fold in _folds.Values)
        {
            fold.Reader.Dispose();
        }

        _database?.Dispose();
        _closing.Dispose();
    }

    /// <summary>Begins to follow the journals where nobody has asked before, and waits a little while something isn't read.</summary>
    private async Task FollowedAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            _database ??= Open();
            _following ??= Task.Run(FollowAsync, CancellationToken.None);
        }

        for (var waited = TimeSpan.Zero; waited < Patience && Pending() > 0; waited += LookEvery)
        {
            await Task.Delay(LookEvery, TimeProvider.System, cancellation);
        }
    }

    private async Task FollowAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                // Reading takes the processor that a measurement needs.
                if (!MeasuringLock.IsHeld)
                {
                    ReadAll();
                }
            }
            catch (Exception trouble) when (trouble is IOException or UnauthorizedAccessException)
            {
                // The disk is full, or the file was deleted or spoilt: it is opened anew, and what isn't in it is read again.
                TryBegin();
            }

            await Task.Delay(Every, TimeProvider.System, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Reads what is new in all runs, and lets go of those that nobody works on any more.</summary>
    private void ReadAll()
    {
        if (!File.Exists(Path))
        {
            Begin();
        }

        List<RunFolder> all = [.. store.All(), .. store.Gateways(), .. store.Archived()];
        var ids = all.Select(folder => folder.Id).ToHashSet(StringComparer.Ordinal);
        var known = States();
        Forget([.. known.Keys.Where(run => !ids.Contains(run))]);
        foreach (var folder in all)
        {
            var (stamp, isOwned) = (VerifiedHead.StampOf(folder), RunLock.IsHeld(folder));
            if (known.GetValueOrDefault(folder.Id) != stamp)
            {
                Read(folder, stamp);
            }

            if (!isOwned)
            {
                LetGo(folder.Id);
            }

            if (_closing.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private Dictionary<string, string> States()
    {
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        lock (_gate)
        {
            using var states = _database!.Prepare("SELECT run, stamp FROM state");
            while (states.Step())
            {
                known[states.Text(0)] = states.Text(1);
            }
        }

        return known;
    }

    /// <summary>How many runs nobody has read yet. One that goes on is read every other second, and isn't waited for.</summary>
    private int Pending()
    {
        var known = States();
        return store.All().Concat(store.Gateways()).Concat(store.Archived()).Count(folder => !known.ContainsKey(folder.Id));
    }

    private void Read(RunFolder folder, string stamp)
    {
        if (FoldOf(folder) is not { } fold || !TryRead(() => fold.Events.Next(fold.Reader, fold.Reader.LastSequence()).GetEnumerator(), out var events))
        {
            GiveUp(folder, stamp);
            return;
        }

        using (events)
        {
            var batch = new List<RunEvent>();
            while (TryRead(events.MoveNext, out var isThere))
            {
                if (!isThere)
                {
                    Write(folder.Id, fold, batch, stamp);
                    return;
                }

                // An entry's events are written together, with how far the run is read: over a crash nothing is counted twice.
                if (batch.Count >= AtOnce && events.Current.Sequence != batch[^1].Sequence)
                {
                    Write(folder.Id, fold, batch, "");
                    batch.Clear();
                    if (_closing.IsCancellationRequested)
                    {
                        return;
                    }
                }

                batch.Add(events.Current);
            }
        }

        GiveUp(folder, stamp);
    }

    /// <summary>Reads something of a journal. One that can't be read keeps none of the others from being read.</summary>
    private static bool TryRead<T>(Func<T> read, [MaybeNullWhen(false)] out T found)
    {
        try
        {
            found = read();
            return true;
        }
        catch (Exception unreadable) when (
            unreadable is JournalException or IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
        {
            found = default;
            return false;
        }
    }

    /// <summary>Leaves a run alone that can't be read, until it has changed; its page says why.</summary>
    private void GiveUp(RunFolder folder, string stamp)
    {
        Forget([folder.Id]);
        Note(folder.Id, stamp, 0);
    }

    private void LetGo(string run)
    {
        if (_folds.Remove(run, out var fold))
        {
            fold.Reader.Dispose();
        }
    }

    private void TryBegin()
    {
        try
        {
            Begin();
        }
        catch (Exception trouble) when (trouble is IOException or UnauthorizedAccessException)
        {
            // It is tried again at the next turn.
        }
    }

    private void Begin()
    {
        lock (_gate)
        {
            _folds.Keys.ToList().ForEach(LetGo);
            var fresh = Open();
            _database?.Dispose();
            _database = fresh;
        }
    }

    /// <summary>What is known of a run that is read; null where it can't be.</summary>
    private Fold? FoldOf(RunFolder folder)
    {
        if (_folds.TryGetValue(folder.Id, out var open))
        {
            return open;
        }

        if (!TryRead(() => JournalReader.OpenVerified(folder), out var reader))
        {
            return null;
        }

        long known;
        lock (_gate)
        {
            using var state = _database!.Prepare("SELECT seq FROM state WHERE run = ?1");
            known = state.Bind(1, folder.Id).Step() ? state.Long(0) : 0;
        }

        // An older copy of a journal, in the place of a newer one: it is read anew.
        if (known > reader.LastSequence())
        {
            Forget([folder.Id]);
            known = 0;
        }

        var fold = new Fold(reader, new RunEvents(kinds.Unread(reader), detailed: true), known);
        _folds[folder.Id] = fold;
        return fold;
    }

    private void Write(string run, Fold fold, IReadOnlyList<RunEvent> batch, string stamp)
    {
        lock (_gate)
        {
            _database!.Execute("BEGIN");
            try
            {
                Insert(run, fold, batch);
                fold.Written = batch.Count > 0 ? batch[^1].Sequence : fold.Written;
                Note(run, stamp, fold.Written);
                _database.Execute("COMMIT");
            }
            catch (IOException)
            {
                _database.Execute("ROLLBACK");
                throw;
            }
        }
    }

    private void Insert(string run, Fold fold, IReadOnlyList<RunEvent> batch)
    {
        using var line = _database!.Prepare("INSERT INTO lines(text, run, seq, part, agent, what, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
        using var call = _database.Prepare(
            "INSERT INTO calls(run, at, agent, role, model, kind, tokens, microdollars, waited) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
        foreach (var happened in batch)
        {
            var part = fold.Parts.Of(happened);
            var isNew = happened.Sequence > fold.Known;
            switch (happened)
            {
                case RunEvent.OfAgent { Event: AgentEvent.Said said } when isNew:
                    Line(happened, part, said.Agent, said.What, said.Text);
                    break;
                case RunEvent.CommandRan ran when isNew:
                    Line(happened, part, "", ran.Of, $"{ran.Command.Phase}: {ran.Command.Command}");
                    break;
                case RunEvent.OfAgent { Event: AgentEvent.Charged { } charged } when isNew && (charged.Cost is not null || !charged.IsAnswered):
                    var kind = charged.IsAnswered ? "answered" : charged.Cost is { InFlight: true } ? "retried" : "failed";
                    Call(happened, charged.Agent, charged.Cost?.Role ?? "", charged.Cost?.Model ?? "", kind, charged.Cost, 0);
                    break;
                case RunEvent.OfAgent { Event: AgentEvent.Asked { Approval: var open } }:
                    fold.Waits[open.Process] = (open.Asked.Agent, happened.At);
                    break;
                case RunEvent.OfAgent { Event: AgentEvent.Answered { Process: var answered } } when fold.Waits.Remove(answered, out var wait):
                    Waited(happened, wait, isNew);
                    break;
                case RunEvent.OfAgent { Event: AgentEvent.WaitExpired { Process: var expired } } when fold.Waits.Remove(expired, out var wait):
                    Waited(happened, wait, isNew);
                    break;
            }
        }

        void Line(RunEvent happened, int part, string agent, string what, string text)
        {
            line.Bind(1, text[..Math.Min(text.Length, LongestText)]).Bind(2, run).Bind(3, happened.Sequence).Bind(4, part).Bind(5, agent).Bind(6, what)
                .Bind(7, happened.At.ToUnixTimeSeconds());
            line.Run();
        }

        void Waited(RunEvent happened, (string Agent, DateTimeOffset Since) wait, bool isNew)
        {
            if (isNew)
            {
                Call(happened, wait.Agent, "", "", "waited", null, (long)(happened.At - wait.Since).TotalSeconds);
            }
        }

        void Call(RunEvent happened, string agent, string role, string model, string kind, CostLine? cost, long waited)
        {
            call.Bind(1, run).Bind(2, happened.At.ToUnixTimeSeconds()).Bind(3, agent).Bind(4, role).Bind(5, model).Bind(6, kind)
                .Bind(7, cost?.Charge.Tokens ?? 0).Bind(8, (long)((cost?.Charge.Dollars ?? 0) * 1_000_000)).Bind(9, waited);
            call.Run();
        }
    }

    private void Note(string run, string stamp, long sequence)
    {
        lock (_gate)
        {
            using var state = _database!.Prepare("INSERT OR REPLACE INTO state(run, stamp, seq) VALUES (?1, ?2, ?3)");
            state.Bind(1, run).Bind(2, stamp).Bind(3, sequence).Run();
        }
    }

    private void Forget(IEnumerable<string> runs)
    {
        foreach (var run in runs)
        {
            LetGo(run);
            lock (_gate)
            {
                foreach (var table in (string[])["lines", "calls", "state"])
                {
                    using var delete = _database!.Prepare($"DELETE FROM {table} WHERE run = ?1");
                    delete.Bind(1, run).Run();
                }
            }
        }
    }

    private Database Open()
    {
        Directory.CreateDirectory(store.Home);
        try
        {
            var database = Database.OpenOrCreate(Path);
            if (database.QueryLong("PRAGMA user_version") == Version)
            {
                return database;
            }

            database.Dispose();
        }
        catch (DatabaseException broken) when (broken.Corrupt)
        {
            // It is made of the journals again.
        }

        File.Delete(Path);
        var made = Database.OpenOrCreate(Path);
        made.Execute(
            "PRAGMA synchronous = OFF;" +
            "CREATE TABLE state(run TEXT PRIMARY KEY, stamp TEXT NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;" +
            "CREATE VIRTUAL TABLE lines USING fts5(text, run UNINDEXED, seq UNINDEXED, part UNINDEXED, agent UNINDEXED, what UNINDEXED, at UNINDEXED);" +
            "CREATE TABLE calls(run TEXT NOT NULL, at INTEGER NOT NULL, agent TEXT NOT NULL, role TEXT NOT NULL, model TEXT NOT NULL, " +
            "kind TEXT NOT NULL, tokens INTEGER NOT NULL, microdollars INTEGER NOT NULL, waited INTEGER NOT NULL);" +
            "CREATE INDEX calls_at ON calls(at);" +
            string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {Version};"));
        return made;
    }

    /// <summary>A run that is being read.</summary>
    private sealed class Fold(JournalReader reader, RunEvents events, long known)
    {
        public JournalReader Reader => reader;

        public RunEvents Events => events;

        /// <summary>Up to where it was in the file when this began.</summary>
        public long Known { get; } = known;

        /// <summary>Up to where it is in the file by now.</summary>
        public long Written { get; set; } = known;

        /// <summary>Who waits for a person, and since when, by the process.</summary>
        public Dictionary<long, (string Agent, DateTimeOffset Since)> Waits { get; } = [];

        /// <summary>Where lines stand among those of their entries.</summary>
        public EntryParts Parts { get; } = new();
    }
}

/// <summary>A line in which words were found.</summary>
/// <param name="Run">The run.</param>
/// <param name="Seq">The entry.</param>
/// <param name="Part">Its place among the entry's lines.</param>
/// <param name="Agent">The agent; empty for the run itself.</param>
/// <param name="What">What it is.</param>
/// <param name="At">When.</param>
/// <param name="Text">What stands around the words; each begins behind U+0002 and ends before U+0003.</param>
public sealed record SearchHit(string Run, long Seq, int Part, string Agent, string What, DateTimeOffset At, string Text);

/// <summary>What was found.</summary>
/// <param name="Hits">The newest first.</param>
/// <param name="Pending">How many runs nobody has read yet.</param>
public sealed record SearchResult(IReadOnlyList<SearchHit> Hits, int Pending);

/// <summary>What a run, agent, role, model or day has used.</summary>
/// <param name="Name">Which.</param>
/// <param name="Calls">Calls of models that were answered.</param>
/// <param name="Failed">Calls that failed.</param>
/// <param name="Retried">Calls that were in flight when their owner died, and were paid again.</param>
/// <param name="Tokens">Tokens of both directions.</param>
/// <param name="Dollars">What they cost, in US dollars.</param>
/// <param name="WaitedSeconds">How long agents waited for people, in seconds.</param>
public sealed record UsageRow(string Name, long Calls, long Failed, long Retried, long Tokens, decimal Dollars, long WaitedSeconds);

/// <summary>What was used.</summary>
/// <param name="Rows">The most expensive first; days in their order.</param>
/// <param name="Pending">How many runs nobody has read yet.</param>
public sealed record Usage(IReadOnlyList<UsageRow> Rows, int Pending);
