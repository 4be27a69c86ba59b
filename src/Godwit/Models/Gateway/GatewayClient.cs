using System.Collections.Concurrent;
using System.Security.Cryptography;
using Godwit.Durable;

namespace Godwit.Models;

/// <summary>Who calls the gateway: one agent's program, known by a token that is good for nothing else.</summary>
public sealed class GatewayClient
{
    private const int KeptConversations = 8;
    private const int AroundRequest = 600;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Queue<Task<GatewayReply>>> _undelivered = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly Queue<Counted> _conversations = new();
    private int _turn;
    private readonly ConcurrentDictionary<Task<GatewayReply>, bool> _out = new();

    /// <summary>The agent whose program it is; recordings are matched by it.</summary>
    public required string Agent { get; init; }

    /// <summary>The role whose models answer it.</summary>
    public required string Role { get; init; }

    /// <summary>What is against a shell line that its model asks for; null for a program that isn't guarded.</summary>
    public Func<string, Task<string?>>? Refusal { get; init; }

    /// <summary>What each of its calls waits for before it is made; null for nothing.</summary>
    public Func<CancellationToken, Task>? Hold { get; init; }

    /// <summary>Whether it may name a model of the catalogue instead.</summary>
    public bool MayChoose { get; init; }

    /// <summary>Whether only models with a price may answer it.</summary>
    public bool NeedsPrice { get; init; }

    /// <summary>Whether a budget has to be kept, so that every reply must be capped. Default yes.</summary>
    public bool IsBounded { get; init; } = true;

    /// <summary>What its calls are booked on.</summary>
    public required IBudget Budget { get; init; }

    /// <summary>The step in which it runs; its calls are journaled there.</summary>
    public required Attempt Attempt { get; init; }

    /// <summary>Ends its calls.</summary>
    public CancellationToken Ended { get; init; }

    /// <summary>What it sends instead of a key.</summary>
    public string Token { get; } = $"godwit-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24))}";

    /// <summary>Calls that were answered.</summary>
    public int Calls { get; private set; }

    /// <summary>What they cost.</summary>
    public Charge Charge { get; private set; } = Charge.None;

    /// <summary>The models that answered.</summary>
    public ConcurrentDictionary<string, int> Models { get; } = new(StringComparer.Ordinal);

    /// <summary>Why its budget let a call not go out; null where none was refused.</summary>
    public string? Refused { get; private set; }

    /// <summary>Ends when every call that is out has ended, however it did.</summary>
    public async Task DrainAsync()
    {
        foreach (var call in _out.Keys)
        {
            await ((Task)call).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    internal void Track(Task<GatewayReply> call)
    {
        _out[call] = true;
        _ = call.ContinueWith(
            done => _out.TryRemove((Task<GatewayReply>)done, out _), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    internal void WasRefused(string reason) => Refused ??= reason;

    internal void Answered(GatewayReply reply)
    {
        lock (_gate)
        {
            Calls++;
            Charge += reply.Charge;
        }

        Models.AddOrUpdate(reply.Reply.Model, 1, static (_, count) => count + 1);
    }

    /// <summary>The key of a call, which the same request after a crash has too, and its number among all, from 1.</summary>
    internal (string Key, int Turn) Next(string hash)
    {
        lock (_gate)
        {
            _counts[hash] = _counts.GetValueOrDefault(hash) + 1;
            return ($"{hash}/{_counts[hash]}", ++_turn);
        }
    }

    /// <summary>The call of the same request whose caller has gone, if there is one: whoever repeats it gets its answer.</summary>
    internal Task<GatewayReply>? Undelivered(string hash)
    {
        lock (_gate)
        {
            while (_undelivered.TryGetValue(hash, out var calls) && calls.TryDequeue(out var call))
            {
                // One that has failed meanwhile is asked anew: what was wrong then may have passed.
                if (!call.IsCompleted || call.IsCompletedSuccessfully)
                {
                    return call;
                }
            }

            return null;
        }
    }

    /// <summary>Keeps a call for its repeat.</summary>
    internal void NotDelivered(string hash, Task<GatewayReply> call)
    {
        lock (_gate)
        {
            if (!_undelivered.TryGetValue(hash, out var calls))
            {
                _undelivered[hash] = calls = new Queue<Task<GatewayReply>>();
            }

            calls.Enqueue(call);
        }
    }

    /// <summary>
    /// An upper bound of a request's input tokens: no more than its bytes; and where a provider has counted a request with the
    /// same beginning, no more than that count and the bytes that are new.
    /// </summary>
    internal long InputBound(byte[] request, string model)
    {
        lock (_gate)
        {
            return _conversations.Where(known => known.Model == model)
                .Select(known => known.Tokens + request.Length - request.AsSpan().CommonPrefixLength(known.Request))
                .Append(request.Length).Min() + AroundRequest;
        }
    }

    internal void Learn(byte[] request, string model, long tokens)
    {
        lock (_gate)
        {
            while (_conversations.Count >= KeptConversations)
            {
                _conversations.Dequeue();
            }

            _conversations.Enqueue(new Counted(request, model, tokens));
        }
    }

    private sealed record Counted(byte[] Request, string Model, long Tokens);
}

/// <summary>A whole answer as it is journaled, so that it can be given again.</summary>
/// <param name="Reply">The model and its count of tokens; the words stand in <paramref name="Body"/>.</param>
/// <param name="Charge">What it cost.</param>
/// <param name="ContentType">Of the body.</param>
/// <param name="Body">The answer as the client gets it.</param>
public sealed record GatewayReply(ModelReply Reply, Charge Charge, string ContentType, string Body) : IModelAnswer;
