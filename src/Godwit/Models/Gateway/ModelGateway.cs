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
        "model", "instructions", "system", "messages", "input", "tools", "tool_choice", "stream", "max_tokens", "max_completion_tokens", "max_output_tokens", "temperature", "top_p", "top_k",
        "response_format", "text", "reasoning", "reasoning_effort", "thinking", "stop", "stop_sequences", "seed",
    ];

    private readonly ConcurrentDictionary<string, GatewayClient> _clients = new(StringComparer.Ordinal);

    /// <summary>How long a call is tried while no provider answers; then its caller is told, which has retries of its own. Default two minutes.</summary>
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
        ["data"] = new JsonArray([.. catalogue.Roles.Keys.Concat(catalogue.Models.Select(model => model.Name)).Select(name => new JsonObject { ["id"] = name, ["object"] = "model", ["created"] = 0, ["owned_by"] = "godwit" })]),
    }.ToJsonString();

    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(GatewayRequest request, IGatewayResponse response)
    {
        if (GatewayProtocol.Of(request.Path) is not { } protocol)
        {
            await RefuseAsync(response, 404, """{"error":{"type":"not_found_error","message":"godwit serves /v1/chat/completions, /v1/responses, /v1/messages and /v1/models"}}""");
            return;
        }

        if (!_clients.TryGetValue(request.Token, out var client))
        {
            await RefuseAsync(response, 401, protocol.Error("authentication_error", "the gateway doesn't know this key; use the one that it gave"));
            return;
        }

        if (GatewayProtocol.Parse(request.Body.Span) is not { } body)
        {
            await RefuseAsync(response, 400, protocol.Error("invalid_request_error", "the body is no JSON object, or has a name twice"));
            return;
        }

        var models = ModelsFor(client, protocol, body, out var mistake);
        var bytes = Bytes(body);
        if ((mistake ?? protocol.Unbounded(body)) is { } wrong)
        {
            await RefuseAsync(response, 400, protocol.Error("invalid_request_error", wrong));
            return;
        }

        await AnswerAsync(new Call(request, client, protocol, body, bytes, models), response);
    }

    private async Task AnswerAsync(Call call, IGatewayResponse response)
    {
        var (client, hash) = (call.Client, HashOf(call.Body));
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
        catch (Exception error) when (error is StepFailedException or OperationCanceledException or Godwit.Journal.JournalException)
        {
            response.Abort();
        }
    }

    private async Task<GatewayReply> AskAsync(Call call, string hash, GatewayRelay relay)
    {
        var client = call.Client;
        var (key, turn) = client.Next(hash);
        try
        {
            var reply = await client.Attempt.PaidAsync(
                key, WorstCase(call), client.Budget, hash,
                async (attempt, cancellation) =>
                {
                    try
                    {
                        if (pipeline.Cassette is { IsRecording: false } played)
                        {
                            var recorded = played.Find(client.Agent, turn, ShapeOf(call.Body));
                            attempt.Settle(recorded.Charge);
                            return client.Refusal is { } refusal ? recorded with { Body = new CallGuard(refusal).Whole(recorded.ContentType, recorded.Body) } : recorded;
                        }

                        var answer = await pipeline.RouteAsync(call.Models, model => ForwardAsync(call, model, relay, cancellation), Patience, waitsAsAsked: false, cancellation);
                        attempt.Settle(answer.Charge);
                        client.Learn(call.Bytes, answer.Reply.Model, answer.Reply.Usage.Input);
                        pipeline.Cassette?.Record(client.Agent, turn, ShapeOf(call.Body), ModelOf(client, call.Protocol.Path), answer);
                        return answer;
                    }
                    catch (WaitEndedException)
                    {
                        attempt.Settle(Charge.None);
                        throw;
                    }
                    catch (ModelException error)
                    {
                        if (error.Kind != ModelFailure.Broken)
                        {
                            attempt.Settle(Charge.None);
                        }

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

    private async Task<GatewayReply> ForwardAsync(Call call, ModelEntry model, GatewayRelay relay, CancellationToken cancellation)
    {
        var provider = catalogue.Providers[model.Provider];
        var connection = drivers.ConnectionOf(model.Provider);
        using var message = connection.Message(call.Protocol.Path, call.Request.Query, Bytes(call.Protocol.For(model, call.Body, provider)), call.Request.Headers);
        using var answer = await connection.Http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation);
        try
        {
            var (body, usage) = await relay.TakeAsync(answer, connection.WithoutKey, cancellation);
            return usage.IsWhole && UsageOf(usage).IsPlausible
                ? ReplyOf(model, usage, relay.ContentType, body)
                : throw new ModelException(ModelFailure.Broken, $"{model.Provider} sent no token count that can be, or broke off before it; a budget can't be kept without one");
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            throw new ModelException(ModelFailure.Broken, $"{model.Provider} broke off: {error.Message}");
        }
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
        IReadOnlyList<ModelEntry> models = client.MayChoose && catalogue.Find(asked) is { } chosen ? [chosen] : catalogue.Roles.ContainsKey(role) ? catalogue.ForRole(role) : [];
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
                : $"{string.Join(" and ", models.Select(model => model.Name))} can't be asked by {protocol.Path}; give the role '{role}' a model whose provider speaks it";
        }

        return served;
    }

    private static Charge WorstCase(Call call) => call.Models
        .Select(model => model.Cost(new ModelUsage(call.Protocol.InputBound(call.Client.InputBound(call.Bytes, model.Name), call.Bytes), 0, call.Protocol.WorstOutput(model, call.Body))))
        .Aggregate(Charge.None, Charge.Most);

    /// <summary>What the answer depends on: the conversation, the tools and how it is to be said; not the ids that a program makes up each time it starts.</summary>
    private static string ShapeOf(JsonObject body) => string.Join('\n', Shaping.Where(name => body[name] is not null).Select(name => $"{name} {(name == "input" ? WithoutIds(body[name]!) : body[name]!).ToJsonString(GatewayProtocol.Plain)}"));

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

    private static string HashOf(JsonObject body) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ShapeOf(body))))[..24];

    private static byte[] Bytes(JsonObject body) => JsonSerializer.SerializeToUtf8Bytes(body, GatewayProtocol.Plain);

    private static Task RefuseAsync(IGatewayResponse response, Call call, Failure failure)
    {
        // What the provider itself said goes back as it said it: clients know their provider's words.
        return call.Failure is { Status: >= 400 and < 500 and not 429, Body: { } words }
            ? RefuseAsync(response, call.Failure.Status.Value, words)
            : failure.Cause == BudgetExceededException.Cause
                ? RefuseAsync(response, 402, call.Protocol.Error("budget_exceeded", failure.Message))
                : call.Failure is { Kind: ModelFailure.Rejected }
                    ? RefuseAsync(response, 400, call.Protocol.Error("invalid_request_error", failure.Message))
                    : RefuseAsync(response, 503, call.Protocol.Error("overloaded_error", failure.Message));
    }

    private static async Task RefuseAsync(IGatewayResponse response, int status, string body)
    {
        await response.StartAsync(status, "application/json");
        await response.WriteAsync(Encoding.UTF8.GetBytes(body));
    }

    private sealed record Call(GatewayRequest Request, GatewayClient Client, GatewayProtocol Protocol, JsonObject Body, byte[] Bytes, IReadOnlyList<ModelEntry> Models)
    {
        /// <summary>How the provider failed, where it did.</summary>
        public ModelException? Failure { get; set; }
    }
}
