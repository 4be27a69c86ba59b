using System.Collections.Concurrent;
using System.Security.Cryptography;
using Godwit.Durable;

namespace Godwit.Models;

/// <summary>An answer and what it cost.</summary>
/// <param name="Reply">The answer.</param>
/// <param name="Charge">By the provider's own count and the catalogue's price; a recorded answer costs no dollars.</param>
public sealed record ModelAnswer(ModelReply Reply, Charge Charge) : IModelAnswer;

/// <summary>
/// Every call of a model: the role's models in order, retried, governed and metered. Reserving and journaling are the step's.
/// </summary>
/// <param name="catalogue">Models and roles.</param>
/// <param name="drivers">The driver of a provider.</param>
/// <param name="cassette">Replies that are recorded; null for none.</param>
/// <param name="time">The clock.</param>
public sealed class ModelPipeline(ModelCatalogue catalogue, Func<string, IModelDriver> drivers, Cassette? cassette, TimeProvider time)
{
    private const int TriesOfOne = 3;
    private const double FirstPause = 0.5;
    private const double LongestPause = 30;
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan SilentFor = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(30);
    private readonly Lock _telling = new();
    private long _told;
    private readonly ConcurrentDictionary<string, RateGovernor> _governors = new(StringComparer.Ordinal);

    /// <summary>The clock.</summary>
    internal TimeProvider Time => time;

    /// <summary>Says that no model of a role has answered for a while, and why; at most twice a minute.</summary>
    public event EventHandler<string>? Waits;

    /// <summary>The recording, if there is one.</summary>
    public Cassette? Cassette => cassette;

    /// <summary>The smallest context among a role's models, in tokens; 0 where none is known.</summary>
    public long Context(string role) =>
        catalogue.ForRole(role).Select(model => model.Context).Where(context => context > 0).DefaultIfEmpty(0).Min();

    /// <summary>The most that a call can cost with any of its role's models.</summary>
    public Charge WorstCase(ModelRequest request) => catalogue.ForRole(request.Role).Select(model => model.WorstCase(request))
        .Aggregate(Charge.None, Charge.Most);

    /// <summary>Asks until a model of the role has answered.</summary>
    /// <exception cref="ModelException">None can: <see cref="ModelFailure.Broken"/> may have been billed, everything else was
    /// not.</exception>
    public async Task<ModelAnswer> AskAsync(ModelRequest request, CancellationToken cancellation)
    {
        if (cassette?.Find(request) is { } recorded)
        {
            // Nobody bills it; its tokens count on a budget of tokens, as far as they were reserved.
            return new ModelAnswer(
                recorded, new Charge(0, Math.Min(recorded.Usage.Input + recorded.Usage.Output, WorstCase(request).Tokens)));
        }

        var answer = await RouteAsync(
            catalogue.ForRole(request.Role),
            model => ModelTelemetry.TraceAsync(model, request.Agent, request, time, async () =>
            {
                var reply = await drivers(model.Provider).AskAsync(model, model.Capped(request), cancellation);
                return new ModelAnswer(reply, reply.Usage.IsPlausible ? model.Cost(reply.Usage) : model.WorstCase(request));
            }),
            GiveUpAfter,
            waitsAsAsked: true,
            cancellation);
        cassette?.Record(request, answer.Reply);
        return answer;
    }

