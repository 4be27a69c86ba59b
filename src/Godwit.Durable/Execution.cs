using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>
/// One pass of a process's body from its top. Everything here happens on the process's scheduler, except for the bodies of
/// steps. A pass that is dropped is never completed: its tasks simply become unreachable.
/// </summary>
internal sealed class Execution(ProcessCell cell, ProcessHistory history) : IDurableContext
{
    private readonly Dictionary<string, Pending> _pending = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _asked = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _trees = new(StringComparer.Ordinal);
    private readonly HashSet<string> _busyWorkspaces = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Asked => _asked;

    public IEnumerable<Pending> Waiting => _pending.Values;

    /// <summary>Why the process was cancelled; null unless it was.</summary>
    public string? CancelReason => history.CancelReason;

    public Task<TOut> StepAsync<TIn, TOut>(
        string key, Effect effect, TIn input, Func<TIn, Attempt, CancellationToken, Task<TOut>> body, StepOptions? options = null)
    {
        options ??= StepOptions.Default;
        Contract.Require(typeof(TOut));
        var json = Canonical.Serialize(input);
        var workspace = (effect as Effect.WorkspaceCase)?.Target;
        var tree = workspace is null ? null : TreeOf(workspace);
        var hash = Canonical.Hash(options.Version, json, tree);
        var work = new StepWork(
            key, hash, effect, options, tree,
            async (attempt, cancellation) => Canonical.Serialize(await body(Canonical.Deserialize<TIn>(json), attempt, cancellation)),
            static value => Canonical.Serialize((TOut)value!));
        var task = AskAsync(key, hash, idle: false, entry => ReadStep<TOut>(entry), state => cell.StartStep(work, state));
        return workspace is null ? task : TrackTreeAsync(task, workspace, key);
    }

    public Task<Outcome<TOut>> ChildAsync<TIn, TOut>(string key, Playbook<TIn, TOut> playbook, TIn input)
    {
        var json = Canonical.Serialize(input);
        var hash = Canonical.Hash(0, json);
        if (history[key] is { Child: not 0 } state && !state.Input.Span.SequenceEqual(hash))
        {
            throw new DurableRuleException(
                $"child '{key}' was started with another input; a child keeps its first input, so give the new work a key of its own");
        }

        return AskAsync(key, hash, idle: true, ReadOutcome<TOut>, state => cell.StartChild(key, playbook, json, hash, state), work: true);
    }

    public Task<Outcome<TOut>> ChildAsync<TIn, TOut>(string key, Playbook<TIn, TOut> playbook, Func<TIn> input) => AskAsync(
        key, [], idle: true, ReadOutcome<TOut>,
        state =>
        {
            if (state.Child == 0)
            {
                var json = Canonical.Serialize(input());
                cell.StartChild(key, playbook, json, Canonical.Hash(0, json), state);
            }
        },
        work: true);

    public IReadOnlyList<T> Amendments<T>() => [.. history.Amendments.Select(entry => Canonical.Deserialize<T>(entry.Data.Span))];

    public Task<T?> SignalAsync<T>(string key, string name, TimeSpan? timeout = null)
        where T : class
    {
        Contract.Require(typeof(T));
        return AskAsync(
            key, [], idle: true,
            entry => entry.Kind == EntryKind.SignalExpired ? null : Canonical.Deserialize<T>(entry.Data.Span),
            state => cell.WaitForSignal(key, name, timeout, state));
    }

    public Task<int> FirstAsync(string key, params ReadOnlySpan<Task> any) =>
        AwaitRaceAsync(
            key, any.ToArray(),
            AskAsync(key, [], idle: true, static entry => Canonical.Deserialize<int>(entry.Data.Span), static _ => { }));

    public Task DelayAsync(string key, TimeSpan delay) =>
        AskAsync(key, [], idle: true, static _ => true, state => cell.SetTimer(key, delay, state));

    public Task<DateTimeOffset> NowAsync(string key) =>
        AskAsync(
            key, [], idle: false, static entry => Canonical.Deserialize<DateTimeOffset>(entry.Data.Span),
            _ => cell.Answer(EntryKind.TimeRead, key, Canonical.Serialize(cell.Now)));

    public Random Random(string key) => new SeededRandom(history.Info.Seed, key);

