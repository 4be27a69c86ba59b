using System.Globalization;
using Godwit.Durable;

namespace Godwit.Playbooks.Build;

/// <summary>
/// Carries one plan out: starts what may start, takes what ends to the queue, and goes on until nothing is left that could. What was
/// merged stays merged.
/// </summary>
internal sealed class BuildFleet
{
    private const int MostRounds = 3;
    private const string Queue = "queue";

    private readonly IDurableContext _context;
    private readonly BuildServices _services;
    private readonly BuildInput _input;
    private readonly BuildBase _base;
    private readonly BuildPlan _plan;
    private readonly List<string> _held;
    private readonly decimal? _money;
    private readonly MergeQueue _queue;
    private readonly SortedDictionary<string, Task<(WorkInput Work, WorkResult Result)>> _running = new(StringComparer.Ordinal);
    private readonly List<(WorkInput Work, WorkResult Result)> _waiting = [];
    private readonly HashSet<string> _landed = new(StringComparer.Ordinal);
    private readonly HashSet<string> _merged = new(StringComparer.Ordinal);
    private readonly HashSet<string> _givenUp = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _kinds = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WorkInput> _again = new(StringComparer.Ordinal);
    private Task<QueueRound>? _merging;
    private IReadOnlyList<(WorkInput Work, WorkResult Result)> _inQueue = [];

    /// <summary>Prepares to carry a plan out.</summary>
    /// <param name="context">The process.</param>
    /// <param name="services">The world.</param>
    /// <param name="input">The run.</param>
    /// <param name="start">Where agents start.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="held">Assertions that hold; those that come to hold are added.</param>
    /// <param name="tip">The tip, which is good.</param>
    /// <param name="money">What is left of the run's money, in US dollars; null for no cap.</param>
    public BuildFleet(
        IDurableContext context, BuildServices services, BuildInput input, BuildBase start, BuildPlan plan, List<string> held, string tip,
        decimal? money)
    {
        (_context, _services, _input, _base, _plan, _held, Tip, _money) = (context, services, input, start, plan, held, tip, money);
        _queue = new MergeQueue(new Integration(context, services, input, plan, held, ResultOf, $"queue/{plan.Version}"));
    }

    /// <summary>The tip as it stands.</summary>
    public string Tip { get; private set; }

    /// <summary>What was merged, in its order.</summary>
    public List<MergedWork> Works { get; } = [];

    /// <summary>What could not be done, each with its reason.</summary>
    public List<string> Troubles { get; } = [];

    /// <summary>Why nothing can be merged any more; null otherwise.</summary>
    public string? Stopped { get; private set; }

    /// <summary>Carries it out.</summary>
    public async Task RunAsync()
    {
        for (var turn = 1; ; turn++)
        {
            await StartReadyAsync(turn);
            if (_merging is null && _waiting.Count > 0 && Stopped is null)
            {
                _inQueue = [.. _waiting];
                _waiting.Clear();
                _merging = MergeAsync();
            }

            List<(string Name, Task Task)> open = [.. _running.Select(pair => (pair.Key, (Task)pair.Value))];
            if (_merging is not null)
            {
                open.Add((Queue, _merging));
            }

            if (open.Count == 0)
            {
                break;
            }

            var first = await FirstAsync(Key($"next/{turn}"), open);
            if (first == Queue)
            {
                var round = await _merging!;
                _merging = null;
                await TakeAsync(round, turn);
            }
            else
            {
                await EndAsync(first, turn);
            }
        }

        foreach (var task in _plan.Tasks.Where(task => !_merged.Contains(task.Id) && !_givenUp.Contains(task.Id)))
        {
            Troubles.Add(
                Stopped is not null ? $"{task.Id} isn't merged: {Stopped}"
                    : _again.ContainsKey(task.Id) ? $"{task.Id} was sent back, and isn't merged"
                    : $"{task.Id} was not carried out: what it waits for isn't merged");
        }
    }

    private async Task<QueueRound> MergeAsync()
    {
        try
        {
            return await _queue.MergeAsync(Tip, [.. _inQueue.Select(ChangeOf)]);
        }
        catch (StepFailedException failed)
        {
            return new QueueRound { Tip = Tip, Stopped = new CheckVerdict("queue", GateVerdict.CouldNotRun, failed.Failure.Message) };
        }
    }

    private string Key(string name) => string.Create(CultureInfo.InvariantCulture, $"fleet/{_plan.Version}/{name}");

