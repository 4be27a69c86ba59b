using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Godwit.Durable;

namespace Godwit.Models;

/// <summary>
/// Serves outside programs in their own dialects through the same pipeline as Godwit's own agents: who calls is known by a
/// token, its budget holds the worst case before anything goes out, and no answer is given to its end before it is journaled.
/// </summary>
/// <param name="catalogue">Models and roles.</param>
/// <param name="pipeline">Routes, retries and governs.</param>
/// <param name="drivers">Connections to the providers.</param>
public sealed class ModelGateway(ModelCatalogue catalogue, ModelPipeline pipeline, ModelDrivers drivers)
{
    private static readonly string[] Shaping =
    [
        "model", "instructions", "system", "messages", "input", "tools", "tool_choice", "stream", "max_tokens",
        "max_completion_tokens", "max_output_tokens", "temperature", "top_p", "top_k",
        "response_format", "text", "reasoning", "reasoning_effort", "thinking", "stop", "stop_sequences", "seed",
    ];

    private const string CountTokens = "/messages/count_tokens";

    // Who asks, and under which name a provider may keep it: no answer depends on it.
    private static readonly HashSet<string> WhoAsks =
        new(StringComparer.Ordinal) { "metadata", "client_metadata", "prompt_cache_key", "user", "safety_identifier", "session", "session_id" };

    private readonly ConcurrentDictionary<string, GatewayClient> _clients = new(StringComparer.Ordinal);

    /// <summary>
    /// How long a call is tried while no provider answers; then its caller is told, which has retries of its own. Default two
    /// minutes.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Whether a provider answers requests to a path.</summary>
    public static bool Serves(ModelProvider provider, string path) => GatewayProtocol.Of(path)?.IsServedBy(provider.Dialect) == true;

    /// <summary>Lets a program call, with its token, until it is dismissed.</summary>
    public void Admit(GatewayClient client) => _clients[client.Token] = client;

    /// <summary>Its token is good for nothing from now on.</summary>
    public void Dismiss(GatewayClient client) => _clients.TryRemove(client.Token, out _);

    /// <summary>The model that a program is told to ask for: the first of its role that it can, or the recorded one.</summary>
    /// <param name="client">The program.</param>
    /// <param name="path">The path that it asks by.</param>
    public string ModelOf(GatewayClient client, string path) => pipeline.Cassette is { IsRecording: false } recording
        ? recording.AskedBy(client.Agent) ?? client.Role
        : catalogue.ForRole(client.Role).First(model => Serves(catalogue.Providers[model.Provider], path)).Id;

    /// <summary>The names that callers may ask for, as OpenAI's list of models.</summary>
    public string Models() => new JsonObject
    {
        ["object"] = "list",
        ["data"] = new JsonArray(
            [
                .. catalogue.Roles.Keys.Concat(catalogue.Models.Select(model => model.Name))
                    .Select(name => new JsonObject { ["id"] = name, ["object"] = "model", ["created"] = 0, ["owned_by"] = "godwit" }),
            ]),
    }.ToJsonString();

    /// <summary>One of those names, as OpenAI describes a model; null where there is none.</summary>
    public string? Model(string name) => catalogue.Roles.ContainsKey(name) || catalogue.Find(name) is not null
        ? new JsonObject
        {
            ["id"] = name,
            ["object"] = "model",
            ["created"] = 0,
            ["owned_by"] = "godwit",
        }.ToJsonString(GatewayProtocol.Plain) : null;

    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(GatewayRequest request, IGatewayResponse response)
    {
        var counts = request.Path == CountTokens;
        if (GatewayProtocol.Of(counts ? "/messages" : request.Path) is not { } protocol)
        {
            const string Served =
                "/v1/chat/completions, /v1/responses, /v1/messages, /v1/messages/count_tokens, /v1/embeddings and /v1/models";
            await RefuseAsync(
                response, 404, $$$"""{"error":{"type":"not_found_error","message":"godwit serves {{{Served}}}"}}""");
            return;
        }

        if (!_clients.TryGetValue(request.Token, out var client))
        {
            await RefuseAsync(
                response, 401, protocol.Error("authentication_error", "the gateway doesn't know this key; use the one that it gave"));
            return;
        }

        if (GatewayProtocol.Parse(request.Body.Span) is not { } body)
        {
            await RefuseAsync(response, 400, protocol.Error("invalid_request_error", "the body is no JSON object, or has a name twice"));
            return;
        }

        var models = ModelsFor(client, protocol, body, out var mistake);
        var text = GatewayProtocol.TextOf(body);
        if ((mistake ?? (counts ? null : protocol.Unbounded(body))) is { } wrong)
        {
            await RefuseAsync(response, 400, protocol.Error("invalid_request_error", wrong));
            return;
        }

        var call = new Call(request, client, protocol, body, text, models);
        await (counts ? CountAsync(call, response) : AnswerAsync(call, response));
    }

