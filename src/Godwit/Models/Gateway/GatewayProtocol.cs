using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Godwit.Models;

/// <summary>
/// What the gateway has to know of a dialect: where its requests go, how they cap a reply, and where answers say what they
/// took. Everything else passes through untouched.
/// </summary>
internal abstract partial class GatewayProtocol
{
    private const int UnknownMaxOutput = 8192;

    // A caller that gives no cap would have all that a model can say reserved for each call: with 128,000 tokens, dollars.
    private const int Unasked = 32_768;

    // A picture costs by its size in pixels, whatever its bytes: the most that OpenAI and Anthropic document for one, and some more.
    private const long TokensOfPicture = 5000;

    private static readonly GatewayProtocol[] All = [new Chat(), new Responses(), new Messages(), new Embeddings()];

    /// <summary>The path that programs call, without the base address.</summary>
    public abstract string Path { get; }

    /// <summary>Whether a provider of this dialect serves it.</summary>
    public abstract bool IsServedBy(string dialect);

    /// <summary>The protocol of a path; null for none.</summary>
    public static GatewayProtocol? Of(string path) => Array.Find(All, protocol => protocol.Path == path);

    /// <summary>
    /// The request for one model: its own name for the model, and a cap on the reply that is never above what is reserved.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="request">What the caller sent; all that needn't be changed stays as it is.</param>
    /// <param name="provider">The model's provider.</param>
    /// <param name="bounded">Whether a budget has to be kept, for which a reply must be capped.</param>
    public JsonObject For(ModelEntry model, JsonObject request, ModelProvider provider, bool bounded)
    {
        var sent = request.DeepClone().AsObject();
        sent["model"] = model.Id;
        if (bounded || Cap(request) is not null)
        {
            SetCap(sent, WorstOutput(model, request), provider);
        }

        AskForUsage(sent);
        return sent;
    }

    /// <summary>
    /// The request without what the gateway has added and a provider has refused; null where nothing of that was refused.
    /// </summary>
    public virtual JsonObject? Without(JsonObject sent, JsonObject request, string refusal) => null;

    /// <summary>
    /// The most tokens that a reply can have: what the caller asks for, but no more than the catalogue says of the model, and
    /// 32,768 at most where it doesn't ask.
    /// </summary>
    public int WorstOutput(ModelEntry model, JsonObject request) => (Cap(request), model.MaxOutput) switch
    {
        ({ } asked, 0) => asked,
        ({ } asked, var most) => Math.Min(asked, most),
        (null, 0) => UnknownMaxOutput,
        (null, var most) => Math.Min(most, Unasked),
    };

    /// <summary>What a request can't have, because its cost couldn't be bounded; null where nothing.</summary>
    public string? Unbounded(JsonObject request) => DearerRequest.Find(request) ?? Refuses(request) ?? UncountedContent.Find(request);

    /// <summary>An upper bound of the input tokens of so many bytes of text, pictures included, in tokens at the price of input.</summary>
    public virtual long InputBound(long text, ReadOnlySpan<byte> bytes) =>
        text + TokensOfPicture * bytes.Count("\"type\":\"image"u8) + TokensOfPicture * bytes.Count("\"type\":\"input_image"u8);