    /// <summary>What ends first. A recording says so too: what agents find depends on what was merged before they began.</summary>
    private async Task<string> FirstAsync(string point, List<(string Name, Task Task)> open)
    {
        var cassette = _services.Agents.Models.Cassette;
        if (_input.Models.Cassette is not null)
        {
            var played = await _context.StepAsync(
                $"{point}/played", Effect.Repeatable, point, (name, _, _) => Task.FromResult(cassette!.FirstAt(name) ?? ""));
            if (open.Find(one => one.Name == played) is { Task: { } awaited })
            {
                await awaited;
                return played;
            }
        }

        var first = open[await _context.FirstAsync(point, [.. open.Select(one => one.Task)])].Name;
        if (_input.Models is { Record: not null, Cassette: null })
        {
            await _context.StepAsync($"{point}/recorded", Effect.Repeatable, first, (name, _, _) =>
            {
                cassette!.Record(point, name);
                return Task.FromResult(true);
            });
        }

        return first;
    }

    private async Task StartReadyAsync(int turn)
    {
        if (await TimeLeft.AskAsync(_context, Key($"time/{turn}"), _input.Goal.Seconds) <= 0)
        {
            Stopped ??= "the time is used up";
        }

        foreach (var task in Stopped is null ? _plan.Tasks : [])
        {
            if (FreeKind() is not { } kind)
            {
                return;
            }

            if (NextOf(task) is { } next)
            {
                var work = next with { Kind = kind };
                _again.Remove(task.Id);
                await _context.NoteAsync(
                    Key($"note/started/{turn}/{work.Name}"), (BuildNote)new BuildNote.WorkStarted(task.Id, work.IsContract, work.Round), BuildNote.Topic);
                _kinds[task.Id] = kind;
                _running[task.Id] = WorkAsync(work);
            }
        }
    }

    /// <summary>The kind of workers that has the most room; null where none has any.</summary>
    private int? FreeKind()
    {
        var room = _input.Goal.Workers.Select((worker, kind) => (Kind: kind, Room: worker.Parallel - _running.Keys.Count(id => _kinds[id] == kind)));
        return room.Where(one => one.Room > 0).OrderByDescending(one => one.Room).Select(one => (int?)one.Kind).FirstOrDefault();
    }

    /// <summary>The next piece of a task; null while there is none, or it has to wait.</summary>
    private WorkInput? NextOf(PlannedTask task)
    {
        var isBusy = _running.ContainsKey(task.Id) || _waiting.Concat(_merging is null ? [] : _inQueue).Any(one => one.Work.Task.Id == task.Id);
        if (isBusy || _merged.Contains(task.Id) || _givenUp.Contains(task.Id))
        {
            return null;
        }

        if (_again.TryGetValue(task.Id, out var again))
        {
            return again;
        }

        if (!task.Depends.All(_merged.Contains))
        {
            return null;
        }

        var work = new WorkInput
        {
            Goal = _input.Goal,
            Task = task,
            Version = _plan.Version,
            Tip = Tip,
            Instructions = _base.Instructions,
            Contracts = ContractsOf(task),
            Deadline = _input.Goal.Seconds > 0 ? _input.Goal.Seconds : double.PositiveInfinity,
            Dollars = _money * (decimal)task.Share,
        };
        if (task.Provides.Count > 0 && !_landed.Contains(task.Id))
        {
            return work with { IsContract = true, Contracts = [] };
        }

        return task.Needs.All(need => _landed.Contains(_plan.ProviderOf(need)!.Id)) ? work : null;
    }

    private IReadOnlyList<string> ContractsOf(PlannedTask task) =>
        [.. task.Needs.SelectMany(need => _plan.ProviderOf(need)!.Provides.First(contract => contract.Name == need).Files)];

    private async Task<(WorkInput, WorkResult)> WorkAsync(WorkInput work)
    {
        var outcome = await _context.ChildAsync(Key($"work/{work.Name}/{work.Round}"), new WorkPlaybook(_services), () => work);
        return (work, outcome switch
        {
            Outcome<WorkResult>.Value value => value.Result,
            Outcome<WorkResult>.Failed failed => new WorkResult { Reason = failed.Failure.Message, HandOff = new HandOff { Agent = "" } },
            _ => new WorkResult { Reason = "it was cancelled", HandOff = new HandOff { Agent = "" } },
        });
    }

    private async Task EndAsync(string id, int turn)
    {
        var (work, result) = await _running[id];
        _running.Remove(id);
        await _context.NoteAsync(
            Key($"note/ended/{turn}"), (BuildNote)new BuildNote.WorkEnded(id, work.IsContract, work.Round, result), BuildNote.Topic);
        if (result.Commit is not null)
        {
            _waiting.Add((work, result));
            return;
        }

        GiveUp(id, result.Reason!);
    }

    private void GiveUp(string id, string reason)
    {
        _givenUp.Add(id);
        Troubles.Add($"{id}: {reason}");
    }

    private static QueuedChange ChangeOf((WorkInput Work, WorkResult Result) one) => new(one.Work.Task.Id, one.Result.Commit!, one.Work.IsContract);

