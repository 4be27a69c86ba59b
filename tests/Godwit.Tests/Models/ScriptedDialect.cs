using System.Text;
using System.Text.Json.Nodes;

namespace Godwit.Tests.Models;

/// <summary>What a reply looks like in a provider's dialect, whole and as a stream.</summary>
internal abstract class ScriptedDialect
{
    private const int Cached = 3;

    public static ScriptedDialect Of(string path) => path.EndsWith("/messages", StringComparison.Ordinal) ? new Messages()
        : path.EndsWith("/responses", StringComparison.Ordinal) ? new Responses() : new Chat();

    public abstract JsonObject Whole(ScriptedReply reply, int input);

    public abstract string Stream(ScriptedReply reply, int input, JsonNode request);

    private static string Events(IEnumerable<JsonObject> parts, bool named)
    {
        var text = new StringBuilder();
        foreach (var part in parts)
        {
            text.Append(named ? $"event: {part["type"]}\n" : "").Append("data: ").Append(part.ToJsonString()).Append("\n\n");
        }

        return text.ToString();
    }

    /// <summary>A text in the few pieces that a stream brings it in.</summary>
    private static IEnumerable<string> Pieces(string? text) => text is null ? [] : text.Chunk(7).Select(piece => new string(piece));

    private sealed class Chat : ScriptedDialect
    {
        public override JsonObject Whole(ScriptedReply reply, int input) => new()
        {
            ["id"] = "c1", ["object"] = "chat.completion", ["created"] = 1, ["model"] = "scripted",
            ["choices"] = new JsonArray(new JsonObject
            {
                ["index"] = 0,
                ["finish_reason"] = Finish(reply),
                ["message"] = new JsonObject
                {
                    ["role"] = "assistant",
                    ["content"] = reply.Text,
                    ["tool_calls"] = reply.Calls.Length == 0 ? null : Calls(reply),
                },
            }),
            ["usage"] = Usage(reply, input),
        };

        public override string Stream(ScriptedReply reply, int input, JsonNode request)
        {
            List<JsonObject> parts =
                [Chunk(new JsonObject { ["role"] = "assistant", ["content"] = "" }, null), .. Pieces(reply.Text).Select(piece => Chunk(new JsonObject { ["content"] = piece }, null))];
            if (reply.Calls.Length > 0)
            {
                parts.Add(Chunk(new JsonObject { ["tool_calls"] = Calls(reply) }, null));
            }

            parts.Add(Chunk([], Finish(reply)));
            if (request["stream_options"]?["include_usage"]?.GetValue<bool>() == true)
            {
                var last = Chunk([], null);
                last["choices"] = new JsonArray();
                last["usage"] = Usage(reply, input);
                parts.Add(last);
            }

            return Events(parts, named: false) + "data: [DONE]\n\n";
        }

        private static string Finish(ScriptedReply reply) => reply.CutOff ? "length" : reply.Calls.Length > 0 ? "tool_calls" : "stop";

