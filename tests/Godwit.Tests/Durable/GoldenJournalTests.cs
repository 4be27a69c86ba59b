using Godwit.Durable;
using Godwit.Durable.Journal;

namespace Godwit.Tests.Durable;

/// <summary>Journals that earlier versions wrote must replay for ever: not one step of them may run again.</summary>
public sealed class GoldenJournalTests : IDisposable
{
    private readonly RunFixture _runs = new();
    private int _ran;

    public void Dispose() => _runs.Dispose();

    /// <summary>Uses every kind of entry that a finished run can hold.</summary>
    private Script<string, string> Root => new("golden", async (context, input) =>
    {
        var at = await context.NowAsync("now");
        var repeatable = await context.StepAsync("repeatable", Effect.Repeatable, input, Run);
        var paid = await context.StepAsync("paid", Effect.Paid(new Charge(1.5m, 10)), input, Run);
        var external = await context.StepAsync("external", Effect.External(targetDeduplicates: true), input, Run);
        var failed = "";
        try
        {
            await context.StepAsync(
                "failed", Effect.Repeatable, input, Task<string> (_, _, _) => throw new StepFaultException("why", "because"));
        }
        catch (StepFailedException error)
        {
            failed = error.Failure.Cause;
        }

        var signal = await context.SignalAsync<string>("signal", "hello");
        var expired = await context.SignalAsync<string>("expired", "never", TimeSpan.FromMilliseconds(1));
        await context.DelayAsync("delay", TimeSpan.FromMilliseconds(1));
        var child = context.ChildAsync("child", Child, new GoldenInput("x", [1, 2]));
        var first = await context.FirstAsync("first", child, context.DelayAsync("never", TimeSpan.FromMilliseconds(50)));
        var outcome = (await child).Require();
        await context.NoteAsync("note", new GoldenInput("n", []));
        return $"{at.Year} {repeatable} {paid} {external} {failed} {signal} {expired ?? "none"} {first} {outcome} " +
        $"{context.Random("r").Next(1000)}";
    });

    private Script<GoldenInput, string> Child =>
        new("golden/child", (context, input) => context.StepAsync("work", Effect.Repeatable, input, (value, _, _) =>
    {
        _ran++;
        return Task.FromResult($"{value.Name}{value.Numbers.Count}");
    }));

    private Task<string> Run(string value, Attempt attempt, CancellationToken cancellation)
    {
        _ran++;
        return Task.FromResult(value + "!");
    }

    internal sealed record GoldenInput(string Name, IReadOnlyList<int> Numbers);

    public static TheoryData<string> Journals => [.. Directory.EnumerateDirectories(Folder).Select(path => Path.GetFileName(path))];

    private static string Folder => Path.Combine(Repository.Root, "tests", "Godwit.Tests", "Durable", "Golden");

    [Theory]
    [MemberData(nameof(Journals))]
    public async Task Open_JournalOfEveryVersion_ReplaysWithoutRunningAnything(string version)
    {
        var copy = _runs.Folder(version);
        Directory.CreateDirectory(copy.Path);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Folder, version)))
        {
            File.Copy(file, Path.Combine(copy.Path, Path.GetFileName(file)));
        }

        File.SetUnixFileMode(copy.Key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await using var run = _runs.Open([Root, Child], null, copy);
        var end = await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal("2026 in! in! in! why hi none 0 x2 434", end.Result<string>());
        Assert.Equal(0, _ran);

        // The end is in the journal; replaying the body from its top must lead there too.
        var again = await ReplayAsync(copy);
        Assert.Equal(end.Result<string>(), again);
        Assert.Equal(0, _ran);
    }

    /// <summary>Takes the ends of the processes away, so that their bodies run again out of the journal's answers.</summary>
    private async Task<string> ReplayAsync(RunFolder folder)
    {
        using var reader = JournalReader.Open(folder);
        var cut = _runs.Folder(folder.Id + "-cut");
        var drafts = reader.After(0)
            .Where(entry => entry.Kind is not (EntryKind.GenerationStarted or EntryKind.ProcessCompleted) && entry.Process != 0)
            .Select(entry => new Draft(entry.Process, entry.Kind, entry.Key, Or(entry.Input), Or(entry.Info), Or(entry.Data))).ToList();
        using (var journal = RunJournal.Create(cut, _runs.Signer(cut), TimeProvider.System))
        {
            await journal.AppendAsync(new AppendUnit(drafts));
        }

        await using var run = _runs.Open([Root, Child], null, cut);
        return (await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(20))).Result<string>();

        static byte[]? Or(ReadOnlyMemory<byte> bytes) => bytes.IsEmpty ? null : bytes.ToArray();
    }

    /// <summary>
    /// No test, but what writes the journal of this version: once a schema, never again for one that is released. <c>./test
    /// --explicit only</c>.
    /// </summary>
    [Fact(Explicit = true)]
    public async Task Write_ThisVersionsJournal()
    {
        var target = Path.Combine(Folder, "v1");
        Assert.False(Directory.Exists(target), $"{target} is written, and stays as it is");

        var folder = _runs.Folder("v1");
        await using (var run = await _runs.CreateAsync(Root, "in", null, [Child], folder))
        {
            var end = run.RunAsync();
            await run.SignalAsync(DurableRun.Root, "hello", "sender", "hi");
            await end.WaitAsync(TimeSpan.FromSeconds(20));
        }

        Directory.CreateDirectory(target);
        using (var database = Database.OpenOrCreate(folder.Journal))
        {
            database.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
        }

        foreach (var file in (string[])["journal.db", "run.key", "checkpoints.jsonl"])
        {
            File.Copy(Path.Combine(folder.Path, file), Path.Combine(target, file));
        }
    }
}