    /// <summary>Calls one model after the other until one has answered: retried, failed over and governed.</summary>
    /// <param name="models">In order.</param>
    /// <param name="call">Asks one.</param>
    /// <param name="patience">How long none may have answered.</param>
    /// <param name="waitsAsAsked">Whether a provider that says when to come back is waited for beyond that.</param>
    /// <param name="cancellation">Ends it.</param>
    internal async Task<T> RouteAsync<T>(
        IReadOnlyList<ModelEntry> models, Func<ModelEntry, Task<T>> call, TimeSpan patience, bool waitsAsAsked,
        CancellationToken cancellation)
    {
        var left = models.ToList();
        var answers = 0;
        var start = time.GetTimestamp();
        for (var tries = 1; ; tries++)
        {
            var model = Choose(left, tries);
            var closed = Governor(model).ClosedUntil - time.GetUtcNow();
            if (closed > TimeSpan.Zero && (waitsAsAsked || time.GetElapsedTime(start) + closed <= patience))
            {
                // Another call was told when to come back: that holds for this one too.
                await WaitAsync(closed, cancellation);
            }

            ModelException last;
            try
            {
                return await GovernedAsync(model, call, cancellation);
            }
            catch (ModelException failure) when (
                failure.Kind is ModelFailure.RateLimited or ModelFailure.Unavailable && time.GetElapsedTime(start) < patience)
            {
                last = failure;
            }
            catch (ModelException failure) when (failure.Kind == ModelFailure.Rejected && left.Count > 1)
            {
                // Asking it again won't help: the others have the call to themselves.
                left.Remove(model);
                tries = 0;
                continue;
            }

            if (last.IsAnswer && ++answers >= TriesOfOne * left.Count)
            {
                throw last;
            }

            if (last.IsAnswer && left.Remove(model))
            {
                // It is the model's trouble, not the connection's: the next one's turn.
                left.Add(model);
                tries = 0;
            }

            var pause = Pause(last, tries, left.Count);
            if (!waitsAsAsked && time.GetElapsedTime(start) + pause > patience)
            {
                throw last;
            }

            TellOf(last, time.GetElapsedTime(start) + pause);
            await WaitAsync(pause, cancellation);
        }
    }

    private void TellOf(ModelException trouble, TimeSpan silence)
    {
        var now = time.GetTimestamp();
        lock (_telling)
        {
            if (silence < SilentFor || (_told != 0 && time.GetElapsedTime(_told, now) < TellEvery))
            {
                return;
            }

            _told = now;
        }

        Waits?.Invoke(this, trouble.Message);
    }

    /// <exception cref="WaitEndedException">It was ended while no call was out.</exception>
    private async Task WaitAsync(TimeSpan wait, CancellationToken cancellation)
    {
        try
        {
            await Task.Delay(wait, time, cancellation);
        }
        catch (OperationCanceledException)
        {
            throw new WaitEndedException(cancellation);
        }
    }

    private async Task<T> GovernedAsync<T>(ModelEntry model, Func<ModelEntry, Task<T>> call, CancellationToken cancellation)
    {
        var governor = Governor(model);
        ModelTelemetry.Waits(model.Provider, 1);
        try
        {
            await governor.EnterAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            throw new WaitEndedException(cancellation);
        }
        finally
        {
            ModelTelemetry.Waits(model.Provider, -1);
        }

        ModelException? failure = null;
        try
        {
            return await call(model);
        }
        catch (ModelException error)
        {
            failure = error;
            throw;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw failure = new ModelException(ModelFailure.Broken, $"{model.Provider} didn't answer in time");
        }
        finally
        {
            governor.Leave(failure);
        }
    }

    /// <summary>The first model whose provider isn't closed; each gets a few tries before the next one.</summary>
    private ModelEntry Choose(IReadOnlyList<ModelEntry> models, int tries)
    {
        var start = (tries - 1) / TriesOfOne;
        var now = time.GetUtcNow();
        return Enumerable.Range(start, models.Count)
            .Select(index => models[index % models.Count])
            .FirstOrDefault(model => Governor(model).ClosedUntil <= now)
            ?? models.MinBy(model => Governor(model).ClosedUntil)!;
    }

    /// <summary>
    /// Full jitter (Brooker 2015, "Exponential backoff and jitter"), and never earlier than the provider asks when there is no
    /// other.
    /// </summary>
    private static TimeSpan Pause(ModelException failure, int tries, int models)
    {
        var ceiling = Math.Min(LongestPause, FirstPause * Math.Pow(2, models > 1 ? (tries - 1) % TriesOfOne : Math.Min(tries - 1, 10)));
        var pause = TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32((int)(1000 * ceiling) + 1));
        return models == 1 && failure.RetryAfter is { } asked && asked > pause ? asked + pause : pause;
    }

    private RateGovernor Governor(ModelEntry model) => _governors.GetOrAdd(model.Provider, _ => new RateGovernor(time));
}
