using Godwit.Durable;

namespace Godwit.Tests.Playbooks.Optimise;

/// <summary>Runs a playbook without a journal, for simulations of many thousand runs; the playbook can't tell the difference.</summary>
internal sealed class DirectContext(ulong seed, ActiveClock clock, string path = "") : IDurableContext
{
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    public Task<TOut> StepAsync<TIn, TOut>(
        string key, Effect effect, TIn input, Func<TIn, Attempt, CancellationToken, Task<TOut>> body, StepOptions? options = null)
    {
        Ask(key);
        return body(input, new Attempt(1, 1, key, null!, clock, null!), CancellationToken.None);
    }

    public async Task<Outcome<TOut>> ChildAsync<TIn, TOut>(string key, Playbook<TIn, TOut> playbook, TIn input)
    {
        Ask(key);
        return new Outcome<TOut>.Value(await playbook.RunAsync(new DirectContext(seed, clock, $"{path}/{key}"), input));
    }

    public Task<Outcome<TOut>> ChildAsync<TIn, TOut>(string key, Playbook<TIn, TOut> playbook, Func<TIn> input) =>
        ChildAsync(key, playbook, input());

    public IReadOnlyList<T> Amendments<T>() => [];

    public Task<T?> SignalAsync<T>(string key, string name, TimeSpan? timeout = null)
        where T : class => throw new NotSupportedException();

    public Task<int> FirstAsync(string key, params ReadOnlySpan<Task> any) => throw new NotSupportedException();

    public Task DelayAsync(string key, TimeSpan delay) => throw new NotSupportedException();

    public Task<DateTimeOffset> NowAsync(string key)
    {
        Ask(key);
        return Task.FromResult(DateTimeOffset.UnixEpoch);
    }

    public Random Random(string key) => new SeededRandom(seed, path, key);

    public Task NoteAsync<T>(string key, T note, string? topic = null)
    {
        Ask(key);
        return Task.CompletedTask;
    }

    private void Ask(string key) => Assert.True(_asked.Add(key), $"key {key} was asked twice in {path}");
}
