using Godwit.Durable;
using Godwit.Identity;
using Godwit.Durable.Journal;

namespace Godwit.Tests.Durable;

/// <summary>A playbook made of a lambda, so that a test reads as the process it is about.</summary>
internal sealed record Script<TIn, TOut>(string Name, Func<IDurableContext, TIn, Task<TOut>> Body) : Playbook<TIn, TOut>(Name)
{
    public override Task<TOut> RunAsync(IDurableContext context, TIn input) => Body(context, input);
}

/// <summary>A folder for runs that goes away with the test, and short ways to start and resume one.</summary>
internal sealed class RunFixture : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("godwit-test-").FullName;
    private readonly List<RunSigner> _signers = [];

    public RunFolder Folder(string name = "run") => new(Path.Combine(_root, name));

    public RunSigner Signer(RunFolder folder)
    {
        var signer = RunSigner.Of(folder);
        _signers.Add(signer);
        return signer;
    }

    public Task<DurableRun> CreateAsync<TIn, TOut>(
        Script<TIn, TOut> root, TIn input, DurableOptions? options = null, IEnumerable<Playbook>? others = null, RunFolder? folder = null)
    {
        folder ??= Folder();
        return DurableRun.CreateAsync(folder, Signer(folder), new PlaybookCatalogue([root, .. others ?? []]), root, input, 7, options);
    }

    public DurableRun Open(IEnumerable<Playbook> playbooks, DurableOptions? options = null, RunFolder? folder = null)
    {
        folder ??= Folder();
        return DurableRun.Open(folder, Signer(folder), new PlaybookCatalogue(playbooks), options);
    }

    public async Task<RunEnd> RunAsync<TOut>(Script<string, TOut> root, DurableOptions? options = null, params Playbook[] others)
    {
        await using var run = await CreateAsync(root, "in", options, others);
        return await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(30));
    }

    public async Task<RunEnd> ResumeAsync(DurableOptions? options, params Playbook[] playbooks)
    {
        await using var run = Open(playbooks, options);
        return await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>What the disk would hold if the machine's process died now.</summary>
    public RunFolder CopyAsCrashed(RunFolder from, string name)
    {
        var to = Folder(name);
        Directory.CreateDirectory(to.Path);
        foreach (var file in (string[])["journal.db", "journal.db-wal", "run.key", "checkpoints.jsonl"])
        {
            var source = Path.Combine(from.Path, file);
            if (File.Exists(source))
            {
                File.Copy(source, Path.Combine(to.Path, file), overwrite: true);
            }
        }

        return to;
    }

    public void Dispose()
    {
        _signers.ForEach(signer => signer.Dispose());
        Directory.Delete(_root, recursive: true);
    }
}

/// <summary>Polls with a bound; what a test waits for becomes true or the test says what didn't.</summary>
internal static class Eventually
{
    public static Task TrueAsync(Func<bool> condition, string what) => TrueAsync(() => Task.FromResult(condition()), what);

    public static async Task TrueAsync(Func<Task<bool>> condition, string what)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(deadline) < TimeSpan.FromSeconds(20), $"never: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }
}
