using Godwit.Models;
using Microsoft.Extensions.Time.Testing;

namespace Godwit.Tests.Models;

/// <summary>What is done when a model can't, won't or doesn't answer.</summary>
public sealed class ModelFailureTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("godwit-test-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task Ask_FirstModelRefusesTheRequest_TheNextIsAskedAtOnceAndTheFirstNoMore()
    {
        using var refusing = new ScriptedProvider(
            _ => new ScriptedReply { Status = 401, Body = "{\"error\":{\"message\":\"bad key sk-planted-7\"}}" });
        using var flaky = new ScriptedProvider(_ => new ScriptedReply("ok"));
        var file = Path.Combine(_root.FullName, "key");
        File.WriteAllText(file, "sk-planted-7");
        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        var catalogue = ModelTests.Catalogue("m-a, m-b", ("a", "compatible", refusing), ("b", "compatible", flaky)).With($$"""providers: { a: { url: "{{refusing.Address}}/v1", key_file: "{{file}}" } }""");
        using var drivers = new ModelDrivers(catalogue, TimeProvider.System);
        var pipeline = new ModelPipeline(catalogue, drivers.Of, null, TimeProvider.System);
        Assert.Equal("m-b", (await pipeline.AskAsync(ModelTests.Ask(), CancellationToken.None)).Reply.Model);
        Assert.Single(refusing.Requests);

        // A provider that repeats the key in its answer doesn't bring it into messages.
        var alone = ModelTests.Catalogue("m-a", ("a", "compatible", refusing)).With($$"""providers: { a: { url: "{{refusing.Address}}/v1", key_file: "{{file}}" } }""");
        using var others = new ModelDrivers(alone, TimeProvider.System);
        var error = await Assert.ThrowsAsync<ModelException>(
            () => new ModelPipeline(alone, others.Of, null, TimeProvider.System).AskAsync(ModelTests.Ask(), CancellationToken.None));
        Assert.Contains("bad key (key)", error.Message, StringComparison.Ordinal);
    }

    /// <summary>It may have been billed, so it isn't asked again at once; the next call goes elsewhere.</summary>
    [Fact]
    public async Task Ask_FirstModelAnswersUnreadably_TheNextCallGoesToAnother()
    {
        using var broken = new ScriptedProvider(_ => new ScriptedReply { Body = "<html>hello</html>" });
        using var sound = new ScriptedProvider(_ => new ScriptedReply("ok"));
        var catalogue = ModelTests.Catalogue("m-a, m-b", ("a", "compatible", broken), ("b", "compatible", sound));
        using var drivers = new ModelDrivers(catalogue, TimeProvider.System);
        var pipeline = new ModelPipeline(catalogue, drivers.Of, null, TimeProvider.System);
        Assert.Equal(
            ModelFailure.Broken,
            (await Assert.ThrowsAsync<ModelException>(() => pipeline.AskAsync(ModelTests.Ask(), CancellationToken.None))).Kind);
        Assert.Equal("m-b", (await pipeline.AskAsync(ModelTests.Ask(), CancellationToken.None)).Reply.Model);
        Assert.Single(broken.Requests);
    }

    [Fact]
    public async Task Ask_ProviderSaysWhenToComeBack_NothingIsSentBefore()
    {
        var first = true;
        using var server = new ScriptedProvider(
            _ => first && !(first = false) ? new ScriptedReply { Status = 429, RetryAfter = "2", Body = "{}" } : new ScriptedReply("ok"));
        var catalogue = ModelTests.Catalogue("m-x", ("x", "compatible", server));
        using var drivers = new ModelDrivers(catalogue, TimeProvider.System);
        var start = TimeProvider.System.GetTimestamp();
        await new ModelPipeline(catalogue, drivers.Of, null, TimeProvider.System).AskAsync(ModelTests.Ask(), CancellationToken.None);
        Assert.True(TimeProvider.System.GetElapsedTime(start) >= TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task Ask_NoAnswerInTime_CountsAsMaybeBilled()
    {
        var catalogue = ModelCatalogue.Merge(
            [("test", "providers: {x: {url: http://127.0.0.1:1}}\nmodels: {m: {provider: x}}\nroles: {worker: [m]}")]);
        var pipeline = new ModelPipeline(catalogue, _ => new Silent(), null, TimeProvider.System);
        Assert.Equal(
            ModelFailure.Broken,
            (await Assert.ThrowsAsync<ModelException>(() => pipeline.AskAsync(ModelTests.Ask(), CancellationToken.None))).Kind);
    }

    private sealed class Silent : IModelDriver
    {
        public Task<ModelReply> AskAsync(ModelEntry model, ModelRequest request, CancellationToken cancellation) =>
            throw new TaskCanceledException("timeout");
    }

    [Fact]
    public async Task Governor_RefusedCalls_ShrinkWhatIsOutAndTimeGrowsItBack()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero));
        var governor = new RateGovernor(clock);
        for (var call = 0; call < 9; call++)
        {
            await governor.EnterAsync(CancellationToken.None);
        }

        // Nine are out when the first is refused: half may be from now on.
        governor.Leave(new ModelException(ModelFailure.RateLimited, "slow down"));
        var next = governor.EnterAsync(CancellationToken.None);
        for (var left = 8; left > 4; left--)
        {
            Assert.False(next.IsCompleted);
            governor.Leave(null);
        }

        Assert.False(next.IsCompleted);
        governor.Leave(null);
        await next.WaitAsync(TimeSpan.FromSeconds(5));
        var fifth = governor.EnterAsync(CancellationToken.None);
        Assert.False(fifth.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(6));
        governor.Leave(null);
        await fifth.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.True(governor.EnterAsync(CancellationToken.None).IsCompleted, "five may be out after a while");
    }

    [Fact]
    public async Task Ask_OneProviderFailsAThirdAndTheOtherIsDown_EveryCallIsAnswered()
    {
        var random = new Random(5);
        using var flaky = new ScriptedProvider(
            _ => random.NextDouble() < 0.3
                ? new ScriptedReply
                {
                    Status = random.Next(2) == 0 ? 429 : 503,
                    RetryAfter = "0",
                    Body = "{\"error\":{\"message\":\"busy\"}}",
                }
                : new ScriptedReply("ok"));
        var down = new ScriptedProvider(_ => new ScriptedReply("never"));
        var catalogue = ModelTests.Catalogue("m-down, m-flaky", ("down", "anthropic", down), ("flaky", "openai", flaky));
        down.Dispose();
        using var drivers = new ModelDrivers(catalogue, TimeProvider.System);
        var pipeline = new ModelPipeline(catalogue, drivers.Of, null, TimeProvider.System);
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 60).Select(turn => pipeline.AskAsync(ModelTests.Ask() with { Turn = turn }, CancellationToken.None)));
        Assert.All(answers, answer => Assert.Equal("ok", answer.Reply.Words));
    }

    [Theory]
    [InlineData(400, "{\"error\":{\"message\":\"maximum context length is 8192\"}}", ModelFailure.ContextOverflow)]
    [InlineData(401, "{\"error\":{\"message\":\"bad key\"}}", ModelFailure.Rejected)]
    [InlineData(200, "not json", ModelFailure.Broken)]
    public async Task Ask_CantBeMendedByWaiting_SaysWhatKind(int status, string body, ModelFailure kind)
    {
        foreach (var dialect in (string[])["openai", "responses", "anthropic"])
        {
            using var server = new ScriptedProvider(_ => new ScriptedReply { Status = status, Body = body });
            var catalogue = ModelTests.Catalogue("m-x", ("x", dialect, server));
            using var drivers = new ModelDrivers(catalogue, TimeProvider.System);
            var pipeline = new ModelPipeline(catalogue, drivers.Of, null, TimeProvider.System);
            var error = await Assert.ThrowsAsync<ModelException>(() => pipeline.AskAsync(ModelTests.Ask(), CancellationToken.None));
            Assert.True(error.Kind == kind, $"{dialect}: {error.Kind} {error.Message}");
        }
    }

    [Fact]
    public async Task Ask_ConnectionBreaksInTheAnswer_CountsAsMaybeBilled()
    {
        foreach (var dialect in (string[])["openai", "responses", "anthropic"])
        {
            using var server = new ScriptedProvider(_ => new ScriptedReply("half of it") { Breaks = true });
            var catalogue = ModelTests.Catalogue("m-x", ("x", dialect, server));
            using var drivers = new ModelDrivers(catalogue, TimeProvider.System);
            var error = await Assert.ThrowsAsync<ModelException>(
                () => new ModelPipeline(
                    catalogue, drivers.Of, null, TimeProvider.System).AskAsync(ModelTests.Ask(), CancellationToken.None));
            Assert.Equal(ModelFailure.Broken, error.Kind);
        }
    }
}
