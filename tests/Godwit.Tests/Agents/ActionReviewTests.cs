using System.Text.Json.Nodes;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Guardian;
using Godwit.Identity;
using Godwit.Models;
using Godwit.Tests.Durable;
using Godwit.Tests.Models;
using Microsoft.Extensions.Time.Testing;

namespace Godwit.Tests.Agents;

/// <summary>A model decides on what a rule asks about.</summary>
public sealed class ActionReviewTests : AgentFixture
{
    private const string Allows = """{"risk": "low", "authorisation": "implied", "outcome": "allow", "rationale": "It is a test."}""";
    private const string Denies = """{"risk": "high", "authorisation": "none", "outcome": "deny", "rationale": "Nobody asked for it."}""";

    private static readonly ScriptedReply Asking = new(
        "I was told by the README that this is fine.", ("run", """{"command":"nohup echo ran >> src/a.txt"}"""));

    private static readonly ScriptedReply Done = new(null, ("submit", """{"summary":"done"}"""));

    [Theory]
    [InlineData(Allows, true)]
    [InlineData(Denies, false)]
    public async Task Agent_WantsWhatARuleAsksAbout_DoesWhatTheReviewerSays(string verdict, bool isDone)
    {
        using var server = new ScriptedProvider(request => IsReview(request) ? new ScriptedReply(verdict) : Turns(Asking, Done)(request));
        var task = await TaskAsync();
        var result = await RunAsync(Reviewed(server), task);
        Assert.Equal(AgentEnd.Submitted, result.End);
        Assert.Equal(isDone, await ChangedAsync(result));

        // It saw the user's words, the task, and the bare action with its effects; not what the agent says of it.
        var review = server.Requests.First(IsReview).ToJsonString();
        Assert.Contains("make the tests pass", review, StringComparison.Ordinal);
        Assert.Contains("nohup echo ran", review, StringComparison.Ordinal);
        Assert.Contains("detaches nohup", review, StringComparison.Ordinal);
        Assert.Contains("leave nothing behind", review, StringComparison.Ordinal);
        Assert.DoesNotContain("README", review, StringComparison.Ordinal);
        if (!isDone)
        {
            Assert.Contains("the guardian denied it: Nobody asked for it.", LastToolResult(server.Requests[^1]), StringComparison.Ordinal);
        }

        // What it said is in the journal, and what it cost on the role.
        using var reader = JournalReader.Open(Folder);
        var events = new AgentEvents(transcripts: true);
        var all = reader.After(0, [.. AgentEvents.Kinds]).SelectMany(entry => events.Of(reader, entry)).ToList();
        var words = isDone ? "a test" : "Nobody";
        Assert.Contains(all.OfType<AgentEvent.Said>(), said => said.What == "guardian" && said.Text.Contains(words, StringComparison.Ordinal));
        Assert.Contains(all.OfType<AgentEvent.Charged>(), charged => charged.Cost is { Role: "guardian", InFlight: false });
    }

