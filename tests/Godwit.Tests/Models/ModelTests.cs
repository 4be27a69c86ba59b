using System.Text.Json.Nodes;
using Godwit.Durable;
using Godwit.Models;

namespace Godwit.Tests.Models;

public sealed class ModelTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("godwit-test-");

    public void Dispose() => _root.Delete(recursive: true);

    internal static ModelCatalogue Catalogue(string worker, params (string Name, string Dialect, ScriptedProvider Server)[] providers)
    {
        var (served, models) = ("", "");
        foreach (var (name, dialect, server) in providers)
        {
            served += $"  {name}: {{dialect: {dialect}, url: {server.Address}{(dialect == "anthropic" ? "" : "/v1")}}}\n";
            models += $"  m-{name}: {{provider: {name}, id: scripted, input: 5, output: 30, max_output: 1000}}\n";
        }

        return ModelCatalogue.Merge([("test", $"providers:\n{served}models:\n{models}roles: {{worker: [{worker}]}}\n")]);
    }

    /// <summary>A chat completion that says hi, as a provider writes it.</summary>
    private static ScriptedReply Hi(string created, string reason, string usage) => new()
    {
        Body = "{\"id\":\"x\",\"object\":\"chat.completion\",\"created\":" + created + ",\"model\":\"m\",\"choices\":[{\"index\":0," +
            "\"message\":{\"role\":\"assistant\",\"content\":\"hi\"},\"finish_reason\":" + reason + "}],\"usage\":{" + usage + "}}",
    };

    internal static ModelRequest Ask(string text = "hello") => new()
    {
        Role = "worker",
        Agent = "a",
        Turn = 1,
        System = "be brief",
        MaxOutput = 500,
        Tools = [new ToolSpec("read", "reads", """{"type":"object","properties":{"path":{"type":"string"}}}""")],
        Messages =
        [
            ModelMessage.User(text),
            new ModelMessage(Speaker.Model, [new MessagePart.Text("let me see"), new MessagePart.ToolCall("c1", "read", """{"path":"a"}""")]),
            new ModelMessage(Speaker.User, [new MessagePart.ToolResult("c1", "content of a"), new MessagePart.Text("go on")]),
        ],
    };

    [Fact]
    public void Catalogue_OfAGoalsProviders_HasTheirModelsAlone()
    {
        var all = ModelCatalogue.Merge([("test", """
            providers:
              far: {url: "https://models.example.org/v1"}
              near: {url: "http://127.0.0.1:11434/v1"}
              here: {dialect: mailbox, url: /tmp/mail}
            models:
              big: {provider: far}
              small: {provider: near}
              person: {provider: here}
            roles: {worker: [big, small], planner: [big], reviewer: [person]}
            """)]);
        var local = all.Only(["local"]);
        Assert.Equal(["small"], local.ForRole("worker").Select(model => model.Name));
        Assert.Equal(["person"], local.ForRole("reviewer").Select(model => model.Name));
        Assert.Throws<ModelException>(() => local.ForRole("planner"));
        Assert.Null(local.Find("big"));
        Assert.Equal(["big"], all.Only(["far"]).ForRole("worker").Select(model => model.Name));
        Assert.Equal(2, all.Only([]).ForRole("worker").Count);
        Assert.Contains("'nearby', which is no provider", Assert.Throws<FormatException>(() => all.Only(["nearby"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("compatible")]
    [InlineData("responses")]
    [InlineData("anthropic")]
    public async Task Ask_EachDialect_WordsCallsAndCountsArrive(string dialect)
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("well", ("read", """{"path":"b"}"""), ("read", """{"path":"c"}""")));
        var catalogue = Catalogue("m-x", ("x", dialect, server));
        using var drivers = new ModelDrivers(catalogue, TimeProvider.System);
        var answer = await new ModelPipeline(catalogue, drivers.Of, null, TimeProvider.System).AskAsync(Ask(), CancellationToken.None);
        Assert.Equal("well", answer.Reply.Words);
        Assert.Equal(["b", "c"], answer.Reply.Calls.Select(call => JsonNode.Parse(call.Arguments)!["path"]!.GetValue<string>()));
        Assert.Equal(StopReason.ToolUse, answer.Reply.Stop);
        Assert.Equal((3, 20), (answer.Reply.Usage.CachedInput, answer.Reply.Usage.Output));
        Assert.Equal(server.Billed, answer.Charge.Dollars);
        var sent = server.Requests[0].ToJsonString();
        Assert.All(
            (string[])["be brief", "hello", "let me see", "content of a", "go on"],
            text => Assert.Contains(text, sent, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("openai", "max_completion_tokens", "max_tokens")]
    [InlineData("compatible", "max_tokens", "max_completion_tokens")]
    [InlineData("responses", "max_output_tokens", "max_tokens")]
    [InlineData("anthropic", "max_tokens", "max_completion_tokens")]
    public async Task Ask_CapOfTheReply_HasTheNameThatTheServerKnows(string dialect, string name, string other)
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("ok"));
        var catalogue = Catalogue("m-x", ("x", dialect, server));
        using var drivers = new ModelDrivers(catalogue, TimeProvider.System);
        await new ModelPipeline(catalogue, drivers.Of, null, TimeProvider.System).AskAsync(Ask(), CancellationToken.None);
        Assert.Equal(500, server.Requests[0][name]!.GetValue<int>());
        Assert.Null(server.Requests[0][other]);
    }

    [Theory]
    [InlineData("null", "EndTurn")]
    [InlineData("\"insufficient_system_resource\"", "MaxOutput")]
    [InlineData("\"eos\"", "EndTurn")]
    public async Task Ask_ServerSpeaksTheDialectNearly_ItsAnswerCounts(string reason, string stop)
    {
        const string Usage = """
            "prompt_tokens":10,"completion_tokens":5,"total_tokens":15
            """;
        using var server = new ScriptedProvider(_ => Hi("1730000000.25", reason, Usage));
        var catalogue = Catalogue("m-x", ("x", "compatible", server));
        using var drivers = new ModelDrivers(catalogue, TimeProvider.System);
        var answer = await new ModelPipeline(catalogue, drivers.Of, null, TimeProvider.System).AskAsync(Ask(), CancellationToken.None);
        Assert.Equal(("hi", stop, 15), (answer.Reply.Words, answer.Reply.Stop.ToString(), answer.Charge.Tokens));
    }

    [Theory]
    [InlineData(-1_000_000, 0)]
    [InlineData(10, 20)]
    public async Task Ask_CountThatCantBe_IsBookedAtItsWorstCase(int input, int cached)
    {
        var usage = $$"""
            "prompt_tokens":{{input}},"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":{{cached}}}
            """;
        using var server = new ScriptedProvider(_ => Hi("1", "\"stop\"", usage));
        var catalogue = Catalogue("m-x", ("x", "compatible", server));
        using var drivers = new ModelDrivers(catalogue, TimeProvider.System);
        var pipeline = new ModelPipeline(catalogue, drivers.Of, null, TimeProvider.System);
        Assert.Equal(pipeline.WorstCase(Ask()), (await pipeline.AskAsync(Ask(), CancellationToken.None)).Charge);
    }

    /// <summary>Neither another address than the user gave, nor an answer, gets to see a key.</summary>
    [Theory]
    [InlineData("anthropic")]
    [InlineData("compatible")]
    public async Task Ask_ProviderSendsElsewhereOrRepeatsTheKey_ItStaysWhereItIs(string dialect)
    {
        using var elsewhere = new ScriptedProvider(_ => new ScriptedReply("never"));
        using var redirecting = new ScriptedProvider(
            _ => new ScriptedReply { Status = 307, Location = elsewhere.Address + "/other", Body = "{}" });
        using var repeating = new ScriptedProvider(_ => new ScriptedReply("your key is sk-planted-8", ("read", """{"path":"sk-planted-8"}""")));
        var file = Path.Combine(_root.FullName, "key");
        File.WriteAllText(file, "sk-planted-8");
        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        foreach (var server in (ScriptedProvider[])[redirecting, repeating])
        {
            var url = $"{server.Address}{(dialect == "anthropic" ? "" : "/v1")}";
            var catalogue = Catalogue("m-a", ("a", dialect, server))
                .With($$"""providers: { a: { dialect: {{dialect}}, url: "{{url}}", key_file: "{{file}}" } }""");
            using var drivers = new ModelDrivers(catalogue, TimeProvider.System);
            var asking = new ModelPipeline(catalogue, drivers.Of, null, TimeProvider.System).AskAsync(Ask(), CancellationToken.None);
            if (server == redirecting)
            {
                Assert.Equal(ModelFailure.Rejected, (await Assert.ThrowsAsync<ModelException>(() => asking)).Kind);
                continue;
            }

            var reply = (await asking).Reply;
            Assert.Equal(("your key is (key)", """{"path":"(key)"}"""), (reply.Words, reply.Calls[0].Arguments.Replace(" ", "", StringComparison.Ordinal)));
        }

        Assert.Empty(elsewhere.Requests);
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("responses")]
    [InlineData("anthropic")]
    public async Task Ask_WorstCase_IsNeverBelowTheBill(string dialect)
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("ok") { OutputTokens = 500 });
        var catalogue = Catalogue("m-x", ("x", dialect, server));
        using var drivers = new ModelDrivers(catalogue, TimeProvider.System);
        var pipeline = new ModelPipeline(catalogue, drivers.Of, null, TimeProvider.System);
        foreach (var text in (string[])["", "a", new string('x', 5000), string.Concat(Enumerable.Repeat("語", 800))])
        {
            var request = Ask(text);
            Assert.True((await pipeline.AskAsync(request, CancellationToken.None)).Charge.Dollars <= pipeline.WorstCase(request).Dollars);
        }
    }

    [Fact]
    public void Cassette_ProgramsAnswers_AreFoundByTheirRequestBeforeTheirTurn()
    {
        var path = Path.Combine(_root.FullName, "programs.jsonl");
        var recording = Cassette.Open(path, recording: true);
        foreach (var (turn, request) in (IEnumerable<(int, string)>)[(1, "a title"), (2, "the work")])
        {
            recording.Record(
                "trial-1", turn, request, "gpt",
                new GatewayReply(
                    new ModelReply("m", [], StopReason.EndTurn, new ModelUsage(1, 0, 1)), new Charge(1), "text/event-stream",
                    $"data: {request}\n\n"));
        }

        var played = Cassette.Open(path, recording: false);
        Assert.Equal("gpt", played.AskedBy("trial-1"));
        Assert.Null(played.AskedBy("trial-2"));
        Assert.Equal("data: the work\n\n", played.Find("trial-1", 1, "the work").Body);
        Assert.Equal(0, played.Drifted);
        var other = played.Find("trial-1", 1, "other work");
        Assert.Equal(("data: a title\n\n", Charge.None, 1), (other.Body, other.Charge, played.Drifted));
        var error = Assert.Throws<ModelException>(() => played.Find("trial-1", 3, "more"));
        Assert.Contains("has no reply for trial-1, turn 3", error.Message, StringComparison.Ordinal);

        // The same request twice, and two that differ in a number only.
        foreach (var (turn, request) in (IEnumerable<(int, string)>)[(1, "again"), (2, "again"), (3, "chapter 1"), (4, "chapter 2")])
        {
            recording.Record(
                "trial-2", turn, request, "gpt",
                new GatewayReply(
                    new ModelReply("m", [], StopReason.EndTurn, new ModelUsage(1, 0, 1)), new Charge(1), "text/event-stream",
                    $"data: {turn}\n\n"));
        }

        played = Cassette.Open(path, recording: false);
        Assert.Equal(
            ["data: 1\n\n", "data: 2\n\n", "data: 4\n\n", "data: 3\n\n"],
            ((string[])["again", "again", "chapter 2", "chapter 1"]).Select(
                (request, index) => played.Find("trial-2", index + 1, request).Body));
        Assert.Equal(0, played.Drifted);

        // What a program was answered is nothing for Godwit's own agents, nor the other way round.
        Assert.Contains(
            "a program's replies for trial-1",
            Assert.Throws<ModelException>(
                () => Cassette.Open(path, recording: false).Find(Ask() with { Agent = "trial-1", Turn = 1 })).Message,
            StringComparison.Ordinal);
        recording.Record(Ask() with { Agent = "trial-3", Turn = 1 }, new ModelReply("m", [], StopReason.EndTurn, new ModelUsage(1, 0, 1)));
        Assert.Contains(
            "own agent's replies for trial-3",
            Assert.Throws<ModelException>(() => Cassette.Open(path, recording: false).Find("trial-3", 1, "x")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cassette_RecordedThenReplayed_SameRepliesWithoutAServerAndDriftIsCounted()
    {
        var path = Path.Combine(_root.FullName, "c.jsonl");
        var server = new ScriptedProvider(_ => new ScriptedReply("well", ("read", """{"path":"b"}""")));
        var catalogue = Catalogue("m-x", ("x", "openai", server));
        using var drivers = new ModelDrivers(catalogue, TimeProvider.System);
        var first = await new ModelPipeline(
            catalogue, drivers.Of, Cassette.Open(path, recording: true),
            TimeProvider.System).AskAsync(Ask("it has 1.234E+04, and a pair 12.7 %"), CancellationToken.None);
        server.Dispose();

        var replayed = new ModelPipeline(catalogue, drivers.Of, Cassette.Open(path, recording: false), TimeProvider.System);
        var second = await replayed.AskAsync(Ask("it has 9876, and a pair 3 %"), CancellationToken.None);
        Assert.Equal(first.Reply.Parts, second.Reply.Parts);
        Assert.Equal((new Charge(0, first.Charge.Tokens), 0), (second.Charge, replayed.Cassette!.Drifted));
        await replayed.AskAsync(Ask("something else"), CancellationToken.None);
        Assert.Equal(1, replayed.Cassette.Drifted);
        var error = await Assert.ThrowsAsync<ModelException>(() => replayed.AskAsync(Ask() with { Turn = 9 }, CancellationToken.None));
        Assert.Contains("has no reply for a, turn 9", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mailbox_ReplyFile_IsTheAnswer()
    {
        var folder = Path.Combine(_root.FullName, "mail");
        var driver = new MailboxDriver(folder, TimeProvider.System);
        var asking = driver.AskAsync(new ModelEntry { Name = "m", Provider = "p", Id = "m" }, Ask(), CancellationToken.None);
        await Durable.Eventually.TrueAsync(() => File.Exists(Path.Combine(folder, "a-001.request.md")), "a request");
        Assert.Contains("content of a", File.ReadAllText(Path.Combine(folder, "a-001.request.md")), StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(folder, "a-001.reply.json"), """{"text": "I", "calls": [{"na""");
        await Durable.Eventually.TrueAsync(() => File.Exists(Path.Combine(folder, "a-001.reply.json.wrong")), "a word on the half reply");
        await File.WriteAllTextAsync(Path.Combine(folder, "a-001.reply.json"), """{"calls": [{"arguments": {}}]}""");
        await Durable.Eventually.TrueAsync(
            () => File.ReadAllText(Path.Combine(folder, "a-001.reply.json.wrong"))
                .Contains("a call has a \"name\"", StringComparison.Ordinal),
            "a word on the call without a name");
        Assert.False(asking.IsCompleted);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "a-001.reply.json"), """{"text": "I read", "calls": [{"name": "read", "arguments": {"path": "z"}}]}""");
        var reply = await asking.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(("I read", """{"path":"z"}"""), (reply.Words, reply.Calls[0].Arguments));
        Assert.Single(Directory.GetFiles(folder, "*reply*"));
    }

    [Theory]
    [InlineData("models: {a: {provider: nobody}}", "is no provider")]
    [InlineData("roles: {worker: [ghost]}", "is no model")]
    [InlineData("models: {a: {provder: x}}", "test:1:")]
    [InlineData("providers: {p: {url: u}}\nmodels: {a: {provider: p, quality: 40}}\nroles: {reviewer: [a]}\nfloors: {reviewer: " +
    "70}", "role 'reviewer' has a floor of 70, and 'a' has a quality of 40")]
    public void Catalogue_Mistake_OneLineWithItsPlace(string text, string message) =>
        Assert.Contains(
            message, Assert.Throws<FormatException>(() => ModelCatalogue.Merge([("test", text)])).Message, StringComparison.Ordinal);

    [Fact]
    public void Catalogue_BuiltIn_HasThePublishedPrices()
    {
        var catalogue = ModelCatalogue.Load();
        Assert.Equal((5m, 30m), (catalogue.Find("gpt-5.5")!.Input, catalogue.Find("gpt-5.5")!.Output));
        Assert.False(catalogue.Find("kimi-k2.6")!.IsPriced);
    }

    [Fact]
    public void Drivers_KeyFileThatOthersCanRead_IsRefused()
    {
        var file = Path.Combine(_root.FullName, "key");
        File.WriteAllText(file, "sk-planted");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        using var drivers = new ModelDrivers(
            ModelCatalogue.Merge([("test", $"providers: {{p: {{dialect: anthropic, key_file: {file}}}}}")]), TimeProvider.System);
        Assert.Contains("chmod 600", Assert.Throws<ModelException>(() => drivers.Of("p")).Message, StringComparison.Ordinal);
    }
}
