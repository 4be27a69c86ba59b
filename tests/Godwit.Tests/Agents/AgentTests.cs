using System.Text.Json.Nodes;
using Godwit.Agents;
using Godwit.Budgets;
using Godwit.Durable;
using Godwit.Identity;
using Godwit.Durable.Journal;
using Godwit.Tests.Durable;
using Godwit.Tests.Models;

namespace Godwit.Tests.Agents;

/// <summary>The loop of an agent: how it ends, is cut, is killed, pays and gives work away.</summary>
public sealed class AgentTests : AgentFixture
{
    [Theory]
    [InlineData("same")]
    [InlineData("alternating")]
    [InlineData("empty")]
    [InlineData("failing")]
    [InlineData("same error")]
    public async Task Agent_GoesRoundInCircles_IsNudgedThenStoppedWithAReason(string how)
    {
        var count = 0;
        using var server = new ScriptedProvider(_ => how switch
        {
            "same" => new ScriptedReply(null, ("read", """{"path":"b.txt"}""")),
            "alternating" => new ScriptedReply(null, ("read", ++count % 2 == 0 ? """{"path":"b.txt"}""" : """{"path":"src/a.txt"}""")),
            "failing" => new ScriptedReply(null, ("run", """{"command":"sleep 0.$(date +%N | cut -c1); exit 3"}""")),
            "same error" => new ScriptedReply(null, ("edit", $$"""{"path":"b.txt","old":"nosuch","new":"{{++count}}"}""")),
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
        Assert.All(
            (string[])["Make two into TWO", "leave b.txt alone", "remember the milk", "new/file.txt", "f10.txt", "memory "],
            words => Assert.Contains(words, last, StringComparison.Ordinal));
        Assert.NotNull(await Clone.FileAsync(result.Tree, "new/file.txt", CancellationToken.None));
    }

    [Fact]
    public async Task Agent_Compaction_LeavesWhatItHasBuiltInItsFolder()
    {
        var filler = new string('x', 3000);
        var calls = 0;
        using var server = new ScriptedProvider(request =>
        {
            if (request["messages"]!.AsArray()[^1]!["content"]!.ToString().Contains("will be cut", StringComparison.Ordinal))
            {
                return new ScriptedReply("memory");
            }

            return ++calls switch
            {
                1 => new ScriptedReply(null, ("run", """{"command":"echo built > cache && echo cache > .gitignore"}""")),
                < 14 => new ScriptedReply(null, ("write", $$"""{"path":"f{{calls}}.txt","content":"{{filler}}"}""")),
                14 => new ScriptedReply(null, ("run", """{"command":"cat cache"}""")),
                _ => new ScriptedReply(null, ("submit", """{"summary":"done"}""")),
            };
        });
        var result = await RunAsync(Services(server, context: 8000), await TaskAsync());
        Assert.Equal(AgentEnd.Submitted, result.End);
        Assert.Contains(server.Requests, request => request.ToJsonString().Contains("will be cut", StringComparison.Ordinal));
        Assert.Contains(
            server.Requests,
            request =>
                request["messages"]!.AsArray()
                    .Any(
                        message =>
                            message!["role"]!.ToString() == "tool"
                                && message["content"]!.ToString().Contains("built", StringComparison.Ordinal)));
        Assert.Null(await Clone.FileAsync(result.Tree, "cache", CancellationToken.None));
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
        using var signer = RunSigner.Of(Folder);
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
            var run = kill == 1
                ? await DurableRun.CreateAsync(Folder, signer, catalogue, playbook, task, 7, options)
                : DurableRun.Open(Folder, signer, catalogue, options);
            var ending = run.RunAsync();
            if (await Task.WhenAny(ending, died.Task).WaitAsync(TimeSpan.FromSeconds(30)) == ending
                && await ending is { State: RunState.Completed } end)
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
        Assert.Equal(
            "one\nTWO\nthree\nmore\n",
            System.Text.Encoding.UTF8.GetString((await Clone.FileAsync(result.Tree, "src/a.txt", CancellationToken.None))!));
        Assert.Equal(
            "run\n", System.Text.Encoding.UTF8.GetString((await Clone.FileAsync(result.Tree, "witness", CancellationToken.None))!));

        // What was in flight at a kill is booked at its worst case, so the books never show less than the bill.
        using var reader = JournalReader.Open(Folder);
        var completed = reader.After(0, EntryKind.StepCompleted)
            .Where(entry => entry.Key.EndsWith("/ask", StringComparison.Ordinal))
            .ToList();
        Assert.Equal(4, completed.Count);
        Assert.Equal(4, completed.Select(entry => (entry.Process, entry.Key)).Distinct().Count());
        await using var closed = DurableRun.Open(
            Folder, signer, new PlaybookCatalogue(new AgentPlaybook(services), new SegmentPlaybook(services)));
        Assert.True(
            closed.Budgets["run/agents/agent-1"].Spent.Dollars >= server.Billed,
            $"{closed.Budgets["run/agents/agent-1"].Spent.Dollars} booked, {server.Billed} billed");
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
                context.ChildAsync(
                    $"agent/{number}", new AgentPlaybook(services),
                    input with { Name = $"agent-{number}", Budget = $"run/agents/{number}" })));
            return string.Join(' ', ends.Select(end => end.Require().End).Distinct());
        });
        using var signer = RunSigner.Of(Folder);
        await using var run = await DurableRun.CreateAsync(
            Folder, signer, new PlaybookCatalogue([root, .. AgentPlaybook.All(services)]), root, task, 7);
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
        Assert.Equal(
            ["mine.txt", "src/a.txt"],
            (await Clone.ChangesAsync(task.BaseCommit, result.Tree, CancellationToken.None)).Select(change => change.Path).Order());
        Assert.Equal(server.Billed, result.Charge.Dollars);
        Assert.Equal(server.Billed, services.Budgets.Spent("run/agents/agent-1").Dollars);
        Assert.InRange(services.Budgets.Spent("run/agents/agent-1/1").Dollars, server.Billed * 0.4m, server.Billed * 0.6m);
        Assert.Contains("it is TWO", LastToolResult(server.Requests[^1]), StringComparison.Ordinal);

        // Its own agent may have none below itself.
        Assert.Contains(
            "there is no tool \\u0027spawn",
            string.Concat(server.Requests.Select(request => request["messages"]!.ToJsonString())), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_SpawnsMoreThanThereMayBe_IsToldSo()
    {
        using var server = new ScriptedProvider(
            request => request["messages"]![1]!["content"]!.ToString().Contains("help", StringComparison.Ordinal)
            ? new ScriptedReply(null, ("submit", """{"summary":"helped"}"""))
            : Turns(
                new ScriptedReply(null, ("spawn", """{"goal":"help 1"}"""), ("spawn", """{"goal":"help 2"}""")),
                new ScriptedReply(null, ("submit", """{"summary":"done"}""")))(request));
        var result = await RunAsync(Services(server), await TaskAsync() with { Depth = 1, Agents = 1 });
        Assert.Equal((AgentEnd.Submitted, 1), (result.End, result.Agents));
        Assert.Contains(
            "there are no agents left in the budget for another agent", LastToolResult(server.Requests[^1]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_AsksForMoreToolsThanItMay_TheRestIsntCarriedOut()
    {
        using var server = new ScriptedProvider(Turns(new ScriptedReply(null, [.. Enumerable.Range(1, 20).Select(number => ("write", $$"""{"path":"src/n{{number}}.txt","content":"x"}"""))]), new ScriptedReply("never")));
        var result = await RunAsync(Services(server), await TaskAsync() with { ToolCalls = 2 });
        Assert.Equal((AgentEnd.OutOfBudget, 2, 2), (result.End, result.ToolCalls, result.Changed.Count));
        Assert.Single(server.Requests);
    }

    /// <summary>A provider that says to come back tomorrow ends the agent when its time is over, and costs nothing.</summary>
    [Fact]
    public async Task Agent_ProviderAsksToWaitLongerThanItsTime_EndsThenAndNothingIsBooked()
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply { Status = 429, RetryAfter = "86400", Body = "{}" });
        var result = await RunAsync(Services(server), await TaskAsync() with { Seconds = 2 });
        Assert.Equal(AgentEnd.OutOfBudget, result.End);
        Assert.Contains("its 2 s are used up", result.Reason, StringComparison.Ordinal);
        using var reader = JournalReader.Open(Folder);
        Assert.All(
            reader.After(0, EntryKind.StepFailed, EntryKind.StepBooked),
            entry => Assert.Equal(Charge.None, EntryInfo.Of<EntryInfo.Step>(entry).Charge ?? Charge.None));
    }

    /// <summary>Nothing was out when the run was stopped: a resume has nothing to pay for.</summary>
    [Fact]
    public async Task Agent_StoppedWhileItWaitsForAProvider_NothingIsBooked()
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply { Status = 429, RetryAfter = "60", Body = "{}" });
        var services = Services(server);
        using var signer = RunSigner.Of(Folder);
        var playbook = new AgentPlaybook(services);
        var catalogue = new PlaybookCatalogue(playbook, new SegmentPlaybook(services));
        await using (var run = await DurableRun.CreateAsync(Folder, signer, catalogue, playbook, await TaskAsync(), 7))
        {
            _ = run.RunAsync();
            await Eventually.TrueAsync(() => server.Requests.Count == 1, "refused");
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        }

        await using var again = DurableRun.Open(Folder, signer, catalogue);
        Assert.Equal(Charge.None, again.Budgets["run/agents/agent-1"].Spent);
    }

    [Fact]
    public async Task Agent_ConversationNeverFits_EndsWithTheCause()
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply { Status = 400, Body = """{"error":{"message":"maximum context length is 10"}}""" });
        var result = await RunAsync(Services(server), await TaskAsync());
        Assert.Equal(AgentEnd.Failed, result.End);
        Assert.Contains("doesn't fit even when it has been cut", result.Reason, StringComparison.Ordinal);
        Assert.Contains("maximum context length is 10", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_TimeIsOver_EndsWithThatReason()
    {
        using var server = new ScriptedProvider(_ => new ScriptedReply(null, ("run", """{"command":"sleep 0.2; date +%N"}""")));
        var result = await RunAsync(Services(server), await TaskAsync() with { Seconds = 1 });
        Assert.Equal((AgentEnd.OutOfBudget, "its 1 s are used up"), (result.End, result.Reason));
        Assert.InRange(result.Turns, 2, 6);
    }
}