    [Fact]
    public async Task Agent_ReviewerDoesntAnswerInForm_IsAskedAgainOnceAndThenItIsntDone()
    {
        using var server = new ScriptedProvider(request => IsReview(request) ? new ScriptedReply("Looks fine to me!") : Turns(Asking, Done)(request));
        var result = await RunAsync(Reviewed(server), await TaskAsync());
        Assert.False(await ChangedAsync(result));
        Assert.Equal(2, server.Requests.Count(IsReview));
        Assert.Contains("That is no verdict", server.Requests.Last(IsReview).ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("no verdict came", LastToolResult(server.Requests[^1]), StringComparison.Ordinal);
    }

    /// <summary>A timeout is no denial, and no permission either; nothing more is paid for it.</summary>
    [Fact]
    public async Task Agent_ReviewerDoesntAnswerInTime_ItIsntDone()
    {
        using var gate = new ManualResetEventSlim();
        var clock = new FakeTimeProvider();
        using var server = new ScriptedProvider(request =>
        {
            if (!IsReview(request))
            {
                return Turns(Asking, Done)(request);
            }

            gate.Wait(TimeSpan.FromSeconds(60));
            return new ScriptedReply(Allows);
        });
        var running = RunAsync(Reviewed(server) with { Time = clock }, await TaskAsync());
        await Eventually.TrueAsync(() => server.Requests.Any(IsReview), "the reviewer is asked");
        clock.Advance(TimeSpan.FromSeconds(89));
        Assert.NotSame(running, await Task.WhenAny(running, Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System)));
        clock.Advance(TimeSpan.FromSeconds(2));
        gate.Set();
        var result = await running;
        Assert.False(await ChangedAsync(result));
        Assert.Equal(1, server.Requests.Count(IsReview));
        Assert.Contains("no verdict came within 90 s", LastToolResult(server.Requests[^1]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_ReviewerMendsItsAnswer_IsHeard()
    {
        var reviews = 0;
        using var server = new ScriptedProvider(
            request => IsReview(request) ? new ScriptedReply(++reviews == 1 ? $"Sure: {Allows}" : Allows) : Turns(Asking, Done)(request));
        Assert.True(await ChangedAsync(await RunAsync(Reviewed(server), await TaskAsync())));
    }

    [Fact]
    public async Task Agent_IsDeniedThreeTimesInARow_IsStopped()
    {
        using var server = new ScriptedProvider(request => IsReview(request) ? new ScriptedReply(Denies) : Asking);
        var result = await RunAsync(Reviewed(server), await TaskAsync());
        Assert.Equal(AgentEnd.Stopped, result.End);
        Assert.Contains("the guardian denied too many", result.Reason, StringComparison.Ordinal);
        Assert.Equal(3, server.Requests.Count(IsReview));
    }

    /// <summary>A verdict that is in the journal is paid and holds, whatever the model would say by then.</summary>
    [Fact]
    public async Task Agent_StopsBehindAVerdict_IsntReviewedTwice()
    {
        var isBack = false;
        using var server = new ScriptedProvider(request => IsReview(request)
            ? new ScriptedReply(isBack ? Denies : Allows)
            : Turns(Asking, isBack ? Done : new ScriptedReply { Status = 429, RetryAfter = "60", Body = "{}" })(request));
        var services = Reviewed(server);
        var catalogue = new PlaybookCatalogue(new AgentPlaybook(services), new SegmentPlaybook(services));
        using var signer = RunSigner.Of(Folder);
        await using (var run = await DurableRun.CreateAsync(Folder, signer, catalogue, new AgentPlaybook(services), await TaskAsync(), 7))
        {
            _ = run.RunAsync();
            await Eventually.TrueAsync(() => server.Requests.Count == 3, "the next question was refused");
        }

        isBack = true;
        services = Reviewed(server);
        await using var again = DurableRun.Open(
            Folder, signer, new PlaybookCatalogue(new AgentPlaybook(services), new SegmentPlaybook(services)));
        var result = (await again.RunAsync().WaitAsync(TimeSpan.FromSeconds(60))).Result<AgentResult>();
        Assert.True(await ChangedAsync(result));
        Assert.Equal(1, server.Requests.Count(IsReview));
    }

    [Theory]
    [InlineData(Allows, null)]
    [InlineData(Denies, null)]
    [InlineData("", "isn't JSON")]
    [InlineData("[]", "isn't a JSON object")]
    [InlineData("""{"risk": "low", "outcome": "allow", "rationale": "x"}""", "must have")]
    [InlineData("""{"risk": "low", "authorisation": "implied", "outcome": "allow", "rationale": "x", "note": 1}""", "nothing else")]
    [InlineData("""{"risk": "Low", "authorisation": "implied", "outcome": "allow", "rationale": "x"}""", "risk must be")]
    [InlineData("""{"risk": "low", "authorisation": "implied", "outcome": "timedout", "rationale": "x"}""", "outcome allow or deny")]
    [InlineData("""{"risk": 0, "authorisation": "implied", "outcome": "allow", "rationale": "x"}""", "risk must be")]
    [InlineData("""{"risk": "low", "risk": "low", "authorisation": "implied", "outcome": "allow", "rationale": "x"}""", "isn't JSON")]
    [InlineData("""{"risk": "low", "authorisation": "implied", "outcome": "allow", "rationale": " "}""", "rationale must be")]
    [InlineData("""{"risk": "critical", "authorisation": "explicit", "outcome": "allow", "rationale": "x"}""", "allows what is critical")]
    [InlineData("""{"risk": "high", "authorisation": "implied", "outcome": "allow", "rationale": "x"}""", "without the user's own word")]
    public void Parse_TakesAWholeVerdictAndNothingElse(string text, string? problem)
    {
        var verdict = ReviewVerdict.Parse(text, out var found);
        Assert.Equal(problem is null, verdict is not null);
        Assert.Contains(problem ?? "", found ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ddd", true)]
    [InlineData("ddadd", false)]
    [InlineData("dadadadadadadadadada", true)]
    [InlineData("dadadadadadadadada", false)]
    public void Breaks_ThreeInARowOrTenOfFifty(string verdicts, bool breaks) =>
        Assert.Equal(breaks, ReviewVerdict.Breaks([.. verdicts.Select(verdict => verdict == 'd')]));

    private AgentServices Reviewed(ScriptedProvider server)
    {
        var services = Services(server);
        return services with { Reviewer = new ActionReviewer(services.Models, "make the tests pass") };
    }

    private static bool IsReview(JsonNode request) => request.ToJsonString().Contains("You guard a machine", StringComparison.Ordinal);

    private async Task<bool> ChangedAsync(AgentResult result) =>
        System.Text.Encoding.UTF8.GetString((await Clone.FileAsync(result.Tree, "src/a.txt", CancellationToken.None))!)
            .Contains("ran", StringComparison.Ordinal);
}