    /// <summary>Writes JSON as providers do, with letters as they are.</summary>
    public static JsonSerializerOptions Plain { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An object; null for anything else, and for one that has a name twice, which readers read differently.</summary>
    public static JsonObject? Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <inheritdoc cref="Parse(ReadOnlySpan{byte})"/>
    public static JsonObject? Parse(string json) => Parse(Encoding.UTF8.GetBytes(json));

    /// <summary>A text; null for anything else.</summary>
    public static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    protected virtual string? Refuses(JsonObject request) => null;

    /// <summary>Takes up what a part of an answer, or a whole one, says of tokens.</summary>
    public abstract void Count(JsonObject part, ref UsageCount usage);

    /// <summary>Whether a part of a stream, by its text, can say anything that is counted.</summary>
    public virtual bool MayCount(string data) => data.Contains("\"usage\"", StringComparison.Ordinal);

    /// <summary>
    /// The code and the words of an error that stands where an answer, or a part of one, should; null where there is none.
    /// </summary>
    public virtual (int Status, string Words)? ErrorOf(JsonObject part) =>
        part["error"] is JsonObject error && part["choices"] is not JsonArray { Count: > 0 }
        ? (Whole(error["code"]) ?? Whole(error["status"]) ?? StatusOf(Text(error["type"]) ?? Text(error["code"])), Text(error["message"]) ?? error.ToJsonString(Plain)) : null;

    /// <summary>Whether a part of a stream, by its text, has something of the answer itself: words, thoughts or a call.</summary>
    public static bool IsWord(string? data) =>
        data is not null
            && (data.Contains("content_block_delta", StringComparison.Ordinal) || data.Contains(".delta\"", StringComparison.Ordinal)
        || data.Contains("\"tool_calls\":[{", StringComparison.Ordinal) || Words().IsMatch(data));

    [System.Text.RegularExpressions.GeneratedRegex("""\"(content|text|reasoning|reasoning_content|refusal)\"\s*:\s*\"[^\"]""")]
    private static partial System.Text.RegularExpressions.Regex Words();

    /// <summary>Whether a part of a stream, by its text, can be an error.</summary>
    public static bool MayFail(string data) => data.Contains("error", StringComparison.Ordinal);

    /// <summary>The bytes of text that the caller sends: pictures are counted as pictures.</summary>
    public static byte[] TextOf(JsonObject request)
    {
        var copy = request.DeepClone();
        DropPictures(copy);
        return JsonSerializer.SerializeToUtf8Bytes(copy, Plain);
    }

    /// <summary>Whether a part is one that the client didn't ask for.</summary>
    public virtual bool IsOwn(JsonObject request, JsonObject part) => false;

    /// <summary>The words of an error in the form that the dialect's clients read.</summary>
    public virtual string Error(string type, string message) =>
        new JsonObject
        {
            ["error"] = new JsonObject { ["type"] = type, ["code"] = type, ["message"] = message, ["param"] = null },
        }.ToJsonString(Plain);

    protected virtual void AskForUsage(JsonObject request)
    {
    }

    /// <summary>What the caller caps the reply at; null where it doesn't: 0 and below mean no cap, as servers have it.</summary>
    protected abstract int? Cap(JsonObject request);

    protected abstract void SetCap(JsonObject request, int cap, ModelProvider provider);

    protected static int? Whole(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<long>(out var number) && number > 0 ? (int)Math.Min(number, int.MaxValue) : null;

    private static int StatusOf(string? type) => type switch
    {
        "overloaded_error" => 529,
        "insufficient_quota" or "billing_error" => 402,
        _ when type?.Contains("rate_limit", StringComparison.Ordinal) == true => 429,
        "invalid_request_error" => 400,
        _ => 500,
    };

    private static void DropPictures(JsonNode? node)
    {
        switch (node)
        {
            case JsonArray list:
                foreach (var item in list)
                {
                    DropPictures(item);
                }

                break;
            case JsonObject part:
                foreach (var (name, value) in part.ToList())
                {
                    if (Text(value) is { } text
                        && (
                            text.StartsWith("data:image/", StringComparison.OrdinalIgnoreCase)
                                || (name == "data" && Text(part["media_type"])?.StartsWith("image/", StringComparison.Ordinal) == true)))
                    {
                        part[name] = "";
                    }
                    else
                    {
                        DropPictures(value);
                    }
                }

                break;
        }
    }

    protected static long Tokens(JsonNode? node) => node is JsonValue value && value.TryGetValue<long>(out var number) ? number : 0;

    /// <summary>OpenAI's chat completions.</summary>
    private sealed class Chat : GatewayProtocol
    {
        public override string Path => "/chat/completions";

        public override bool IsServedBy(string dialect) => dialect is "openai" or "responses" or "compatible";

        public override void Count(JsonObject part, ref UsageCount usage)
        {
            // Some servers count in every part; only what is counted at the end, or after it, is all of it.
            var ended = usage.HasEnded
                || Text(part["object"]) != "chat.completion.chunk"
                || (part["choices"] as JsonArray)?.Any(choice => Text(choice?["finish_reason"]) is not null) == true;
            usage = part["usage"] is JsonObject counted
                ? new UsageCount(
                    Tokens(counted["prompt_tokens"]), Tokens(counted["prompt_tokens_details"]?["cached_tokens"]),
                    Tokens(counted["completion_tokens"]), ended)
                {
                    HasEnded = ended,
                }
                : usage with { HasEnded = ended };
        }

        public override bool MayCount(string data) =>
            base.MayCount(data)
                || data.Contains("\"finish_reason\":\"", StringComparison.Ordinal)
                || data.Contains("\"finish_reason\": \"", StringComparison.Ordinal);

        public override bool IsOwn(JsonObject request, JsonObject part) =>
            part["usage"] is JsonObject
                && part["choices"] is JsonArray { Count: 0 }
                && request["stream_options"]?["include_usage"]?.GetValueKind() != JsonValueKind.True;

        protected override int? Cap(JsonObject request) => Whole(request["max_completion_tokens"]) ?? Whole(request["max_tokens"]);

        public override JsonObject? Without(JsonObject sent, JsonObject request, string refusal)
        {
            var less = sent.DeepClone().AsObject();
            if (refusal.Contains("stream_options", StringComparison.Ordinal)
                && request["stream_options"] is null
                && less.Remove("stream_options"))
            {
                return less;
            }

            if (refusal.Contains("max_tokens", StringComparison.Ordinal) && request["max_tokens"] is null && less["max_tokens"] is { } cap)
            {
                less.Remove("max_tokens");
                less["max_completion_tokens"] = cap.DeepClone();
                return less;
            }

            return null;
        }

        protected override void SetCap(JsonObject request, int cap, ModelProvider provider)
        {
            // A name that the caller has chosen stays: servers take one, the other, or both.
            string[] given = [.. ((string[])["max_completion_tokens", "max_tokens"]).Where(name => request[name] is not null)];
            foreach (var name
                in given.Length > 0 ? given : [provider.Dialect is "openai" or "responses" ? "max_completion_tokens" : "max_tokens"])
            {
                request[name] = cap;
            }
        }

        protected override void AskForUsage(JsonObject request)
        {
            if (request["stream"]?.GetValueKind() == JsonValueKind.True)
            {
                var options = request["stream_options"] as JsonObject ?? [];
                options["include_usage"] = true;
                request["stream_options"] = options.DeepClone();
            }
        }
    }

    /// <summary>OpenAI's responses.</summary>
    private sealed class Responses : GatewayProtocol
    {
        public override string Path => "/responses";

        public override bool IsServedBy(string dialect) => dialect is "openai" or "responses" or "compatible";

        public override bool MayCount(string data) => base.MayCount(data) || data.Contains("response.completed", StringComparison.Ordinal);

        public override void Count(JsonObject part, ref UsageCount usage)
        {
            if ((part["response"] ?? part)["usage"] is JsonObject counted)
            {
                usage = new UsageCount(
                    Tokens(counted["input_tokens"]), Tokens(counted["input_tokens_details"]?["cached_tokens"]),
                    Tokens(counted["output_tokens"]), true)
                {
                    HasEnded = true,
                };
            }

            usage = usage with
            {
                HasEnded = usage.HasEnded || Text(part["type"]) == "response.completed" || Text(part["status"]) == "completed",
            };
        }

        public override (int Status, string Words)? ErrorOf(JsonObject part) => Text(part["type"]) switch
        {
            "error" => (StatusOf(Text(part["code"])), Text(part["message"]) ?? part.ToJsonString(Plain)),
            "response.failed" =>
                (StatusOf(Text(part["response"]?["error"]?["code"])), Text(part["response"]?["error"]?["message"]) ?? "the response failed"),
            _ => base.ErrorOf(part),
        };

        protected override string? Refuses(JsonObject request) =>
            request["previous_response_id"] is not null || request["conversation"] is not null || request["prompt"] is JsonObject
                ? "what the provider keeps, a conversation or a prompt, can't be counted; send the whole of it as input"
                : request["background"]?.GetValueKind() == JsonValueKind.True
                    ? "an answer in the background can't be metered; ask without it"
                    : null;

        protected override int? Cap(JsonObject request) => Whole(request["max_output_tokens"]);

        protected override void SetCap(JsonObject request, int cap, ModelProvider provider) => request["max_output_tokens"] = cap;
    }

    /// <summary>Anthropic's messages.</summary>
    private sealed class Messages : GatewayProtocol
    {
        // What writing to the cache costs beside the price of input: 1.25 times it for five minutes, twice for an hour (Anthropic,
        // "Prompt caching").
        private const decimal ForMinutes = 0.25m;
        private const decimal ForAnHour = 1;

        public override string Path => "/messages";

        public override bool IsServedBy(string dialect) => dialect == "anthropic";

        public override void Count(JsonObject part, ref UsageCount usage)
        {
            usage = usage with { HasEnded = usage.HasEnded || Text(part["type"]) is "message_stop" or "message" };
            if ((part["message"] ?? part)["usage"] is not JsonObject counted)
            {
                return;
            }

            // The start of a stream has the input, each later part all of the output until then.
            var cached = Tokens(counted["cache_read_input_tokens"]);
            var input = Tokens(counted["input_tokens"]) + cached + Tokens(counted["cache_creation_input_tokens"]);
            var surcharge = ForMinutes * (
                Tokens(counted["cache_creation_input_tokens"]) - Tokens(
                    counted["cache_creation"]?["ephemeral_1h_input_tokens"])) + ForAnHour * Tokens(counted["cache_creation"]?["ephemeral_1h_input_tokens"]);
            usage = new UsageCount(
                Math.Max(usage.Input, input), Math.Max(usage.Cached, cached), Math.Max(usage.Output, Tokens(counted["output_tokens"])),
                usage.IsWhole || part["type"]?.GetValue<string>() is "message_delta" or "message",
                Math.Max(usage.Surcharge, surcharge)) { HasEnded = usage.HasEnded };
        }

        public override bool MayCount(string data) => base.MayCount(data) || data.Contains("message_stop", StringComparison.Ordinal);

        public override string Error(string type, string message) =>
            new JsonObject
            {
                ["type"] = "error",
                ["error"] = new JsonObject { ["type"] = type, ["message"] = message },
            }.ToJsonString(Plain);

        public override (int Status, string Words)? ErrorOf(JsonObject part) => Text(part["type"]) == "error" ? base.ErrorOf(part) : null;

        public override long InputBound(long text, ReadOnlySpan<byte> bytes)
        {
            var plain = base.InputBound(text, bytes);
            return bytes.IndexOf("\"cache_control\":"u8) < 0
                ? plain
                : (long)Math.Ceiling(plain * (1 + (bytes.IndexOf("\"ttl\":\"1h\""u8) < 0 ? ForMinutes : ForAnHour)));
        }

        protected override int? Cap(JsonObject request) => Whole(request["max_tokens"]);

        protected override void SetCap(JsonObject request, int cap, ModelProvider provider) => request["max_tokens"] = cap;
    }

    /// <summary>OpenAI's embeddings: input alone is billed.</summary>
    private sealed class Embeddings : GatewayProtocol
    {
        public override string Path => "/embeddings";

        public override bool IsServedBy(string dialect) => dialect is "openai" or "responses" or "compatible";

        public override void Count(JsonObject part, ref UsageCount usage)
        {
            if (part["usage"] is JsonObject counted)
            {
                usage = new UsageCount(Tokens(counted["prompt_tokens"]), 0, 0, true) { HasEnded = true };
            }

            usage = usage with { HasEnded = part["data"] is JsonArray };
        }

        protected override int? Cap(JsonObject request) => 1;

        protected override void SetCap(JsonObject request, int cap, ModelProvider provider)
        {
        }
    }
}

/// <summary>What an answer has said of tokens so far.</summary>
/// <param name="Input">All of the input.</param>
/// <param name="Cached">Those of the input that came from a cache.</param>
/// <param name="Output">The output.</param>
/// <param name="IsWhole">The final count has come.</param>
/// <param name="Surcharge">What writing to a cache costs beside that, in tokens at the price of input.</param>
internal readonly record struct UsageCount(long Input, long Cached, long Output, bool IsWhole, decimal Surcharge = 0)
{
    /// <summary>The answer has said that it is at its end.</summary>
    public bool HasEnded { get; init; }
}
