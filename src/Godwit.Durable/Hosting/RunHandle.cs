using System.Security.Cryptography;

namespace Godwit.Durable.Hosting;

/// <summary>One run of an application.</summary>
/// <typeparam name="TOut">Its result.</typeparam>
public sealed class RunHandle<TOut>
{
    private readonly HostedRun _run;

    internal RunHandle(HostedRun run) => _run = run;

    /// <summary>The run's id: the name of its folder.</summary>
    public string Id => _run.Id;

    /// <summary>How it stands now.</summary>
    public RunStatus Status => _run.Status;

    /// <summary>What a person has to answer before it can go on; empty unless it is parked.</summary>
    public IReadOnlyList<ParkedWork> Parked => _run.Parked;

    /// <summary>
    /// Waits for the run's end. A parked run has not ended: this waits until somebody has answered, and the run has gone on.
    /// </summary>
    /// <param name="cancellation">Ends the wait, not the run.</param>
    /// <returns>A copy of the journaled result.</returns>
    /// <exception cref="RunEndedException">It failed, was cancelled, can't go on, or the application is ending.</exception>
    public async Task<TOut> ResultAsync(CancellationToken cancellation = default) =>
        Canonical.Deserialize<TOut>((await _run.EndAsync(cancellation)).Span);

    /// <summary>Delivers a signal to the root process; it is buffered until the process asks for it.</summary>
    /// <param name="name">What the process waits for.</param>
    /// <param name="payload">What it gets.</param>
    /// <param name="sender">Deduplicates: a second signal with the same sender's id does nothing. Default: a new one.</param>
    /// <returns>False when it had been delivered before.</returns>
    /// <exception cref="RunEndedException">The run isn't running.</exception>
    public Task<bool> SignalAsync<T>(string name, T payload, string? sender = null) =>
        _run.ActAsync(run => run.SignalAsync(DurableRun.Root, name, sender ?? NewSender(), payload));

    /// <summary>Cancels the run with all its processes: what they ask from now on throws.</summary>
    /// <param name="reason">Is journaled.</param>
    /// <exception cref="RunEndedException">The run isn't running.</exception>
    public Task CancelAsync(string reason) => _run.ActAsync(async run =>
    {
        await run.CancelAsync(DurableRun.Root, reason);
        return true;
    });

    /// <summary>Answers something that is parked; the run goes on once nothing else keeps it.</summary>
    /// <param name="parked">One of <see cref="Parked"/>.</param>
    /// <param name="resolution">The answer.</param>
    /// <exception cref="ArgumentException">It isn't parked any more, or the answer doesn't fit.</exception>
    /// <exception cref="RunEndedException">The run has ended.</exception>
    public Task ResolveAsync(ParkedWork parked, Resolution resolution) => _run.ActAsync(async run =>
    {
        await run.ResolveAsync(parked.Process, parked.Key, resolution);
        return true;
    });

    private static string NewSender() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
}
