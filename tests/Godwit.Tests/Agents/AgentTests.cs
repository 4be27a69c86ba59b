using System.Text.Json.Nodes;
using Godwit.Agents;
using Godwit.Budgets;
using Godwit.Durable;
using Godwit.Guardian;
using Godwit.Identity;
using Godwit.Journal;
using Godwit.Models;
using Godwit.Sandbox;
using Godwit.Tests.Durable;
using Godwit.Tests.Models;
using Godwit.Tools;
using Godwit.Workspaces;

namespace Godwit.Tests.Agents;

/// <summary>Agents on real files, with a scripted model over real HTTP.</summary>
public sealed class AgentTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("godwit-test-");
    private readonly RunRepository _clone;
    private readonly RunFolder _folder;
    private SandboxHost? _sandbox;
    private BackgroundJobs? _jobs;
    private string? _ripgrep;

    public AgentTests()
    {
        var user = Path.Combine(_root.FullName, "user");
        Directory.CreateDirectory(Path.Combine(user, "src"));
        File.WriteAllText(Path.Combine(user, "src", "a.txt"), "one\ntwo\nthree\n");
        File.WriteAllText(Path.Combine(user, "b.txt"), "b\n");
        _clone = new RunRepository(Path.Combine(_root.FullName, "run", "repository.git"));
        _folder = new RunFolder(Path.Combine(_root.FullName, "run"));
    }

    public void Dispose()
    {
        _jobs?.Dispose();
        _sandbox?.Dispose();
        _root.Delete(recursive: true);
    }

    private async Task<AgentTask> TaskAsync(string name = "agent-1", int turns = 60)
    {
        var source = await SourceRepository.FindAsync(Path.Combine(_root.FullName, "user"), CancellationToken.None);
        var commit = Directory.Exists(_clone.Path) ? (await Git.RunAsync(_clone.Path, ["rev-parse", "refs/godwit/base"], CancellationToken.None)) : await _clone.CloneAsync(source, "HEAD", CancellationToken.None);
        return new AgentTask { Name = name, Goal = "Make two into TWO", Constraints = ["leave b.txt alone"], Budget = $"run/agents/{name}", BaseCommit = commit, BaseTree = await _clone.TreeAsync(commit, CancellationToken.None), Turns = turns };
    }

    private AgentServices Services(ScriptedProvider server, decimal dollars = 100, long context = 0, int maxOutput = 1000)
    {
        var catalogue = ModelCatalogue.Merge([("test", $$"""
            providers: { x: { url: "{{server.Address}}/v1" } }
            models: { m: { provider: x, id: scripted, input: 5, output: 30, max_output: {{maxOutput}}, context: {{context}} } }
            roles: {worker: [m]}
            """)]);
        var drivers = new ModelDrivers(catalogue, TimeProvider.System);
        _sandbox ??= new SandboxHost(SandboxKind.None, Path.Combine(_root.FullName, "assets"), TimeProvider.System);
        var template = new SandboxCommand { Shell = "", Tree = "" };
        _jobs ??= new BackgroundJobs(_sandbox, template, Path.Combine(_root.FullName, "jobs"), TimeProvider.System);
        return new AgentServices(
            new ModelPipeline(catalogue, drivers.Of, null, TimeProvider.System),
            new BudgetLedger(new Dictionary<string, BudgetLimits> { ["run"] = new() { Dollars = dollars } }),
            [new ListTool(), new ReadTool(), new SearchTool(_ripgrep), new EditTool(), new WriteTool(), new RunTool(_sandbox, template, new SemaphoreSlim(1), _jobs), new JobTool(_jobs)],
            Gatekeeper.BuiltIn(),
            (task, tree) => new AgentTree(task.Name, Path.Combine(_folder.Path, "trees", task.Name), tree, task.BaseCommit, _clone, -1));
    }

    private async Task<AgentResult> RunAsync(AgentServices services, AgentTask task)
    {
        using var signer = RunSigner.Of(_folder);
        var playbook = new AgentPlaybook(services);
        await using var run = await DurableRun.CreateAsync(_folder, signer, new PlaybookCatalogue(playbook, new SegmentPlaybook(services)), playbook, task, 7);
        return (await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(60))).Result<AgentResult>();
    }

    /// <summary>Answers by how many tool results the conversation has: a script of turns.</summary>
    private static Func<JsonNode, ScriptedReply> Turns(params ScriptedReply[] replies) => request =>
        replies[Math.Min(replies.Length - 1, request["messages"]!.AsArray().Count(message => message!["role"]!.GetValue<string>() == "assistant"))];

    private static string LastToolResult(JsonNode request) => request["messages"]!.AsArray().Last(message => message!["role"]!.GetValue<string>() == "tool")!["content"]!.ToString();

    [Fact]
    public async Task Agent_RunsAJobInTheBackground_OnACopyOfItsFilesAndToItsEndAtTheLatest()
    {
        const string Long = """{"command":"sleep 60; echo never","background":true}""";
        string Job(JsonNode request) => System.Text.RegularExpressions.Regex.Match(request["messages"]!.ToJsonString(), "job-[0-9a-f]{6}").Value;
        using var server = new ScriptedProvider(request => Turns(
            new ScriptedReply(null, ("run", """{"command":"echo first; sleep 1; cat src/a.txt; echo x > made.txt; exit 3","background":true}""")),
            new ScriptedReply(null, ("edit", """{"path":"src/a.txt","old":"two","new":"TWO"}"""), ("job", $$"""{"id":"{{Job(request)}}"}""")),
            new ScriptedReply(null, ("job", $$"""{"id":"{{Job(request)}}","wait":20}""")),
            new ScriptedReply(null, ("job", """{"id":"job-nobody"}""")),
            new ScriptedReply(null, ("run", Long), ("run", Long)),
            new ScriptedReply(null, ("submit", """{"summary":"done"}""")))(request));
        var task = await TaskAsync();
        var result = await RunAsync(Services(server), task);
        Assert.Equal(AgentEnd.Submitted, result.End);
        Assert.Contains("has started", LastToolResult(server.Requests[1]), StringComparison.Ordinal);
        Assert.Contains("still running, for 0 s so far", LastToolResult(server.Requests[2]), StringComparison.Ordinal);
        Assert.Matches("(?s)exit code 3, 1[.][0-9] s.*first.*two", LastToolResult(server.Requests[3]));
        Assert.Contains("was lost when Godwit was", LastToolResult(server.Requests[4]), StringComparison.Ordinal);
        Assert.Contains("runs already with this command", LastToolResult(server.Requests[5]), StringComparison.Ordinal);

        // What the job wrote isn't the agent's, and what it left running has ended with it.
        Assert.Equal(["src/a.txt"], (await _clone.ChangesAsync(task.BaseCommit, result.Tree, CancellationToken.None)).Select(change => change.Path));
        Assert.Empty(Directory.GetDirectories(Path.Combine(_root.FullName, "jobs")));
    }

    [Fact]
    public async Task Search_WithAndWithoutRipgrep_FindsTheSame()
    {
        Assert.True(ProgramFinder.Find("rg") is not null, "ripgrep isn't installed");
        File.WriteAllText(Path.Combine(_root.FullName, "user", ".hidden"), $"a needle here\n{new string('y', 400)} needle\n");
        File.WriteAllBytes(Path.Combine(_root.FullName, "user", "binary"), [0, 1, .. "needle"u8]);
        Directory.CreateDirectory(Path.Combine(_root.FullName, "user", "obj"));
        File.WriteAllText(Path.Combine(_root.FullName, "user", "obj", "built"), "needle\n");
        File.WriteAllLines(Path.Combine(_root.FullName, "user", "src", "many"), Enumerable.Range(1, 150).Select(number => $"needle {number}"));
        var seen = new List<string>();
        foreach (var (ripgrep, name) in ((string?, string)[])[(null, "own"), (ProgramFinder.Find("rg"), "rg")])
        {
            _ripgrep = ripgrep;
            using var server = new ScriptedProvider(Turns(
                new ScriptedReply(null, ("search", """{"pattern":"n(e)+dle"}"""), ("search", """{"pattern":"tw.$","path":"src/a.txt"}"""), ("search", """{"pattern":"nowhere"}"""), ("search", """{"pattern":"a(","path":"src"}"""), ("search", """{"pattern":"needle","path":"obj"}""")),
                new ScriptedReply(null, ("submit", """{"summary":"done"}"""))));
            await RunAsync(Services(server), await TaskAsync(name));
            seen.Add(string.Join("\n--\n", server.Requests[^1]["messages"]!.AsArray().Where(message => message!["role"]!.GetValue<string>() == "tool").Select(message => message!["content"]!.ToString())));
            Directory.Delete(_folder.Path, recursive: true);
        }

        // What is wrong with a pattern each says in its own words.
        seen = [.. seen.Select(text => System.Text.RegularExpressions.Regex.Replace(text, "'pattern' can't be used: .*;", "bad;"))];
        Assert.Equal(seen[0], seen[1]);
        Assert.Contains(".hidden:1:a needle here\n.hidden:2:yyy", seen[1], StringComparison.Ordinal);
        Assert.Contains("... and 52 more", seen[1], StringComparison.Ordinal);
        Assert.Contains("src/a.txt:2:two", seen[1], StringComparison.Ordinal);
        Assert.Contains("obj/built:1:needle", seen[1], StringComparison.Ordinal);
        Assert.DoesNotContain("binary", seen[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_ListsAndSearchesAFolderOfBuiltFiles_WhereItAsksForIt()
    {
        var built = Directory.CreateDirectory(Path.Combine(_root.FullName, "user", "bin", "tools"));
        File.WriteAllText(Path.Combine(built.FullName, "run.sh"), "needle\n");
        using var server = new ScriptedProvider(Turns(
            new ScriptedReply("all", ("list", "{}")),
            new ScriptedReply("that", ("list", """{"path":"bin/tools"}""")),
            new ScriptedReply("there", ("search", """{"pattern":"needle","path":"bin"}""")),
            new ScriptedReply("done", ("submit", """{"summary":"looked"}"""))));
        await RunAsync(Services(server), await TaskAsync());
        Assert.DoesNotContain("run.sh", LastToolResult(server.Requests[1]), StringComparison.Ordinal);
        Assert.Contains("run.sh", LastToolResult(server.Requests[2]), StringComparison.Ordinal);
        Assert.Contains("run.sh", LastToolResult(server.Requests[3]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_ReadsEditsRunsSubmits_FilesAreInItsTreeAndTheClaimIsKept()
    {
        using var server = new ScriptedProvider(Turns(
            new ScriptedReply("looking", ("list", "{}"), ("read", """{"path":"src/a.txt"}"""), ("search", """{"pattern":"t.o"}""")),
            new ScriptedReply(null, ("edit", """{"path":"src/a.txt","old":"two","new":"TWO"}""")),
            new ScriptedReply(null, ("run", """{"command":"grep -c TWO src/a.txt"}""")),
            new ScriptedReply(null, ("submit", """{"summary":"made it TWO","checks":[{"command":"grep","passed":true}]}"""))));
        var services = Services(server);
        var result = await RunAsync(services, await TaskAsync());
        Assert.Equal((AgentEnd.Submitted, "made it TWO", 4, 6), (result.End, result.Summary, result.Turns, result.ToolCalls));
        Assert.Equal([new SelfReport("grep", true)], result.Checks);
        Assert.Equal("one\nTWO\nthree\n", System.Text.Encoding.UTF8.GetString((await _clone.FileAsync(result.Tree, "src/a.txt", CancellationToken.None))!));
        Assert.Equal(server.Billed, result.Charge.Dollars);
        Assert.Equal(server.Billed, services.Budgets.Spent("run").Dollars);
        Assert.Contains("exit code 0", LastToolResult(server.Requests[^1]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_Mistakes_AreAnsweredInAWayThatCanBeMended()
    {
        using var server = new ScriptedProvider(Turns(
            new ScriptedReply(null, ("fly", "{}")),
            new ScriptedReply(null, ("read", "{\"path\": ")),
            new ScriptedReply(null, ("read", """{"path":"../../etc/passwd"}""")),
            new ScriptedReply(null, ("edit", """{"path":"src/a.txt","old":"four","new":"4"}""")),
            new ScriptedReply(null, ("run", """{"command":"curl http://example.org"}""")),
            new ScriptedReply("I am thinking"),
            new ScriptedReply("half", ("read", """{"path":"b.txt"}""")) { CutOff = true },
            new ScriptedReply(null, ("submit", """{"summary":"nothing"}"""))));
        var result = await RunAsync(Services(server), await TaskAsync());
        Assert.Equal(AgentEnd.Submitted, result.End);
        var told = server.Requests[^1]["messages"]!.ToJsonString();
        Assert.All(
            (string[])["there is no tool 'fly'", "the arguments are no JSON", "outside of the tree", "doesn't occur in src/a.txt", "no network", "no tool call", "cut off at its cap"],
            words => Assert.Contains(words.Replace("'", "\\u0027", StringComparison.Ordinal), told, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("same")]
    [InlineData("alternating")]
    [InlineData("empty")]
    public async Task Agent_GoesRoundInCircles_IsNudgedThenStoppedWithAReason(string how)
    {
        var count = 0;
        using var server = new ScriptedProvider(_ => how switch
        {
            "same" => new ScriptedReply(null, ("read", """{"path":"b.txt"}""")),
            "alternating" => new ScriptedReply(null, ("read", ++count % 2 == 0 ? """{"path":"b.txt"}""" : """{"path":"src/a.txt"}""")),
            _ => new ScriptedReply("hm"),
        });
        var result = await RunAsync(Services(server), await TaskAsync());
        Assert.Equal(AgentEnd.Stopped, result.End);
        Assert.Contains("in a row", result.Reason, StringComparison.Ordinal);
        Assert.Contains("nothing new came of it", server.Requests[^1].ToJsonString(), StringComparison.Ordinal);
        Assert.InRange(result.Turns, 6, 12);
    }

    [Fact]
    public async Task Agent_ManyCompactions_NothingOfTheGoalIsLost()
    {
        var filler = new string('x', 3000);
        var calls = 0;
        using var server = new ScriptedProvider(request =>
        {
            var messages = request["messages"]!.AsArray();
            if (messages[^1]!["content"]!.ToString().Contains("will be cut", StringComparison.Ordinal))
            {
                return new ScriptedReply($"memory {calls}");
            }

            calls++;
            Assert.Contains("Make two into TWO", messages[1]!["content"]!.ToString(), StringComparison.Ordinal);
            Assert.Contains("leave b.txt alone", messages[1]!["content"]!.ToString(), StringComparison.Ordinal);
            return calls switch
            {
                1 => new ScriptedReply(null, ("note", """{"text":"remember the milk"}""")),
                2 => new ScriptedReply(null, ("write", """{"path":"new/file.txt","content":"n"}""")),
                < 30 => new ScriptedReply(null, ("write", $$"""{"path":"f{{calls}}.txt","content":"{{filler}}"}""")),
                _ => new ScriptedReply(null, ("submit", """{"summary":"done"}""")),
            };
        });
        var result = await RunAsync(Services(server, context: 8000), await TaskAsync());
        Assert.Equal(AgentEnd.Submitted, result.End);
        var cuts = server.Requests.Count(request => request.ToJsonString().Contains("will be cut", StringComparison.Ordinal));
        Assert.True(cuts >= 3, $"{cuts} compactions");
        var last = server.Requests[^1]["messages"]![1]!["content"]!.ToString();
        Assert.All((string[])["Make two into TWO", "leave b.txt alone", "remember the milk", "new/file.txt", "f10.txt", "memory "], words => Assert.Contains(words, last, StringComparison.Ordinal));
        Assert.NotNull(await _clone.FileAsync(result.Tree, "new/file.txt", CancellationToken.None));
    }

    [Fact]
    public async Task Agent_BudgetCantHoldTheNextCall_EndsWithThatReasonAndSpendsNoMore()
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply(null, ("run", """{"command":"date +%N"}""")));
        var services = Services(server, dollars: 0.15m);
        var result = await RunAsync(services, await TaskAsync());
        Assert.Equal(AgentEnd.OutOfBudget, result.End);
        Assert.Contains("the budget of run is $0.15", result.Reason, StringComparison.Ordinal);
        Assert.InRange(server.Billed, 0.05m, 0.15m);
    }

    [Fact]
    public async Task Agent_KilledAtEveryPoint_NoFinishedCallIsPaidTwiceAndTheResultIsTheSame()
    {
        var script = Turns(
            new ScriptedReply(null, ("read", """{"path":"src/a.txt"}""")),
            new ScriptedReply(null, ("run", """{"command":"echo run >> witness; echo more >> src/a.txt"}""")),
            new ScriptedReply(null, ("edit", """{"path":"src/a.txt","old":"two","new":"TWO"}""")),
            new ScriptedReply(null, ("submit", """{"summary":"made it TWO"}""")));
        using var server = new ScriptedProvider(script);
        var task = await TaskAsync();
        var services = Services(server);
        using var signer = RunSigner.Of(_folder);
        var hits = 0;
        var kills = 0;
        AgentResult? result = null;
        for (var kill = 1; result is null; kill++)
        {
            Assert.True(kill < 200);
            var at = kill;
            hits = 0;
            var died = new TaskCompletionSource();
            var options = new DurableOptions
            {
                Failpoint = name =>
                {
                    if (name is "intended" or "effect-done" && ++hits == at % 5 + 1)
                    {
                        died.TrySetResult();
                        throw new OperationCanceledException("killed");
                    }
                },
            };
            var playbook = new AgentPlaybook(services);
            var catalogue = new PlaybookCatalogue(playbook, new SegmentPlaybook(services));
            var run = kill == 1 ? await DurableRun.CreateAsync(_folder, signer, catalogue, playbook, task, 7, options) : DurableRun.Open(_folder, signer, catalogue, options);
            var ending = run.RunAsync();
            if (await Task.WhenAny(ending, died.Task).WaitAsync(TimeSpan.FromSeconds(30)) == ending && await ending is { State: RunState.Completed } end)
            {
                result = end.Result<AgentResult>();
                await run.DisposeAsync();
            }
            else
            {
                await run.AbandonAsync();
                kills++;
            }
        }

        Assert.True(kills > 3, $"{kills} kills");
        Assert.Equal("made it TWO", result.Summary);
        Assert.Equal("one\nTWO\nthree\nmore\n", System.Text.Encoding.UTF8.GetString((await _clone.FileAsync(result.Tree, "src/a.txt", CancellationToken.None))!));
        Assert.Equal("run\n", System.Text.Encoding.UTF8.GetString((await _clone.FileAsync(result.Tree, "witness", CancellationToken.None))!));

        // What was in flight at a kill is booked at its worst case, so the books never show less than the bill.
        using var reader = JournalReader.Open(_folder);
        var completed = reader.After(0, EntryKind.StepCompleted).Where(entry => entry.Key.EndsWith("/ask", StringComparison.Ordinal)).ToList();
        Assert.Equal(4, completed.Count);
        Assert.Equal(4, completed.Select(entry => (entry.Process, entry.Key)).Distinct().Count());
        await using var closed = DurableRun.Open(_folder, signer, new PlaybookCatalogue(new AgentPlaybook(services), new SegmentPlaybook(services)));
        Assert.True(closed.Spent["run/agents/agent-1"].Dollars >= server.Billed, $"{closed.Spent["run/agents/agent-1"].Dollars} booked, {server.Billed} billed");
    }

    [Fact]
    public async Task FiftyAgents_OneMoneyCap_IsBilledNearlyAllAndNeverMore()
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply("on and on", ("read", $$"""{"path":"src/a.txt","to":{{Guid.NewGuid().GetHashCode() & 0xffff}}}""")) { OutputTokens = 60 });
        var services = Services(server, dollars: 0.50m, maxOutput: 100);
        var task = await TaskAsync();
        var root = new Script<AgentTask, string>("fifty", async (context, input) =>
        {
            var ends = await Task.WhenAll(Enumerable.Range(1, 50).Select(number =>
                context.ChildAsync($"agent/{number}", new AgentPlaybook(services), input with { Name = $"agent-{number}", Budget = $"run/agents/{number}" })));
            return string.Join(' ', ends.Select(end => end.Require().End).Distinct());
        });
        using var signer = RunSigner.Of(_folder);
        await using var run = await DurableRun.CreateAsync(_folder, signer, new PlaybookCatalogue([root, .. AgentPlaybook.All(services)]), root, task, 7);
        var result = (await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(100))).Result<string>();
        Assert.Equal("OutOfBudget", result);
        Assert.InRange(server.Billed, 0.45m, 0.50m);
        Assert.Equal(server.Billed, services.Budgets.Spent("run").Dollars);
    }

    [Fact]
    public async Task Agent_SpawnsAnother_ItsFilesComeBackAndItPaysFromTheSameBudget()
    {
        using var server = new ScriptedProvider(request =>
        {
            var messages = request["messages"]!.AsArray();
            var turn = messages.Count(message => message!["role"]!.GetValue<string>() == "assistant");
            return (messages[1]!["content"]!.ToString().Contains("Only the second line", StringComparison.Ordinal), turn) switch
            {
                (false, 0) => new ScriptedReply(null, ("write", """{"path":"mine.txt","content":"m"}"""), ("spawn", """{"goal":"Only the second line of src/a.txt: make it TWO"}""")),
                (false, _) => new ScriptedReply(null, ("submit", """{"summary":"done by two"}""")),
                (true, 0) => new ScriptedReply(null, ("edit", """{"path":"src/a.txt","old":"two","new":"TWO"}"""), ("spawn", """{"goal":"deeper"}""")),
                _ => new ScriptedReply(null, ("submit", """{"summary":"it is TWO"}""")),
            };
        });
        var services = Services(server);
        var task = await TaskAsync();
        var result = await RunAsync(services, task with { Depth = 1 });
        Assert.Equal((AgentEnd.Submitted, "done by two", 4, 1), (result.End, result.Summary, result.Turns, result.Agents));
        Assert.Equal(["mine.txt", "src/a.txt"], result.Changed.Order());
        Assert.Equal(["mine.txt", "src/a.txt"], (await _clone.ChangesAsync(task.BaseCommit, result.Tree, CancellationToken.None)).Select(change => change.Path).Order());
        Assert.Equal(server.Billed, result.Charge.Dollars);
        Assert.Equal(server.Billed, services.Budgets.Spent("run/agents/agent-1").Dollars);
        Assert.InRange(services.Budgets.Spent("run/agents/agent-1/1").Dollars, server.Billed * 0.4m, server.Billed * 0.6m);
        Assert.Contains("it is TWO", LastToolResult(server.Requests[^1]), StringComparison.Ordinal);

        // Its own agent may have none below itself.
        Assert.Contains("there is no tool \\u0027spawn", string.Concat(server.Requests.Select(request => request["messages"]!.ToJsonString())), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_SpawnsMoreThanThereMayBe_IsToldSo()
    {
        using var server = new ScriptedProvider(request => request["messages"]![1]!["content"]!.ToString().Contains("help", StringComparison.Ordinal)
            ? new ScriptedReply(null, ("submit", """{"summary":"helped"}"""))
            : Turns(
                new ScriptedReply(null, ("spawn", """{"goal":"help 1"}"""), ("spawn", """{"goal":"help 2"}""")),
                new ScriptedReply(null, ("submit", """{"summary":"done"}""")))(request));
        var result = await RunAsync(Services(server), await TaskAsync() with { Depth = 1, Agents = 1 });
        Assert.Equal((AgentEnd.Submitted, 1), (result.End, result.Agents));
        Assert.Contains("there are no agents left in the budget for another agent", LastToolResult(server.Requests[^1]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_TimeIsOver_EndsWithThatReason()
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply(null, ("run", """{"command":"sleep 0.2; date +%N"}""")));
        var result = await RunAsync(Services(server), await TaskAsync() with { Seconds = 1 });
        Assert.Equal((AgentEnd.OutOfBudget, "its 1 s are used up"), (result.End, result.Reason));
        Assert.InRange(result.Turns, 2, 6);
    }

    [Fact]
    public async Task Tools_FailInAWayThatNoToolForesaw_TheAgentIsToldAndGoesOn()
    {
        using var server = new ScriptedProvider(Turns(
            new ScriptedReply(null, ("write", $$"""{"path":"{{new string('n', 300)}}","content":"x"}""")),
            new ScriptedReply(null, ("run", """{"command":"git init -q inner && echo half > b.txt"}""")),
            new ScriptedReply(null, ("run", """{"command":"git init -q inner && cd inner && git -c user.name=a -c user.email=a commit -q --allow-empty -m x && echo x > y.txt"}""")),
            new ScriptedReply(null, ("edit", """{"path":"src/a.txt","old":"two","new":"TWO"}""")),
            new ScriptedReply(null, ("submit", """{"summary":"made it TWO"}"""))));
        var task = await TaskAsync();
        var result = await RunAsync(Services(server), task);
        Assert.Equal(AgentEnd.Submitted, result.End);
        Assert.Contains("the files are as they were before", LastToolResult(server.Requests[1]), StringComparison.Ordinal);
        Assert.Contains("the files are as they were before", LastToolResult(server.Requests[2]), StringComparison.Ordinal);
        Assert.Contains("exit code 0", LastToolResult(server.Requests[3]), StringComparison.Ordinal);
        Assert.Equal(["src/a.txt"], (await _clone.ChangesAsync(task.BaseCommit, result.Tree, CancellationToken.None)).Select(change => change.Path));
    }

    [Fact]
    public async Task FileTools_LinkThatLeadsOut_IsNotFollowed()
    {
        using var server = new ScriptedProvider(Turns(
            new ScriptedReply(null, ("run", """{"command":"ln -s $(dirname $PWD) up; ln -s b.txt link"}""")),
            new ScriptedReply(null, ("read", """{"path":"up/secret"}"""), ("read", """{"path":"link"}""")),
            new ScriptedReply(null, ("submit", """{"summary":"no"}"""))));
        await RunAsync(Services(server), await TaskAsync());
        var told = server.Requests[^1]["messages"]!.ToJsonString();
        Assert.Equal(3, told.Split("goes through a link").Length);
    }
}
