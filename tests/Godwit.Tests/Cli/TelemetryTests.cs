namespace Godwit.Tests.Cli;

/// <summary>What a run sends to an OTLP receiver, and that it sends nothing unless it is asked.</summary>
public sealed class TelemetryTests : AgentRunFixture
{
    private const string Secret = "half-of-it-that-nobody-may-see";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_WithAReceiver_SendsSpansMetricsAndLogsOfOneTrace(bool content)
    {
        using var receiver = new OtlpReceiver();
        Command.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.Address;
        Command.Environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        Command.Environment["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = content ? "true" : "";
        var mail = Mailbox(
            (
                "trial-1-001.reply.json",
                $$$"""{"calls": [{"name": "write", "arguments": {"path": "src.txt", "content": "keep\n{{{Secret}}}\n"}}]}"""),
            ("trial-1-002.reply.json", """{"calls": [{"name": "submit", "arguments": {"summary": "took the filler out"}}]}"""));
        var result = Command.RunJson("run", Goal(), "--mailbox", mail, "--trials", "1");
        Assert.Equal("verified", result.GetProperty("state").GetString());

        var spans = receiver.Spans.ToList();
        var run = Assert.Single(spans, span => span.Name == "invoke_workflow optimise");
        Assert.Equal(result.GetProperty("run").GetString(), run.Tags["godwit.run.id"]);
        Assert.All(spans, span => Assert.Equal(run.Trace, span.Trace));
        var chats = spans.Where(span => span.Tags.GetValueOrDefault("gen_ai.operation.name") == "chat").ToList();
        Assert.Equal(2, chats.Count);
        Assert.All(chats, chat => Assert.Equal("trial-1", chat.Tags["gen_ai.agent.name"]));
        Assert.All(chats, chat => Assert.True(long.Parse(chat.Tags["gen_ai.usage.output_tokens"]) >= 0));
        var tool = Assert.Single(spans, span => span.Name == "execute_tool write");
        Assert.Equal("function", tool.Tags["gen_ai.tool.type"]);
        var agent = Assert.Single(spans, span => span.Name == "invoke_agent trial-1");
        Assert.Equal("invoke_agent", agent.Tags["gen_ai.operation.name"]);
        Assert.Equal(Assert.Single(spans, span => span.Name == "run").Id, agent.Parent);

        // A call of a model, and of a tool, stands below the step that it is part of.
        var steps = spans.Where(span => span.Name == "step").Select(span => span.Id).ToHashSet();
        Assert.All(chats.Append(tool), span => Assert.Contains(span.Parent, steps));

        string[] metrics = ["gen_ai.client.token.usage", "gen_ai.client.operation.duration", "godwit.cost", "godwit.model.queue", "godwit.steps"];
        Assert.Empty(metrics.Except(receiver.Metrics));
        Assert.Contains(run.Trace, receiver.LogTraces);
        Assert.Equal(content, receiver.Raw.Any(sent => sent.Contains(Secret, StringComparison.Ordinal)));
    }

    [Fact]
    public void Run_ReceiverThatIsNoAddress_IsRefusedBeforeAnythingStarts()
    {
        Command.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = "localhost";
        var (exit, _, error) = Command.Run("run", Goal(), "--mailbox", Mailbox());
        Assert.Equal(2, exit);
        Assert.Contains("OTEL_EXPORTER_OTLP_ENDPOINT is 'localhost', and must be an address", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(Command.Home, "runs")));
    }

    [Fact]
    public void Run_WithAReceiverThatIsGone_EndsAsEver()
    {
        Command.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9";
        var (exit, _, error) = Command.Run("run", Command.Folder(
            "fails", ("godwit.yaml", """
            goal: g
            editable: [a]
            setup: 'false'
            measure: {command: echo METRIC m=1, metric: m}
            parameters: {file: a, space: {x: {type: boolean}}}
            """),
            ("a", "x=true\n")));
        Assert.Equal(1, exit);
        Assert.Contains("the base doesn't pass", error, StringComparison.Ordinal);
    }
}
