using System.Text.Json.Nodes;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Guardian;
using Godwit.Identity;
using Godwit.Sandbox;
using Godwit.Tests.Durable;
using Godwit.Tests.Models;
using Godwit.Tools;
using Godwit.Workspaces;

namespace Godwit.Tests.Agents;

/// <summary>What agents can do, and how they are told what they can't.</summary>
public sealed class AgentToolTests : AgentFixture
{
    [Fact]
    public async Task Agent_RunsAJobInTheBackground_OnACopyOfItsFilesAndToItsEndAtTheLatest()
    {
        const string Long = """{"command":"sleep 60; echo never","background":true}""";
        string Job(JsonNode request) =>
            System.Text.RegularExpressions.Regex.Match(request["messages"]!.ToJsonString(), "job-[0-9a-f]{6}").Value;
        string Last(JsonNode request) =>
            System.Text.RegularExpressions.Regex.Matches(request["messages"]!.ToJsonString(), "(job-[0-9a-f]{6}) has started")
                .LastOrDefault()?.Groups[1].Value
                ?? "";
        using var server = new ScriptedProvider(request => Turns(
            new ScriptedReply(null, ("run", """{"command":"echo first; sleep 1; cat src/a.txt; echo x > made.txt; exit 3","background":true}""")),
            new ScriptedReply(null, ("edit", """{"path":"src/a.txt","old":"two","new":"TWO"}"""), ("job", $$"""{"id":"{{Job(request)}}"}""")),
            new ScriptedReply(null, ("job", $$"""{"id":"{{Job(request)}}","wait":20}""")),
            new ScriptedReply(null, ("job", """{"id":"job-nobody"}""")),
            new ScriptedReply(null, ("run", Long), ("run", Long)),
            new ScriptedReply(
                null,
                ("run", """{"command":"sleep 61","background":true}"""),
                ("run", """{"command":"sleep 62","background":true}"""),
                ("run", """{"command":"sleep 63","background":true}"""),
                ("run", """{"command":"sleep 64","background":true}""")),
            new ScriptedReply(null, ("run", """{"command":"echo first; sleep 1; cat src/a.txt; echo x > made.txt; exit 3","background":true}""")),
            new ScriptedReply(null, ("job", $$"""{"id":"{{Last(request)}}","stop":true}"""), ("run", """{"command":"sleep 64","background":true}""")),
            new ScriptedReply(null, ("submit", """{"summary":"done"}""")))(request));
        var task = await TaskAsync();
        var result = await RunAsync(Services(server), task);
        Assert.Equal(AgentEnd.Submitted, result.End);
        Assert.Contains("has started", LastToolResult(server.Requests[1]), StringComparison.Ordinal);
        Assert.Contains("still running, for 0 s so far", LastToolResult(server.Requests[2]), StringComparison.Ordinal);
        Assert.Matches("(?s)exit code 3, 1[.][0-9] s.*first.*two", LastToolResult(server.Requests[3]));
        Assert.Contains("was lost when Godwit was", LastToolResult(server.Requests[4]), StringComparison.Ordinal);
        Assert.Contains("runs already with this command", LastToolResult(server.Requests[5]), StringComparison.Ordinal);

        // The first has ended and doesn't count; there are four others.
        Assert.Contains("4 jobs run already", LastToolResult(server.Requests[6]), StringComparison.Ordinal);
        Assert.Contains("4 jobs run already", LastToolResult(server.Requests[7]), StringComparison.Ordinal);
        Assert.Contains("stopped", server.Requests[8]["messages"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("has started", LastToolResult(server.Requests[8]), StringComparison.Ordinal);

        // What the job wrote isn't the agent's, and what it left running has ended with it.
        Assert.Equal(
            ["src/a.txt"], (await Clone.ChangesAsync(task.BaseCommit, result.Tree, CancellationToken.None)).Select(change => change.Path));
        Assert.Empty(Directory.GetDirectories(Path.Combine(Root.FullName, "jobs")));
    }

    [Fact]
    public async Task Search_WithAndWithoutRipgrep_FindsTheSame()
    {
        Assert.True(ProgramFinder.Find("rg") is not null, "ripgrep isn't installed");
        File.WriteAllText(Path.Combine(Root.FullName, "user", ".hidden"), $"a needle here\n{new string('y', 400)} needle\n");
        File.WriteAllBytes(Path.Combine(Root.FullName, "user", "binary"), [0, 1, .. "needle"u8]);
        Directory.CreateDirectory(Path.Combine(Root.FullName, "user", "obj"));
        File.WriteAllText(Path.Combine(Root.FullName, "user", "obj", "built"), "needle\n");
        File.WriteAllLines(
            Path.Combine(Root.FullName, "user", "src", "many"), Enumerable.Range(1, 150).Select(number => $"needle {number}"));
        var seen = new List<string>();
        foreach (var (ripgrep, name) in ((string?, string)[])[(null, "own"), (ProgramFinder.Find("rg"), "rg")])
        {
            Ripgrep = ripgrep;
            using var server = new ScriptedProvider(Turns(
                new ScriptedReply(
                    null,
                    ("search", """{"pattern":"n(e)+dle"}"""),
                    ("search", """{"pattern":"tw.$","path":"src/a.txt"}"""),
                    ("search", """{"pattern":"nowhere"}"""),
                    ("search", """{"pattern":"a(","path":"src"}"""),
                    ("search", """{"pattern":"needle","path":"obj"}""")),
                new ScriptedReply(null, ("submit", """{"summary":"done"}"""))));
            await RunAsync(Services(server), await TaskAsync(name));
            seen.Add(
                string.Join(
                    "\n--\n",
                    server.Requests[^1]["messages"]!.AsArray()
                        .Where(message => message!["role"]!.GetValue<string>() == "tool")
                        .Select(message => message!["content"]!.ToString())));
            Directory.Delete(Folder.Path, recursive: true);
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
        var built = Directory.CreateDirectory(Path.Combine(Root.FullName, "user", "bin", "tools"));
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
        Assert.Equal(
            "one\nTWO\nthree\n",
            System.Text.Encoding.UTF8.GetString((await Clone.FileAsync(result.Tree, "src/a.txt", CancellationToken.None))!));
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
            (string[])
            [
                "there is no tool 'fly'", "the arguments are no JSON", "outside of the tree", "doesn't occur in src/a.txt", "no network",
                "no tool call", "cut off at its cap",
            ],
            words => Assert.Contains(words.Replace("'", "\\u0027", StringComparison.Ordinal), told, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Tools_FailInAWayThatNoToolForesaw_TheAgentIsToldAndGoesOn()
    {
        using var server = new ScriptedProvider(Turns(
            new ScriptedReply(null, ("write", $$"""{"path":"{{new string('n', 300)}}","content":"x"}""")),
            new ScriptedReply(null, ("run", """{"command":"git init -q inner && echo half > b.txt"}""")),
            new ScriptedReply(
                null,
                ("run", """
                    {"command":"git init -q inner && cd inner && git -c user.name=a -c user.email=a commit -q --allow-empty -m x; echo x > y.txt"}
                    """)),
            new ScriptedReply(null, ("edit", """{"path":"src/a.txt","old":"two","new":"TWO"}""")),
            new ScriptedReply(null, ("submit", """{"summary":"made it TWO"}"""))));
        var task = await TaskAsync();
        var result = await RunAsync(Services(server), task);
        Assert.Equal(AgentEnd.Submitted, result.End);
        Assert.Contains("the files are as they were before", LastToolResult(server.Requests[1]), StringComparison.Ordinal);
        Assert.Contains("the files are as they were before", LastToolResult(server.Requests[2]), StringComparison.Ordinal);
        Assert.Contains("exit code 0", LastToolResult(server.Requests[3]), StringComparison.Ordinal);
        Assert.Equal(
            ["src/a.txt"], (await Clone.ChangesAsync(task.BaseCommit, result.Tree, CancellationToken.None)).Select(change => change.Path));
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

    [Fact]
    public async Task Agent_CallsThatTouchDifferentFiles_AreOneStepAndThoseThatMeetKeepTheirOrder()
    {
        using var server = new ScriptedProvider(Turns(
            new ScriptedReply(
                null,
                ("edit", """{"path":"src/a.txt","old":"two","new":"TWO"}"""), ("write", """{"path":"new/c.txt","content":"c"}"""),
                ("write", """{"path":"new/d.txt","content":"d"}"""), ("edit", """{"path":"b.txt","old":"b","new":"B"}"""),
                ("edit", """{"path":"src/a.txt","old":"TWO","new":"2"}"""), ("read", """{"path":"new/c.txt"}"""),
                ("search", """{"pattern":"2"}"""), ("list", """{"path":"src"}"""),
                ("run", """{"command":"cat src/a.txt"}"""), ("edit", """{"path":"b.txt","old":"not there","new":""}"""), ("nothing", "{}")),
            new ScriptedReply(null, ("submit", """{"summary":"done"}"""))));
        var task = await TaskAsync();
        var result = await RunAsync(Services(server), task);
        Assert.Equal(11, result.ToolCalls - 1);
        Assert.Equal(
            ["b.txt", "new/c.txt", "new/d.txt", "src/a.txt"],
            (await Clone.ChangesAsync(task.BaseCommit, result.Tree, CancellationToken.None)).Select(change => change.Path).Order());
        var answers = server.Requests[^1]["messages"]!.AsArray()
            .Where(message => message!["role"]!.GetValue<string>() == "tool")
            .Select(message => message!["content"]!.ToString())
            .ToList();
        Assert.Contains("src/a.txt:2:2", answers[6], StringComparison.Ordinal);
        Assert.Contains("one\n2\nthree", answers[8], StringComparison.Ordinal);
        Assert.Contains("'old' doesn't occur", answers[9], StringComparison.Ordinal);
        Assert.Contains("there is no tool 'nothing'", answers[10], StringComparison.Ordinal);
        using var reader = JournalReader.Open(Folder);
        var steps = Enumerable.Range(1, 9)
            .SelectMany(process => reader.OfProcess(process))
            .Where(entry => entry.Kind == EntryKind.StepCompleted && entry.Key.Contains("/tools/", StringComparison.Ordinal))
            .Select(entry => entry.Key.Split('/')[^1]);
        Assert.Equal(["1", "5", "7", "9", "10", "11"], steps);
    }

    /// <summary>What was allowed stays done, whatever a user's rules say by the time that the run is resumed.</summary>
    [Fact]
    public async Task Agent_RulesChangeBetweenAStopAndAResume_WhatWasDecidedStays()
    {
        var isBack = false;
        using var server = new ScriptedProvider(request => (Answered(request), isBack) switch
        {
            (0, _) => new ScriptedReply(null, ("run", """{"command":"echo once >> src/a.txt"}""")),
            (_, false) => new ScriptedReply { Status = 429, RetryAfter = "60", Body = "{}" },
            (1, true) => new ScriptedReply(null, ("run", """{"command":"echo twice >> src/a.txt"}""")),
            _ => new ScriptedReply(null, ("submit", """{"summary":"done"}""")),
        });
        var lenient = Services(server);
        var task = await TaskAsync();
        using var signer = RunSigner.Of(Folder);
        await using (var run = await DurableRun.CreateAsync(Folder, signer, Catalogue(lenient), new AgentPlaybook(lenient), task, 7))
        {
            _ = run.RunAsync();
            await Eventually.TrueAsync(() => server.Requests.Count == 2, "the second question was refused");
        }

        isBack = true;
        var strict = Services(server) with
        {
            Gatekeeper = Gatekeeper.Read(("r.yaml", """
                rules: [{name: nothing, effects: [Writes], verdict: Deny, reason: it is late, matching: [touch x], not_matching: [ls]}]
                """)),
        };
        await using var again = DurableRun.Open(Folder, signer, Catalogue(strict));
        var result = (await again.RunAsync().WaitAsync(TimeSpan.FromSeconds(60))).Result<AgentResult>();
        Assert.Equal(AgentEnd.Submitted, result.End);
        var file = await Clone.FileAsync(result.Tree, "src/a.txt", CancellationToken.None);
        Assert.Equal("one\ntwo\nthree\nonce\n", System.Text.Encoding.UTF8.GetString(file!));
        Assert.Contains("refused by rule 'nothing': it is late", LastToolResult(server.Requests[^1]), StringComparison.Ordinal);
    }

    private static int Answered(JsonNode request) =>
        request["messages"]!.AsArray().Count(message => message!["role"]!.GetValue<string>() == "assistant");

    private static PlaybookCatalogue Catalogue(AgentServices services) => new(new AgentPlaybook(services), new SegmentPlaybook(services));
}
