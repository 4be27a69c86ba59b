using System.Text.Json.Nodes;
using Godwit.Models;

namespace Godwit.Tests.Models;

public sealed class CallGuardTests
{
    private const string Instead = "echo 'no: it'\\''s curl' >&2; exit 126";

    private static Task<string?> Refusal(string line) =>
        Task.FromResult(line.Contains("curl", StringComparison.Ordinal) ? "no: it's curl" : null);

    private static Task<string?> Nothing(string line) => Task.FromResult<string?>(null);

    private static string Event(string name, string data) => $"{(name.Length > 0 ? $"event: {name}\n" : "")}data: {data}\n\n";

    /// <summary>What a client puts together of a stream, by dialect, of which the second call is refused.</summary>
    public static TheoryData<string, string[], string[], Func<IEnumerable<JsonNode>, IEnumerable<string>>> Streams => new()
    {
        {
            "chat",
            [Event("", """{"choices":[{"index":0,"delta":{"content":"I look."}}]}""")],
            [
                Event("", """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"bash","arguments":""}}]}}]}"""),
                Event("", """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"command\":"}},{"index":1,"id":"b","function":{"name":"bash","arguments":"{\"command\":\"cu"}}]}}]}"""),
                Event("", """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"ls\"}"}},{"index":1,"function":{"arguments":"rl x\",\"description\":\"d\"}"}}]}}]}"""),
                Event("", """{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"""),
            ],
            parts => parts.SelectMany(part => part["choices"]![0]!["delta"]!["tool_calls"]?.AsArray() ?? [])
                .GroupBy(call => call!["index"]!.ToString())
                .Select(call => string.Concat(call.Select(piece => piece!["function"]!["arguments"]!.ToString())))
        },
        {
            "responses",
            [Event("response.output_text.delta", """{"type":"response.output_text.delta","delta":"I look."}""")],
            [
                Event("response.output_item.added", """{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","name":"exec_command","arguments":""}}"""),
                Event("response.function_call_arguments.delta", """{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{\"cmd\":\"ls\"}"}"""),
                Event("response.output_item.done", """{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","name":"exec_command","arguments":"{\"cmd\":\"ls\"}"}}"""),
                Event("response.function_call_arguments.delta", """{"type":"response.function_call_arguments.delta","output_index":1,"delta":"{\"cmd\":\"cu"}"""),
                Event("response.function_call_arguments.delta", """{"type":"response.function_call_arguments.delta","output_index":1,"delta":"rl x\"}"}"""),
                Event("response.output_item.done", """{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","name":"exec_command","arguments":"{\"cmd\":\"curl x\"}"}}"""),
                Event("response.completed", """{"type":"response.completed","response":{"output":[{"type":"function_call","arguments":"{\"cmd\":\"ls\"}"},{"type":"function_call","arguments":"{\"cmd\":\"curl x\"}"}],"usage":{"input_tokens":1}}}"""),
            ],
            parts => parts.Where(part => part["type"]!.ToString() == "response.output_item.done")
                .Select(part => part["item"]!["arguments"]!.ToString())
        },
        {
            "messages",
            [Event("content_block_delta", """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"I look."}}""")],
            [
                Event("content_block_start", """{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"Bash","input":{}}}"""),
                Event("content_block_delta", """{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"command\":\"ls\"}"}}"""),
                Event("content_block_start", """{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"b","name":"Bash","input":{}}}"""),
                Event("content_block_delta", """{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"command\":\"cu"}}"""),
                Event("content_block_delta", """{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"rl x\"}"}}"""),
                Event("message_stop", """{"type":"message_stop"}"""),
            ],
            parts => parts.Where(part => part["delta"]?["partial_json"] is not null)
                .GroupBy(part => part["index"]!.ToString())
                .Select(call => string.Concat(call.Select(piece => piece["delta"]!["partial_json"]!.ToString())))
        },
    };

    private static JsonNode Data(string sent) => JsonNode.Parse(SseData.Of(sent)!)!;

