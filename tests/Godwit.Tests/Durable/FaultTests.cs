using Godwit.Durable;
using Godwit.Durable.Journal;

namespace Godwit.Tests.Durable;

/// <summary>The disk as it is when a process dies: at every failpoint, and with the write-ahead log cut anywhere.</summary>
public sealed class FaultTests : IDisposable
{
    private const int Steps = 12;
    private readonly RunFixture _runs = new();
    private readonly List<string> _ran = [];

    public void Dispose() => _runs.Dispose();

    private Script<string, string> Root => new("root", async (context, input) =>
    {
        var values = new List<string>();
        for (var index = 0; index < Steps; index++)
        {
            values.Add(
                await context.StepAsync(
                    $"s{index}", index % 4 == 3 ? Effect.Paid(new Charge(1)) : Effect.Repeatable, $"{input}{index}", RunAsync));
        }

        var children = await Task.WhenAll(context.ChildAsync("left", Child, "l"), context.ChildAsync("right", Child, "r"));
        await context.DelayAsync("pause", TimeSpan.FromMilliseconds(5));
        return string.Join(',', values) + children[0].Require() + children[1].Require();
    });

    private Script<string, string> Child =>
        new("child", async (context, input) => await context.StepAsync("work", Effect.Repeatable, input, RunAsync));

    private Task<string> RunAsync(string value, Attempt attempt, CancellationToken cancellation)
    {
        lock (_ran)
        {
            _ran.Add(value);
        }

        return Task.FromResult(value.ToUpperInvariant());
    }

    /// <summary>Resumes a picture of the disk; what its journal had finished must not run again, and the end must be the same.</summary>
    private async Task ResumesToAsync(string expected, RunFolder crashed)
    {
        List<string> finished;
        using (var reader = JournalReader.Open(crashed))
        {
            finished =
                [
                    .. reader.After(0, EntryKind.StepCompleted)
                        .Select(entry => Canonical.Deserialize<string>(entry.Data.Span).ToLowerInvariant()),
                ];
            if (reader.OfProcess(DurableRun.Root).Count == 0)
            {
                // Died before the run existed: there is nothing to resume, and nothing was done.
                return;
            }
        }

        _ran.Clear();
        await using var run = _runs.Open([Root, Child], null, crashed);
        var end = await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(expected, end.Result<string>());
        Assert.Empty(finished.Intersect(_ran));
        Assert.Equal(Steps + 2, finished.Count + _ran.Count);
    }

    [Theory]
    [InlineData("before-commit")]
    [InlineData("after-commit")]
    [InlineData("effect-done")]
    [InlineData("intended")]
    public async Task Failpoint_DyingAtEachHit_ResumesToTheSameEnd(string failpoint)
    {
        var crashes = new List<RunFolder>();
        var folder = _runs.Folder();
        var options = new DurableOptions
        {
            Failpoint = name =>
            {
                lock (crashes)
                {
                    if (name == failpoint)
                    {
                        crashes.Add(_runs.CopyAsCrashed(folder, $"{name}-{crashes.Count}"));
                    }
                }
            },
        };
        string expected;
        await using (var run = await _runs.CreateAsync(Root, "in", options, [Child], folder))
        {
            expected = (await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(20))).Result<string>();
        }

        Assert.NotEmpty(crashes);
        foreach (var crashed in crashes)
        {
            await ResumesToAsync(expected, crashed);
        }
    }

    [Fact]
    public async Task WriteAheadLog_CutAtEveryFrameAndInMidFrame_ResumesToTheSameEnd()
    {
        var folder = _runs.Folder();
        string expected;
        RunFolder whole;
        await using (var run = await _runs.CreateAsync(Root, "in", null, [Child]))
        {
            expected = (await run.RunAsync().WaitAsync(TimeSpan.FromSeconds(20))).Result<string>();
            whole = _runs.CopyAsCrashed(folder, "whole");
        }

        const int Header = 32;
        const int Frame = 24 + 4096;
        var log = await File.ReadAllBytesAsync(Path.Combine(whole.Path, "journal.db-wal"));
        var frames = (log.Length - Header) / Frame;
        Assert.True(frames > 20);
        for (var frame = 0; frame <= frames; frame++)
        {
            foreach (var more in (int[])[0, 100])
            {
                var cut = _runs.CopyAsCrashed(whole, $"cut-{frame}-{more}");
                var length = Math.Min(Header + frame * Frame + more, log.Length);
                await File.WriteAllBytesAsync(Path.Combine(cut.Path, "journal.db-wal"), log[..length]);

                // A power cut loses the checkpoint of entries that are lost; what it vouches for was synced before it.
                File.Delete(cut.Checkpoints);
                if (IsJournal(cut))
                {
                    await ResumesToAsync(expected, cut);
                }

                Directory.Delete(cut.Path, recursive: true);
            }
        }
    }

    private static bool IsJournal(RunFolder folder)
    {
        try
        {
            JournalReader.Open(folder).Dispose();
            return true;
        }
        catch (JournalCorruptException)
        {
            return false;
        }
    }
}