    private WorkResult ResultOf(QueuedChange change) => _inQueue.First(one => one.Work.Task.Id == change.Task).Result;

    private async Task TakeAsync(QueueRound round, int turn)
    {
        Tip = round.Tip;
        var number = 0;
        foreach (var flake in round.Flakes)
        {
            await _context.NoteAsync(Key($"note/flake/{turn}/{++number}"), (BuildNote)new BuildNote.Flaked(flake), BuildNote.Topic);
        }

        foreach (var (change, tip) in round.Merged)
        {
            await MergedAsync(change, tip, turn);
        }

        foreach (var (change, why) in round.Refused)
        {
            await SendBackAsync(change, BuildPrompt.OfGate(why), [], turn);
        }

        foreach (var (change, files) in round.Conflicting)
        {
            var others = round.Merged.Select(one => _plan[one.Change.Task]).Where(task => task.Id != change.Task);
            await SendBackAsync(change, BuildPrompt.OfConflict(files, others), files, turn);
        }

        if (round.Stopped is { } stopped)
        {
            Stopped = $"the queue stopped: {stopped.Reason}";
        }
    }

    private async Task MergedAsync(QueuedChange change, string tip, int turn)
    {
        var (work, result) = _inQueue.First(one => one.Work.Task.Id == change.Task);
        IReadOnlyList<string> holds = [];
        _landed.Add(change.Task);
        if (!change.IsContract)
        {
            _merged.Add(change.Task);
            holds = [.. work.Task.Asserts.Where(id => !_held.Contains(id) && !_input.Goal.Acceptance.First(assertion => assertion.Id == id).IsHidden)];
            _held.AddRange(holds);
        }

        var (asserts, hand) = (change.IsContract ? [] : work.Task.Asserts, result.HandOff);
        Works.Add(
            new MergedWork(
                change.Task, _plan.Version, change.IsContract, asserts, tip, hand.Agent, hand.Models, result.Reviewers, result.Findings,
                hand.Charge.Dollars));
        await _context.NoteAsync(
            Key($"note/merged/{turn}/{change.Name}"), (BuildNote)new BuildNote.Merged(change.Task, change.IsContract, tip, holds), BuildNote.Topic);
    }

    /// <summary>The work goes on where it met the tip, with what was wrong.</summary>
    private async Task SendBackAsync(QueuedChange change, string reason, IReadOnlyList<string> conflicts, int turn)
    {
        var (work, result) = _inQueue.First(one => one.Work.Task.Id == change.Task);
        await _context.NoteAsync(
            Key($"note/back/{turn}/{change.Name}"), (BuildNote)new BuildNote.SentBack(change.Task, reason, conflicts), BuildNote.Topic);
        if (work.Round >= MostRounds)
        {
            GiveUp(change.Task, $"the queue sent it back {MostRounds} times: {reason.Split('\n')[0]}");
            return;
        }

        var onTip = await _context.StepAsync(
            Key($"back/{turn}/{change.Name}"), Effect.Repeatable,
            new StackRequest(Tip, result.Commit!, $"{change.Name} on a newer tip", result.HandOff.Agent, $"{work.Name}/{work.Round}/back"),
            _services.World.StackAsync);
        _again[change.Task] = work with
        {
            Round = work.Round + 1,
            Tip = Tip,
            Tree = onTip.Tree,
            Feedback = reason,
            Conflicts = onTip.Conflicts,
            Before = result,
        };
    }
}

/// <summary>What the merge queue asks of the world, each answer a step of the run.</summary>
internal sealed class Integration(
    IDurableContext context, BuildServices services, BuildInput input, BuildPlan plan, IReadOnlyList<string> held,
    Func<QueuedChange, WorkResult> resultOf, string key) : IIntegration
{
    private int _number;

    public async Task<StackedChange> StackAsync(string tip, QueuedChange change)
    {
        var result = resultOf(change);
        var request = new StackRequest(
            tip, change.Commit, BuildMessage.Of(plan[change.Task], change, result), result.HandOff.Agent, $"v{plan.Version}/{change.Name}");
        var stacked = await context.StepAsync($"{key}/{++_number}/stack", Effect.Repeatable, request, services.World.StackAsync);
        return new StackedChange(stacked.Tip, stacked.Conflicts);
    }

    public Task<GateResult> GateAsync(string tip, IReadOnlyList<QueuedChange> stacked)
    {
        List<PlannedTask> whole = [.. stacked.Where(change => !change.IsContract).Select(change => plan[change.Task])];
        var request = new GateRequest("tip", tip, BuildChecks.OfTip(input.Goal, held, whole));
        return context.StepAsync($"{key}/{++_number}/gate", Effect.Repeatable, request, services.Gate.RunAsync, BuildRun.Gated);
    }
}