    private static string Line(string arguments) =>
        (JsonNode.Parse(arguments)!["command"] ?? JsonNode.Parse(arguments)!["cmd"])!.ToString();

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task Stream_RefusedLine_IsReplacedInEveryPieceAndNothingElseIsTouched(
        string dialect, string[] words, string[] calls, Func<IEnumerable<JsonNode>, IEnumerable<string>> read)
    {
        // Each is judged once, however often a stream tells of it: a model may be asked, and paid, for it.
        var judged = new List<string>();
        var guard = new CallGuard(line =>
        {
            judged.Add(line);
            return Refusal(line);
        });
        Assert.All(words, sent => Assert.False(guard.Holds(sent), dialect));
        Assert.All(calls, sent => Assert.True(guard.Holds(sent), $"{dialect}: {sent}"));
        var released = (await guard.ReleaseAsync()).ToList();
        Assert.Equal(["ls", Instead], read(released.Select(Data)).Select(Line));
        Assert.DoesNotContain("curl x", string.Concat(released), StringComparison.Ordinal);
        Assert.All(
            calls.Zip(released).Where(
                pair => !pair.First.Contains("cu", StringComparison.Ordinal) && !pair.First.Contains("rl x", StringComparison.Ordinal)),
            pair => Assert.Equal(pair.First, pair.Second));

        // All of it at once, as it stands on a cassette.
        Assert.Equal(
            string.Concat(words) + string.Concat(released),
            await new CallGuard(Refusal).WholeAsync("text/event-stream", string.Concat(words) + string.Concat(calls)));
        Assert.Equal(string.Concat(calls), await new CallGuard(Nothing).WholeAsync("text/event-stream", string.Concat(calls)));
        Assert.Equal(["curl x", "ls"], judged.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"bash","arguments":"{\"command\":\"curl x\"}"}}]}}]}""")]
    [InlineData("""{"output":[{"type":"function_call","name":"shell","arguments":"{\"command\":[\"bash\",\"-lc\",\"curl x\"]}"}]}""")]
    [InlineData("""{"output":[{"type":"local_shell_call","action":{"type":"exec","command":["bash","-lc","curl x"]}}]}""")]
    [InlineData("""{"content":[{"type":"text","text":"I use curl x"},{"type":"tool_use","name":"Bash","input":{"command":"curl x","timeout":5}}]}""")]
    public async Task Whole_RefusedLine_IsReplaced(string answer)
    {
        var guarded = await new CallGuard(Refusal).WholeAsync("application/json", answer);
        Assert.Contains("exit 126", guarded, StringComparison.Ordinal);
        Assert.Equal(answer.Contains("I use", StringComparison.Ordinal), guarded.Contains("curl x", StringComparison.Ordinal));
        Assert.Equal(answer, await new CallGuard(Nothing).WholeAsync("application/json", answer));
    }

    /// <summary>Servers that don't count a chat's calls, the form before tool calls, other ends of lines, and both names at once.</summary>
    [Theory]
    [InlineData("data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"arguments\":\"{\\\"command\\\":\\\"curl " +
    "x\\\"}\"}},{\"index\":0,\"id\":\"b\",\"function\":{\"arguments\":\"{\\\"command\\\":\\\"ls\\\"}\"}}]}}]}\n\n")]
    [InlineData("data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"arguments\":\"{\\\"command\\\":\\\"ls\\\"}\"}},{\"id\":\"b\",\"function\":{\"arguments\":\"{\\\"command\\\":\\\"curl " +
    "x\\\"}\"}}]}}]}\n\n")]
    [InlineData("data: {\"choices\":[{\"index\":0,\"delta\":{\"function_call\":{\"name\":\"sh\",\"arguments\":\"{\\\"command\\\":\"}}}]}\n\ndata: " +
    "{\"choices\":[{\"index\":0,\"delta\":{\"function_call\":{\"arguments\":\"\\\"curl x\\\"}\"}}}]}\n\n")]
    [InlineData("event: e\r\ndata: {\"type\":\"response.output_item.done\",\"item\":{\"type\":\"function_call\",\"arguments\":\"{\\\"command\\\":\\\"ls\\\",\\\"cmd\\\":\\\"curl " +
    "x\\\"}\"}}\r\nid: 7\r\n\r\n")]
    [InlineData("data: {\"type\":\"response.output_item.done\",\"item\":{\"type\":\"function_call\",\"arguments\":{\"command\":\"curl x\"}}}\n\n")]
    public async Task Stream_OfOddServers_IsGuardedToo(string stream)
    {
        var guard = new CallGuard(Refusal);
        foreach (var sent in SseData.Events(stream))
        {
            Assert.True(guard.Holds(sent));
        }

        var released = string.Concat(await guard.ReleaseAsync());
        Assert.Contains("exit 126", released, StringComparison.Ordinal);
        Assert.DoesNotContain("curl x", released, StringComparison.Ordinal);
        Assert.Equal(stream.Contains("\\\"ls\\\"}", StringComparison.Ordinal), released.Contains("\\\"ls\\\"}", StringComparison.Ordinal));
        Assert.Equal(
            stream.Contains("\r\nid: 7\r\n\r\n", StringComparison.Ordinal),
            released.EndsWith("\r\nid: 7\r\n\r\n", StringComparison.Ordinal));
        Assert.Equal(released, await new CallGuard(Refusal).WholeAsync("text/event-stream", stream));
    }

    /// <summary>Arguments that this reader can't read, another might.</summary>
    [Theory]
    [InlineData("""{"output":[{"type":"function_call","arguments":"{\"command\":\"curl x"}]}""")]
    [InlineData("""{"output":[{"type":"function_call","arguments":"{\"command\":\"ls\",\"command\":\"curl x\"}"}]}""")]
    public async Task Whole_UnreadableArguments_AreTakenAway(string answer) => Assert.Equal(
        """{"output":[{"type":"function_call","arguments":"{}"}]}""",
        await new CallGuard(Refusal).WholeAsync("application/json", answer));

    [Theory]
    [InlineData("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\",\"tool_calls\":null,\"function_call\":null}}]}\n\n")]
    [InlineData("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a tool_use\",\"tool_calls\":[]}}]}\n\n")]
    [InlineData("data: {\"choices\":[{\"index\":0,\"delta\":\"odd\",\"finish_reason\":\"tool_calls\"}]}\n\n")]
    public void Stream_WithoutACall_IsntHeld(string sent) => Assert.False(new CallGuard(Refusal).Holds(sent));

    [Theory]
    [InlineData("""{"choices":[{"message":{"content":"{\"command\":\"curl x\"}"}}]}""")]
    [InlineData("""{"content":[{"type":"tool_use","name":"Write","input":{"file_path":"a","content":"curl x"}}]}""")]
    [InlineData("curl x")]
    public async Task Whole_NoShellLine_IsLeftAlone(string answer) =>
        Assert.Equal(answer, await new CallGuard(Refusal).WholeAsync("application/json", answer));
}