    /// <summary>Counting costs nothing and is journaled nowhere: who can, says it; else Godwit's own count.</summary>
    private async Task CountAsync(Call call, IGatewayResponse response)
    {
        try
        {
            var body = await pipeline.RouteAsync(
                call.Models,
                async model =>
                {
                    var connection = drivers.ConnectionOf(model.Provider);
                    var sent = call.Body.DeepClone().AsObject();
                    sent["model"] = model.Id;
                    using var message = connection.Message(CountTokens, call.Request.Query, Bytes(sent), call.Request.Headers);
                    using var answer = await connection.Http.SendAsync(message, call.Client.Ended);
                    return connection.WithoutKey(await answer.Content.ReadAsStringAsync(call.Client.Ended));
                },
                Patience, waitsAsAsked: false, call.Client.Ended);
            await response.StartAsync(200, "application/json");
            await response.WriteAsync(Encoding.UTF8.GetBytes(body));
        }
        catch (ModelException failure)
        {
            call.Failure = failure;
            await RefuseAsync(response, call, new Failure("count", "model", failure.Message, 1));
        }
    }

    private async Task AnswerAsync(Call call, IGatewayResponse response)
    {
        var (client, hash) = (call.Client, HashOf(call));
        var relay = new GatewayRelay(call.Protocol, call.Body, response, client.Refusal);
        var asking = client.Undelivered(hash) ?? AskAsync(call, hash, relay);
        client.Track(asking);
        try
        {
            // A caller that goes doesn't end its call, which is paid: its repeat gets the answer.
            await using var leaving = response.Gone.Register(() => client.NotDelivered(hash, asking));
            await relay.FinishAsync(await asking);
        }
        catch (StepFailedException failed) when (!response.HasStarted)
        {
            await RefuseAsync(response, call, failed.Failure);
        }
        catch (Exception error) when (error is StepFailedException or OperationCanceledException or Godwit.Durable.Journal.JournalException)
        {
            // Who has been told of the error needn't see the connection break as well.
            if (!relay.HasToldError)
            {
                response.Abort();
            }
        }
    }

    private async Task<GatewayReply> AskAsync(Call call, string hash, GatewayRelay relay)
    {
        var client = call.Client;
        if (client.Hold is { } hold)
        {
            await hold(client.Ended);
        }

        var (key, turn) = client.Next(hash);
        try
        {
            var reply = await client.Attempt.PaidAsync(
                key, WorstCase(call), client.Budget, hash,
                async (attempt, cancellation) =>
                {
                    try
                    {
                        return await Settlement.SettleAsync(attempt, () => PlayOrForwardAsync(call, turn, relay, cancellation));
                    }
                    catch (ModelException error)
                    {
                        call.Failure = error;
                        throw new StepFaultException("model", error.Message);
                    }
                },
                client.Ended);
            client.Answered(reply);
            return reply;
        }
        catch (StepFailedException failed) when (failed.Failure.Cause == BudgetExceededException.Cause)
        {
            client.WasRefused(failed.Failure.Message);
            throw;
        }
    }

    /// <summary>What was recorded, while a recording is played; otherwise a provider's answer.</summary>
    private async Task<GatewayReply> PlayOrForwardAsync(Call call, int turn, GatewayRelay relay, CancellationToken cancellation)
    {
        var client = call.Client;
        if (pipeline.Cassette is { IsRecording: false } played)
        {
            var recorded = played.Find(client.Agent, turn, ShapeOf(call.Body));
            return client.Refusal is { } refusal
                ? recorded with { Body = await new CallGuard(refusal).WholeAsync(recorded.ContentType, recorded.Body) }
                : recorded;
        }

        var answer = await pipeline.RouteAsync(
            call.Models,
            model => ModelTelemetry.TraceAsync(
                model, client.Agent, request: null, pipeline.Time, () => ForwardAsync(call, model, relay, cancellation)),
            Patience, waitsAsAsked: false, cancellation);
        client.Learn(call.Text, answer.Reply.Model, answer.Reply.Usage.Input);
        pipeline.Cassette?.Record(client.Agent, turn, ShapeOf(call.Body), ModelOf(client, call.Protocol.Path), answer);
        return answer;
    }

