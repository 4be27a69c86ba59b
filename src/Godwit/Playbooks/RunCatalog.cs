using System.Text.Json;
using Godwit.Durable.Journal;
using Godwit.Runs;

namespace Godwit.Playbooks;

/// <summary>A run in one row.</summary>
/// <param name="Run">Its id.</param>
/// <param name="State">How it stands.</param>
/// <param name="Started">When it was started; the default where its journal can't be read.</param>
/// <param name="Goal">What it is for; empty where its journal can't be read.</param>
/// <param name="Reason">How it ended, why it waits, or why it can't be read; null where there is nothing to say.</param>
/// <param name="Folder">Where it stands.</param>
public sealed record RunRow(string Run, RunStatus State, DateTimeOffset Started, string Goal, string? Reason, string Folder)
{
    /// <summary>Its playbook; empty where its journal can't be read.</summary>
    public string Playbook { get; init; } = "";

    /// <summary>When the last thing happened that a view tells of.</summary>
    public DateTimeOffset LastEvent { get; init; }

    /// <summary>What is going on, or how it ended, in one line.</summary>
    public string Progress { get; init; } = "";

    /// <summary>What models have cost, in US dollars.</summary>
    public decimal Dollars { get; init; }

    /// <summary>What is reserved beside that for calls in flight, in US dollars.</summary>
    public decimal Reserved { get; init; }

    /// <summary>The most money for models, in US dollars; null for no limit.</summary>
    public decimal? MostDollars { get; init; }

    /// <summary>How many agents are at work.</summary>
    public int AgentsAtWork { get; init; }

    /// <summary>How many things wait for a person.</summary>
    public int Asks { get; init; }
}

/// <summary>
/// The rows of all runs. A run that nobody owns and whose files are as they were isn't read again: a thousand of them take the time of one
/// file.
/// </summary>
/// <param name="kinds">The kinds of runs there are.</param>
/// <param name="store">Where runs are.</param>
/// <param name="live">The row of a run that goes on, for who follows it anyway; null where it has to be read.</param>
public sealed class RunCatalog(RunKinds kinds, RunStore store, Func<RunFolder, RunRow?>? live = null)
{
    private readonly Lock _gate = new();
    private Dictionary<string, Kept>? _known;
    private IReadOnlyList<RunRow>? _rows;
    private DateTime _readAt;
    private bool _changed;

    private string Cache => Path.Combine(store.Home, "catalog.json");

    private sealed record Kept(string Stamp, RunRow Row);

    /// <summary>The rows, the newest run first; gateways last.</summary>
    /// <param name="looksAtAll">Whether runs that have ended are looked at again, too; else only the others are, and what is new.</param>
    public IReadOnlyList<RunRow> Rows(bool looksAtAll = true)
    {
        lock (_gate)
        {
            _known ??= Read();
            var changedAt = ChangedAt();
            if (looksAtAll || _rows is null || _readAt != changedAt)
            {
                (_readAt, _changed) = (changedAt, false);
                _rows = [.. store.All().Concat(store.Gateways()).Select(Look)];
            }
            else
            {
                _rows = [.. _rows.Select(row => IsOver(row) ? row : Look(new RunFolder(row.Folder)))];
            }

            if (_changed)
            {
                Keep(_rows);
            }

            return _rows;
        }
    }

    /// <summary>The rows of some runs, read anew.</summary>
    public IReadOnlyList<RunRow> RowsOf(IEnumerable<RunFolder> runs) => [.. runs.Select(RowOf)];

    /// <summary>Whether a run has ended; one that couldn't be read may only be at its beginning.</summary>
    private static bool IsOver(RunRow row) => row.Playbook.Length > 0
        && row.State is not (RunStatus.Running or RunStatus.Waiting or RunStatus.Stopped or RunStatus.Parked);

    /// <summary>When a run was added or taken away last.</summary>
    private DateTime ChangedAt()
    {
        var places = ((string[])["runs", "gateways"]).Select(place => Path.Combine(store.Home, place)).Where(Directory.Exists);
        return places.Select(Directory.GetLastWriteTimeUtc).DefaultIfEmpty().Max();
    }

    private RunRow Look(RunFolder folder)
    {
        var (stamp, isOwned) = (VerifiedHead.StampOf(folder), RunLock.IsHeld(folder));
        if (_known!.TryGetValue(folder.Path, out var kept) && kept.Stamp == stamp && !isOwned)
        {
            return kept.Row;
        }

        var row = (isOwned ? live?.Invoke(folder) : null) ?? RowOf(folder);
        if (row.Playbook.Length > 0 && row.State is not (RunStatus.Running or RunStatus.Waiting))
        {
            (_known[folder.Path], _changed) = (new Kept(stamp, row), true);
        }

        return row;
    }

    /// <summary>The row of a run as it stands.</summary>
    public static RunRow RowOf(RunView view)
    {
        var costs = view.Agents.Costs;
        return new RunRow(view.Run, view.Status, view.Started, view.Title, view.Reason, view.Folder.Path)
        {
            Playbook = view.Playbook,
            LastEvent = view.LastEvent,
            Progress = view.HasEnded ? view.Reason ?? "" : view.Narrator().Status,
            Dollars = costs.Where(cost => !cost.InFlight).Sum(cost => cost.Charge.Dollars),
            Reserved = costs.Where(cost => cost.InFlight).Sum(cost => cost.Charge.Dollars),
            MostDollars = view.MostDollars,
            AgentsAtWork = view.HasEnded ? 0 : view.Agents.AtWork.Count(),
            Asks = view.HasEnded ? 0 : view.Agents.Approvals.Count + view.Parked.Count + view.Questions.Count,
        };
    }

    private RunRow RowOf(RunFolder folder)
    {
        try
        {
            using var reader = JournalReader.OpenVerified(folder);
            return RowOf(kinds.View(reader));
        }
        catch (Exception error) when (
            error is JournalException or IOException or UnauthorizedAccessException or NotSupportedException or InvalidOperationException
                or JsonException)
        {
            return new RunRow(folder.Id, RunStatus.Failed, default, "", error.Message, folder.Path);
        }
    }

    private Dictionary<string, Kept> Read()
    {
        try
        {
            return File.Exists(Cache) ? JsonSerializer.Deserialize<Dictionary<string, Kept>>(File.ReadAllBytes(Cache)) ?? [] : [];
        }
        catch (Exception unreadable) when (unreadable is IOException or JsonException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Keeps the rows of runs that are still there, for the next program.</summary>
    private void Keep(IReadOnlyList<RunRow> rows)
    {
        var there = rows.Select(row => row.Folder).ToHashSet(StringComparer.Ordinal);
        _changed = false;
        _known = _known!.Where(pair => there.Contains(pair.Key)).ToDictionary();
        WholeFile.ReplaceCache(Cache, JsonSerializer.SerializeToUtf8Bytes(_known));
    }
}
