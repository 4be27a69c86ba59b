using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Runs;
using Godwit.Tests.Durable;

namespace Godwit.Tests.Playbooks;

public sealed class RunCatalogTests : IDisposable
{
    private readonly RunFixture _runs = new();
    private readonly string _home = Directory.CreateTempSubdirectory("godwit-test-").FullName;

    public void Dispose()
    {
        _runs.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    /// <summary>A run that rests is read once; one that was changed, or goes on, is read again.</summary>
    [Fact]
    public async Task Rows_OfRunsThatRest_ComeOutOfTheCacheUntilTheyChange()
    {
        var store = new RunStore(_home);
        var root = new Script<string, string>("one", (context, input) =>
            context.StepAsync("step", Effect.Repeatable, input, (one, _, _) => Task.FromResult(one)));
        var folder = store.New("one", TimeProvider.System.GetUtcNow());
        await using (var run = await _runs.CreateAsync(root, "in", folder: folder))
        {
            Assert.Equal(RunStatus.Running, Only(store).State);
            await run.RunAsync();
        }

        var row = Only(store);
        Assert.Equal((RunStatus.Completed, "in", "one"), (row.State, row.Reason, row.Playbook));

        // What is told comes from the cache: the journal says nothing any more, and has the same size and time.
        var time = File.GetLastWriteTimeUtc(folder.Journal);
        var bytes = File.ReadAllBytes(folder.Journal);
        File.WriteAllBytes(folder.Journal, new byte[bytes.Length]);
        File.SetLastWriteTimeUtc(folder.Journal, time);
        Assert.Equal(row, Only(store));
        File.SetLastWriteTimeUtc(folder.Journal, time.AddSeconds(1));
        Assert.Equal(RunStatus.Failed, Only(store).State);
        File.WriteAllText(Path.Combine(_home, "catalog.json"), "no cache");
        Assert.Contains("restore the run's folder", Only(store).Reason, StringComparison.Ordinal);
    }

    private static RunRow Only(RunStore store) => Assert.Single(new RunCatalog(new RunKinds(), store).Rows());
}