        private static JsonObject Chunk(JsonObject delta, string? finish) => new()
        {
            ["id"] = "c1", ["object"] = "chat.completion.chunk", ["created"] = 1, ["model"] = "scripted",
            ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = finish }),
        };

        private static JsonArray Calls(ScriptedReply reply) => new([.. reply.Calls.Select((call, index) => new JsonObject
        {
            ["index"] = index, ["id"] = $"call_{Guid.NewGuid():N}", ["type"] = "function",
            ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments },
        })]);

        private static JsonObject Usage(ScriptedReply reply, int input) => new()
        {
            ["prompt_tokens"] = input, ["completion_tokens"] = reply.OutputTokens, ["total_tokens"] = input + reply.OutputTokens,
            ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = Cached },
        };
    }

    private sealed class Messages : ScriptedDialect
    {
        public override JsonObject Whole(ScriptedReply reply, int input) => new()
        {
            ["id"] = "msg_1", ["type"] = "message", ["role"] = "assistant", ["model"] = "scripted",
            ["content"] = new JsonArray([.. Content(reply)]),
            ["stop_reason"] = Stop(reply), ["stop_sequence"] = null, ["usage"] = Usage(reply.OutputTokens, input),
        };

        public override string Stream(ScriptedReply reply, int input, JsonNode request)
        {
            var start = Whole(reply with { Text = null, Calls = [] }, input);
            start["stop_reason"] = null;
            start["usage"] = Usage(1, input);
            List<JsonObject> parts = [new() { ["type"] = "message_start", ["message"] = start }];
            foreach (var (content, index) in Content(reply).Select((content, index) => (content, index)))
            {
                var tool = content["type"]!.GetValue<string>() == "tool_use";
                var json = tool ? content["input"]!.ToJsonString() : content["text"]!.GetValue<string>();
                content[tool ? "input" : "text"] = tool ? new JsonObject() : "";
                parts.Add(new JsonObject { ["type"] = "content_block_start", ["index"] = index, ["content_block"] = content });
                parts.AddRange(Pieces(json).Select(piece => new JsonObject
                {
                    ["type"] = "content_block_delta", ["index"] = index,
                    ["delta"] = new JsonObject
                    {
                        ["type"] = tool ? "input_json_delta" : "text_delta",
                        [tool ? "partial_json" : "text"] = piece,
                    },
                }));
                parts.Add(new JsonObject { ["type"] = "content_block_stop", ["index"] = index });
            }

            parts.Add(
                new JsonObject
                {
                    ["type"] = "message_delta",
                    ["delta"] = new JsonObject { ["stop_reason"] = Stop(reply), ["stop_sequence"] = null },
                    ["usage"] = new JsonObject { ["output_tokens"] = reply.OutputTokens },
                });
            parts.Add(new JsonObject { ["type"] = "message_stop" });
            return Events(parts, named: true);
        }

        private static string Stop(ScriptedReply reply) => reply.CutOff ? "max_tokens" : reply.Calls.Length > 0 ? "tool_use" : "end_turn";

        private static JsonObject Usage(int output, int input) =>
            new()
            {
                ["input_tokens"] = input - Cached,
                ["cache_read_input_tokens"] = Cached,
                ["cache_creation_input_tokens"] = 0,
                ["output_tokens"] = output,
            };

        private static IEnumerable<JsonObject> Content(ScriptedReply reply)
        {
            if (reply.Text is not null)
            {
                yield return new JsonObject { ["type"] = "text", ["text"] = reply.Text };
            }

            foreach (var (name, arguments) in reply.Calls)
            {
                yield return new JsonObject
                {
                    ["type"] = "tool_use",
                    ["id"] = $"toolu_{Guid.NewGuid():N}",
                    ["name"] = name,
                    ["input"] = JsonNode.Parse(arguments),
                };
            }
        }
    }

    private sealed class Responses : ScriptedDialect
    {
        public override JsonObject Whole(ScriptedReply reply, int input) => new()
        {
            ["id"] = "resp_1", ["object"] = "response", ["created_at"] = 1, ["model"] = "scripted",
            ["status"] = reply.CutOff ? "incomplete" : "completed",
            ["incomplete_details"] = reply.CutOff ? new JsonObject { ["reason"] = "max_output_tokens" } : null,
            ["parallel_tool_calls"] = true, ["tool_choice"] = "auto", ["tools"] = new JsonArray(),
            ["output"] = new JsonArray([.. Items(reply)]),
            ["usage"] = new JsonObject
            {
                ["input_tokens"] = input, ["input_tokens_details"] = new JsonObject { ["cached_tokens"] = Cached },
                ["output_tokens"] = reply.OutputTokens, ["output_tokens_details"] = new JsonObject { ["reasoning_tokens"] = 0 },
                ["total_tokens"] = input + reply.OutputTokens,
            },
        };

        public override string Stream(ScriptedReply reply, int input, JsonNode request)
        {
            var start = Whole(reply with { Text = null, Calls = [] }, input);
            start["status"] = "in_progress";
            start["usage"] = null;
            var number = 0;
            List<JsonObject> parts = [new() { ["type"] = "response.created", ["response"] = start }];
            foreach (var item in Items(reply))
            {
                parts.Add(
                    new JsonObject { ["type"] = "response.output_item.added", ["output_index"] = number, ["item"] = item.DeepClone() });
                parts.AddRange(Pieces(item["type"]!.GetValue<string>() == "message" ? reply.Text : null).Select(piece => new JsonObject
                {
                    ["type"] = "response.output_text.delta", ["item_id"] = item["id"]!.GetValue<string>(),
                    ["output_index"] = number, ["content_index"] = 0, ["delta"] = piece,
                }));
                parts.Add(new JsonObject { ["type"] = "response.output_item.done", ["output_index"] = number++, ["item"] = item });
            }

            parts.Add(new JsonObject { ["type"] = "response.completed", ["response"] = Whole(reply, input) });
            return Events(parts.Select((part, index) => { part["sequence_number"] = index; return part; }), named: true);
        }

        private static IEnumerable<JsonObject> Items(ScriptedReply reply)
        {
            if (reply.Text is not null)
            {
                yield return new JsonObject
                {
                    ["id"] = "item_1", ["type"] = "message", ["role"] = "assistant", ["status"] = "completed",
                    ["content"] = new JsonArray(
                        new JsonObject { ["type"] = "output_text", ["text"] = reply.Text, ["annotations"] = new JsonArray() }),
                };
            }

            foreach (var (name, arguments) in reply.Calls)
            {
                yield return new JsonObject
                {
                    ["id"] = $"fc_{Guid.NewGuid():N}",
                    ["type"] = "function_call",
                    ["status"] = "completed",
                    ["name"] = name,
                    ["arguments"] = arguments,
                    ["call_id"] = $"call_{Guid.NewGuid():N}",
                };
            }
        }
    }
}
