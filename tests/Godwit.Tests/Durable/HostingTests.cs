using System.Diagnostics;
using Godwit.Durable;
using Godwit.Durable.Hosting;
using Godwit.Durable.Journal;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Godwit.Tests.Durable;

public sealed record Greet() : Playbook<string, string>("greet")
{
    public override async Task<string> RunAsync(IDurableContext context, string name)
    {
        var greeting = await context.StepAsync("greeting", Effect.Repeatable, name, (who, _, _) => Task.FromResult($"good morning, {who}"));
        var ending = await context.SignalAsync<string>("ending", "end");
        return $"{greeting}{ending}";
    }
}

public sealed record SendOnce(Func<Task> Send) : Playbook<string, string>("send-once")
{
    public override async Task<string> RunAsync(IDurableContext context, string letter) =>
        await context.StepAsync("send", Effect.External(), letter, async (input, _, _) =>
        {
            await Send();
            return input;
        });
}

/// <summary>
/// DurableRuns in an application that isn't Godwit's: started, stopped, resumed, signalled and looked at through its services.
/// </summary>
public sealed class HostingTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("godwit-test-");
    private readonly List<string> _log = [];

    public void Dispose() => _root.Delete(recursive: true);

    private string Folder => Path.Combine(_root.FullName, "runs");

    private IHost Build(Func<Task>? send = null)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders().AddProvider(new ListLog(_log));
        builder.Services.AddGodwit(options => options.UseSqlite(Folder)).AddPlaybook<Greet>();
        builder.Services.AddSingleton<Playbook>(new SendOnce(send ?? (() => Task.CompletedTask)));
        builder.Services.AddHealthChecks().AddCheck<RunsHealthCheck>("godwit");
        return builder.Build();
    }

    private static async Task<HealthStatus> HealthAsync(IHost host) =>
        (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Status;

    [Fact]
    public async Task Host_StoppedWhileARunWaits_ResumesItAtTheNextStartAndItsHandleAnswers()
    {
        using (var first = Build())
        {
            await first.StartAsync();
            var run = await first.Services.GetRequiredService<DurableRuns>().StartAsync(new Greet(), "Ada", id: "ada");
            Assert.Equal(("ada", RunStatus.Running), (run.Id, run.Status));
            await first.StopAsync();
            Assert.Equal(RunStatus.Stopped, run.Status);
            await Assert.ThrowsAsync<RunEndedException>(() => run.ResultAsync());
            await Assert.ThrowsAsync<RunEndedException>(() => run.SignalAsync("end", "!"));
        }

        using var second = Build();
        await second.StartAsync();
        Assert.Contains("Run ada resumed", _log);
        var runs = second.Services.GetRequiredService<DurableRuns>();
        var again = await runs.StartAsync(new Greet(), "Ada", id: "ada");
        Assert.True(await again.SignalAsync("end", "!", sender: "me"));
        Assert.Equal("good morning, Ada!", await again.ResultAsync());
        Assert.Equal(RunStatus.Completed, again.Status);
        await Assert.ThrowsAsync<RunEndedException>(() => again.SignalAsync("end", "?"));
        await second.StopAsync();

        using var reader = JournalReader.Open(new RunFolder(Path.Combine(Folder, "ada")));
        Assert.Single(reader.OfProcess(DurableRun.Root), entry => entry.Kind == EntryKind.StepCompleted);
    }

    [Fact]
    public async Task Find_EndedRun_AnswersWithoutStartingAnything()
    {
        using (var first = Build())
        {
            await first.StartAsync();
            var run = await first.Services.GetRequiredService<DurableRuns>().StartAsync(new Greet(), "Ada", id: "ada");
            await run.SignalAsync("end", ".");
            await run.ResultAsync();
            await first.StopAsync();
        }

        using var second = Build();
        await second.StartAsync();
        Assert.DoesNotContain("Run ada resumed", _log);
        var runs = second.Services.GetRequiredService<DurableRuns>();
        Assert.Equal("good morning, Ada.", await runs.Find(new Greet(), "ada").ResultAsync());
        Assert.Throws<JournalMissingException>(() => (object)runs.Find(new Greet(), "nobody"));
        await second.StopAsync();
    }

    [Fact]
    public async Task Cancel_RunThatWaits_EndsAndSaysWhy()
    {
        using var host = Build();
        await host.StartAsync();
        var run = await host.Services.GetRequiredService<DurableRuns>().StartAsync(new Greet(), "Ada");
        await run.CancelAsync("nobody is up");
        var end = await Assert.ThrowsAsync<RunEndedException>(() => run.ResultAsync());
        Assert.Equal((RunStatus.Cancelled, "nobody is up"), (end.Status, end.Message));
        await host.StopAsync();
    }

    [Fact]
    public async Task Start_IdOfAnotherInputOrUnknownPlaybookOrForm_IsRefused()
    {
        using var host = Build();
        await host.StartAsync();
        var runs = host.Services.GetRequiredService<DurableRuns>();
        await runs.StartAsync(new Greet(), "Ada", id: "ada");
        Assert.Contains(
            "another playbook or input",
            (await Assert.ThrowsAsync<ArgumentException>(() => runs.StartAsync(new Greet(), "Bob", id: "ada"))).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "AddPlaybook<ShipOrders>()",
            (await Assert.ThrowsAsync<ArgumentException>(() => runs.StartAsync(new ShipOrders(), [], id: "x"))).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "is no id of a run",
            (await Assert.ThrowsAsync<ArgumentException>(() => runs.StartAsync(new Greet(), "Ada", id: "../ada"))).Message,
            StringComparison.Ordinal);
        await host.StopAsync();
    }

    [Fact]
    public async Task Start_FolderOfAStartThatNeverBecameDurable_BeginsAnew()
    {
        // The journal is made, and the process dies before its first entry.
        using (
            RunJournal.Create(
                new RunFolder(Path.Combine(Folder, "ada")), EcdsaHeadSigner.Of(new RunFolder(Path.Combine(Folder, "ada"))),
                TimeProvider.System))
        {
        }

        using var host = Build();
        await host.StartAsync();
        Assert.DoesNotContain("Run ada resumed", _log);
        var run = await host.Services.GetRequiredService<DurableRuns>().StartAsync(new Greet(), "Ada", id: "ada");
        await run.SignalAsync("end", "!");
        Assert.Equal("good morning, Ada!", await run.ResultAsync());
        await host.StopAsync();
    }

    [Fact]
    public async Task Start_FolderWhoseEntriesAreGone_IsRefusedAndKept()
    {
        using (var first = Build())
        {
            await first.StartAsync();
            var run = await first.Services.GetRequiredService<DurableRuns>().StartAsync(new Greet(), "Ada", id: "ada");
            await run.SignalAsync("end", "!");
            await run.ResultAsync();
            await first.StopAsync();
        }

        // A copy without what the journal had: the signed checkpoint in the second file knows that there was more.
        var folder = new RunFolder(Path.Combine(Folder, "ada"));
        var elsewhere = new RunFolder(Path.Combine(_root.FullName, "elsewhere", "ada"));
        Directory.CreateDirectory(elsewhere.Path);
        File.Copy(folder.Key, elsewhere.Key);
        using (RunJournal.Create(elsewhere, EcdsaHeadSigner.Of(elsewhere), TimeProvider.System))
        {
        }

        foreach (var file in Directory.GetFiles(folder.Path, "journal.db*"))
        {
            File.Delete(file);
        }

        File.Copy(elsewhere.Journal, folder.Journal);
        using var second = Build();
        var runs = second.Services.GetRequiredService<DurableRuns>();
        await Assert.ThrowsAsync<JournalCorruptException>(() => runs.StartAsync(new Greet(), "Ada", id: "ada"));
        Assert.True(File.Exists(folder.Checkpoints));
    }

    [Fact]
    public async Task Resolve_ParkedRun_GoesOnInTheSameApplication()
    {
        // The owner dies while the letter is on its way: whether it arrived isn't known.
        var sending = new TaskCompletionSource();
        var dying = new DurableOptions { Failpoint = point => { if (point == "effect-done") { throw new OperationCanceledException(); } } };
        var folder = new RunFolder(Path.Combine(Folder, "letter"));
        using (var signer = EcdsaHeadSigner.Of(folder))
        {
            var playbook = new SendOnce(() => { sending.SetResult(); return Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System); });
            var run = await DurableRun.CreateAsync(folder, signer, new PlaybookCatalogue(playbook), playbook, "dear Ada", 1, dying);
            _ = run.RunAsync();
            await sending.Task;
            await Task.WhenAny(run.AbandonAsync(), Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System));
        }

        using var host = Build(() => throw new InvalidOperationException("it would be sent twice"));
        await host.StartAsync();
        var handle = host.Services.GetRequiredService<DurableRuns>().Find(new SendOnce(null!), "letter");
        await Eventually.TrueAsync(() => handle.Status == RunStatus.Parked, "the run parks");
        Assert.Equal(HealthStatus.Degraded, await HealthAsync(host));
        Assert.DoesNotContain("godwit ", Assert.Single(handle.Parked).Reason, StringComparison.Ordinal);
        var result = handle.ResultAsync();
        await handle.ResolveAsync(handle.Parked[0], new Resolution.Done("\"it arrived\""));
        Assert.Equal("it arrived", await result);
        Assert.Equal(HealthStatus.Healthy, await HealthAsync(host));
        await host.StopAsync();
    }

    [Fact]
    public async Task Host_JournalThatWasChanged_IsUnhealthyAndTheOthersGoOn()
    {
        using (var first = Build())
        {
            await first.StartAsync();
            var runs = first.Services.GetRequiredService<DurableRuns>();
            await runs.StartAsync(new Greet(), "Ada", id: "ada");
            await runs.StartAsync(new Greet(), "Bob", id: "bob");
            await first.StopAsync();
        }

        await File.WriteAllTextAsync(Path.Combine(Folder, "ada", "journal.db"), "no journal");
        using var second = Build();
        await second.StartAsync();
        Assert.Equal(HealthStatus.Unhealthy, await HealthAsync(second));
        var bob = second.Services.GetRequiredService<DurableRuns>().Find(new Greet(), "bob");
        await bob.SignalAsync("end", "!");
        Assert.Equal("good morning, Bob!", await bob.ResultAsync());
        await second.StopAsync();
    }

    [Fact]
    public async Task Start_KeyOfARunIsMissing_SaysSoAndMakesNoOther()
    {
        using (var first = Build())
        {
            await first.StartAsync();
            await first.Services.GetRequiredService<DurableRuns>().StartAsync(new Greet(), "Ada", id: "ada");
            await first.StopAsync();
        }

        var folder = new RunFolder(Path.Combine(Folder, "ada"));
        File.Move(folder.Key, folder.Key + ".away");
        using var second = Build();
        await second.StartAsync();
        var runs = second.Services.GetRequiredService<DurableRuns>();
        var broken = await Assert.ThrowsAsync<RunEndedException>(() => runs.Find(new Greet(), "ada").ResultAsync());
        Assert.Equal(
            (RunStatus.Broken, $"{folder.Key} is missing, and no other key fits the journal beside it; restore it from a copy"),
            (broken.Status, broken.Message));
        Assert.False(File.Exists(folder.Key));

        // Mended, it is taken up by whoever asks for it next.
        File.Move(folder.Key + ".away", folder.Key);
        var ada = runs.Find(new Greet(), "ada");
        await ada.SignalAsync("end", "!");
        Assert.Equal("good morning, Ada!", await ada.ResultAsync());
        await second.StopAsync();
    }

    [Fact]
    public async Task Host_RunOwnedByAnotherApplication_IsLeftToIt()
    {
        using var first = Build();
        await first.StartAsync();
        var owned = await first.Services.GetRequiredService<DurableRuns>().StartAsync(new Greet(), "Ada", id: "ada");
        using var second = Build();
        await second.StartAsync();
        Assert.Equal(HealthStatus.Unhealthy, await HealthAsync(second));
        Assert.Equal(RunStatus.Broken, second.Services.GetRequiredService<DurableRuns>().Find(new Greet(), "ada").Status);
        await owned.SignalAsync("end", "!");
        Assert.Equal("good morning, Ada!", await owned.ResultAsync());
        await second.StopAsync();
        await first.StopAsync();
    }

    [Fact]
    public async Task Activities_OfARun_AreItsSteps()
    {
        var ended = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == DurableTelemetry.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => { lock (ended) { ended.Add(activity); } },
        };
        ActivitySource.AddActivityListener(listener);
        using var host = Build();
        await host.StartAsync();
        var run = await host.Services.GetRequiredService<DurableRuns>().StartAsync(new Greet(), "Ada");
        await run.SignalAsync("end", "!");
        await run.ResultAsync();
        await host.StopAsync();
        var mine = ended.Where(activity => activity.GetTagItem("godwit.run.id") as string == run.Id).ToList();
        var (step, whole) = (
            mine.Single(activity => activity.OperationName == "step"), mine.Single(activity => activity.OperationName == "run"));
        Assert.Equal(
            ("greeting", "repeatable", whole.SpanId),
            (step.GetTagItem("godwit.step.key"), step.GetTagItem("godwit.step.effect"), step.ParentSpanId));
    }

    private sealed class ListLog(List<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (lines)
            {
                lines.Add(formatter(state, exception));
            }
        }
    }
}