    private async Task<GatewayReply> ForwardAsync(Call call, ModelEntry model, GatewayRelay relay, CancellationToken cancellation)
    {
        var provider = catalogue.Providers[model.Provider];
        var connection = drivers.ConnectionOf(model.Provider);
        var sent = call.Protocol.For(model, call.Body, provider, call.Client.IsBounded);
        using var answer = await SendAsync(connection, call, sent, cancellation);
        try
        {
            var (body, usage) = await relay.TakeAsync(answer, connection.WithoutKey, cancellation);
            return usage.IsWhole && UsageOf(usage).IsPlausible ? ReplyOf(model, usage, relay.ContentType, body)
                : usage.HasEnded && (!model.IsPriced || !call.Client.IsBounded) ? Estimated(call, model, relay.ContentType, body)
                : throw new ModelException(
                    ModelFailure.Broken,
                    $"{model.Provider} sent no token count that can be, or broke off before it; a budget can't be kept without one");
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            throw new ModelException(ModelFailure.Broken, $"{model.Provider} broke off: {error.Message}");
        }
    }

    /// <summary>Sends a request; what the gateway has added to it and this provider doesn't take is left out.</summary>
    private static async Task<HttpResponseMessage> SendAsync(
        ProviderConnection connection, Call call, JsonObject sent, CancellationToken cancellation)
    {
        while (true)
        {
            using var message = connection.Message(call.Protocol.Path, call.Request.Query, Bytes(sent), call.Request.Headers);
            try
            {
                return await connection.Http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation);
            }
            catch (ModelException refused) when (
                refused is { Kind: ModelFailure.Rejected, Body: { } words } && call.Protocol.Without(sent, call.Body, words) is { } less)
            {
                sent = less;
            }
        }
    }

    /// <summary>An answer whose tokens nobody has counted: Godwit's own count stands in, a token for three bytes, and says so.</summary>
    private static GatewayReply Estimated(Call call, ModelEntry model, string contentType, string body)
    {
        const int BytesOfToken = 3;
        var worst = WorstCase(call).Tokens;
        var input = Math.Min(worst, call.Text.Length / BytesOfToken + 1);
        var usage = new ModelUsage(input, 0, Math.Min(worst - input, Encoding.UTF8.GetByteCount(body) / BytesOfToken + 1));
        return new GatewayReply(
            new ModelReply(model.Name, [], StopReason.EndTurn, usage) { IsEstimated = true }, model.Cost(usage), contentType, body);
    }

    private static GatewayReply ReplyOf(ModelEntry model, UsageCount count, string contentType, string body)
    {
        var usage = UsageOf(count);
        return new GatewayReply(new ModelReply(model.Name, [], StopReason.EndTurn, usage), model.Cost(usage), contentType, body);
    }

    private static ModelUsage UsageOf(UsageCount count) => new(count.Input, count.Cached, count.Output) { Surcharge = count.Surcharge };

    private List<ModelEntry> ModelsFor(GatewayClient client, GatewayProtocol protocol, JsonObject body, out string? mistake)
    {
        mistake = null;
        if (pipeline.Cassette is { IsRecording: false })
        {
            return [];
        }

        var asked = (body["model"] as JsonValue)?.TryGetValue<string>(out var name) == true ? name : "";
        var role = client.MayChoose && catalogue.Roles.ContainsKey(asked) ? asked : client.Role;
        IReadOnlyList<ModelEntry> models = client.MayChoose && catalogue.Find(asked) is { } chosen
            ? [chosen]
            : catalogue.Roles.ContainsKey(role) ? catalogue.ForRole(role) : [];
        if (client.NeedsPrice && models.FirstOrDefault(model => !model.IsPriced) is { } unpriced)
        {
            mistake = $"'{unpriced.Name}' has no price, and the budget is one of dollars";
            return [];
        }

        var served = models.Where(model => protocol.IsServedBy(catalogue.Providers[model.Provider].Dialect)).ToList();
        if (served.Count == 0)
        {
            mistake = models.Count == 0
                ? $"no model plays the role '{role}', and '{asked}' is none of the catalogue's"
                : $"{string.Join(" and ", models.Select(model => model.Name))} can't be asked by {protocol.Path}; give the " +
                $"role '{role}' a model whose provider speaks it";
        }

        return served;
    }

    private static Charge WorstCase(Call call) => call.Models
        .Select(model => model.Cost(new ModelUsage(InputBound(call, model), 0, call.Protocol.WorstOutput(model, call.Body))))
        .Aggregate(Charge.None, Charge.Most);

    /// <summary>No more than the request can hold, and no more than the model takes.</summary>
    private static long InputBound(Call call, ModelEntry model)
    {
        var bound = call.Protocol.InputBound(call.Client.InputBound(call.Text, model.Name), call.Text);
        return model.Context > 0 ? Math.Min(bound, call.Protocol.InputBound(model.Context, [])) : bound;
    }

    /// <summary>
    /// What the answer depends on: the conversation, the tools and how it is to be said; not the ids that a program makes up each
    /// time it starts.
    /// </summary>
    private static string ShapeOf(JsonObject body) =>
        string.Join(
            '\n',
            Shaping.Where(name => body[name] is not null).Select(
                name => $"{name} {(name == "input" ? WithoutIds(body[name]!) : body[name]!).ToJsonString(GatewayProtocol.Plain)}"));

    /// <summary>codex gives each message an id that it makes up.</summary>
    private static JsonNode WithoutIds(JsonNode input)
    {
        var copy = input.DeepClone();
        foreach (var item in (copy as JsonArray ?? []).OfType<JsonObject>().Where(item => GatewayProtocol.Text(item["type"]) == "message"))
        {
            item.Remove("id");
        }

        return copy;
    }

    /// <summary>
    /// The name of a request: its path and every field, so that no request gets another's answer. Left out is what only says who asks:
    /// programs make it up each time they start, and must find their answered calls again after a crash.
    /// </summary>
    private static string HashOf(Call call)
    {
        var fields = call.Body.Where(field => !WhoAsks.Contains(field.Key))
            .OrderBy(field => field.Key, StringComparer.Ordinal)
            .Select(field => $"{field.Key} {ValueOf(field.Key, field.Value)}");
        var headers = call.Request.Headers.Where(
            header => header.Key.StartsWith("anthropic-", StringComparison.OrdinalIgnoreCase)
                || header.Key.StartsWith("openai-beta", StringComparison.OrdinalIgnoreCase))
            .Select(header => $"{header.Key.ToLowerInvariant()}: {header.Value}").Order(StringComparer.Ordinal);
        var text = string.Join('\n', [call.Protocol.Path, .. headers, .. fields]);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..24];
    }

    private static string ValueOf(string field, JsonNode? value) =>
        value is null ? "null" : (field == "input" ? WithoutIds(value) : value).ToJsonString(GatewayProtocol.Plain);

    private static byte[] Bytes(JsonObject body) => JsonSerializer.SerializeToUtf8Bytes(body, GatewayProtocol.Plain);

    private static Task RefuseAsync(IGatewayResponse response, Call call, Failure failure)
    {
        // What the provider itself said goes back as it said it: clients know their provider's words.
        return call.Failure is { Status: >= 400 and < 600, Body: { } words }
            && (
                call.Failure.IsAnswer
                    || call.Failure.Status is < 500 and not 429
                    || call.Failure.Kind == ModelFailure.Rejected
                    || call.Failure.RetryAfter is not null)
            ? RefuseAsync(response, call.Failure.Status.Value, words, call.Failure.RetryAfter)
            : failure.Cause == BudgetExceededException.Cause
                ? RefuseAsync(response, 402, call.Protocol.Error("budget_exceeded", failure.Message))
                : call.Failure is { Kind: ModelFailure.Rejected }
                    ? RefuseAsync(response, 400, call.Protocol.Error("invalid_request_error", failure.Message))
                    : RefuseAsync(response, 503, call.Protocol.Error("overloaded_error", failure.Message), call.Failure?.RetryAfter);
    }

    private static async Task RefuseAsync(IGatewayResponse response, int status, string body, TimeSpan? retryAfter = null)
    {
        await response.StartAsync(status, "application/json", retryAfter);
        await response.WriteAsync(Encoding.UTF8.GetBytes(body));
    }

    private sealed record Call(
        GatewayRequest Request, GatewayClient Client, GatewayProtocol Protocol, JsonObject Body, byte[] Text,
        IReadOnlyList<ModelEntry> Models)
    {
        /// <summary>How the provider failed, where it did.</summary>
        public ModelException? Failure { get; set; }
    }
}