    public Task NoteAsync<T>(string key, T note, string? topic = null) =>
        AskAsync(
            key, [], idle: false, static _ => true,
            _ => cell.Answer(EntryKind.Noted, key, Canonical.Serialize(note), new EntryInfo.Note { Topic = topic }));

    /// <summary>Gives the journal's answer to whoever waits for it.</summary>
    public void Deliver(string key)
    {
        if (history[key] is { Answer: { } answer } && _pending.Remove(key, out var pending))
        {
            pending.Answer(answer);
        }
    }

    public void Fail(string key, Exception error)
    {
        if (_pending.Remove(key, out var pending))
        {
            pending.Fail(error);
        }
    }

    public Pending? Find(string key) => _pending.GetValueOrDefault(key);

    public void Cancel(string reason)
    {
        foreach (var pending in _pending.Values.ToList())
        {
            Fail(pending.Key, new ProcessCancelledException(reason));
        }
    }

    private Task<T> AskAsync<T>(string key, byte[] input, bool idle, Func<Entry, T> read, Action<KeyState> begin, bool? work = null)
    {
        if (key.Length is 0 or > 200)
        {
            throw new DurableRuleException($"the key '{key}' has {key.Length} characters; a key has 1 to 200");
        }

        if (!_asked.TryAdd(key, input))
        {
            throw new DurableRuleException($"the key '{key}' was asked twice in one execution; give each ask a key of its own");
        }

        var state = history[key];
        if (state.Answer is { } answer && (answer.Kind is not (EntryKind.StepCompleted or EntryKind.StepFailed) || state.Answers(input)))
        {
            return Answered(answer, read);
        }

        var pending = new Pending<T>(key, idle, work ?? !idle, read) { Input = input };
        if (history.CancelReason is { } reason)
        {
            pending.Fail(new ProcessCancelledException(reason));
            return pending.Task;
        }

        _pending.Add(key, pending);
        begin(state);
        return pending.Task;
    }

    private static Task<T> Answered<T>(Entry answer, Func<Entry, T> read)
    {
        try
        {
            return Task.FromResult(read(answer));
        }
        catch (Exception error) when (error is StepFailedException or JournalVersionException)
        {
            return Task.FromException<T>(error);
        }
    }

    private async Task<int> AwaitRaceAsync(string key, Task[] tasks, Task<int> decided)
    {
        if (decided.IsCompleted)
        {
            return await decided;
        }

        var first = await Task.WhenAny(tasks);
        cell.Answer(EntryKind.RaceDecided, key, Canonical.Serialize(Array.IndexOf(tasks, first)));
        return await decided;
    }

    private string TreeOf(IWorkspace workspace) => _busyWorkspaces.Add(workspace.Id)
        ? _trees.GetValueOrDefault(workspace.Id, workspace.BaseTree)
        : throw new DurableRuleException($"two steps change workspace '{workspace.Id}' at once; await the first before the second");

    private async Task<TOut> TrackTreeAsync<TOut>(Task<TOut> task, IWorkspace workspace, string key)
    {
        try
        {
            return await task;
        }
        finally
        {
            _busyWorkspaces.Remove(workspace.Id);
            if (history[key].Answer is { } answer && EntryInfo.Of<EntryInfo.Step>(answer).Tree is { } tree)
            {
                _trees[workspace.Id] = tree;
            }
        }
    }

    private static T ReadStep<T>(Entry entry) => entry.Kind == EntryKind.StepFailed
        ? throw new StepFailedException(Canonical.Deserialize<Failure>(entry.Data.Span))
        : Canonical.Deserialize<T>(entry.Data.Span);

    private static Outcome<T> ReadOutcome<T>(Entry entry) => EntryInfo.Of<EntryInfo.OfChild>(entry).Name switch
    {
        "value" => new Outcome<T>.Value(Canonical.Deserialize<T>(entry.Data.Span)),
        "failed" => new Outcome<T>.Failed(Canonical.Deserialize<Failure>(entry.Data.Span)),
        "cancelled" => new Outcome<T>.Cancelled(Canonical.Deserialize<string>(entry.Data.Span)),
        var other => throw new DurableRuleException($"a child ended as '{other}', which this version doesn't know"),
    };
}
