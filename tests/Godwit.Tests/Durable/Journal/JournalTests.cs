using Godwit.Identity;
using Godwit.Durable.Journal;
using Godwit.Tests.Durable;

namespace Godwit.Tests.Durable.Journal;

public sealed class JournalTests : IDisposable
{
    private readonly RunFixture _runs = new();

    public void Dispose() => _runs.Dispose();

    private RunJournal Create(RunFolder folder) => RunJournal.Create(folder, _runs.Signer(folder), TimeProvider.System);

    private RunJournal Open(RunFolder folder) => RunJournal.Open(folder, _runs.Signer(folder), TimeProvider.System, visit: null);

    private static AppendUnit Unit(string key, string? unique = null) =>
        new([new Draft(1, EntryKind.Noted, key, Data: "\"x\""u8.ToArray())], Unique: unique);

    [Fact]
    public async Task AppendAsync_ManyAtOnce_AllThereInOneChain()
    {
        var folder = _runs.Folder();
        using (var journal = Create(folder))
        {
            await Task.WhenAll(Enumerable.Range(0, 500).Select(index => Task.Run(() => journal.AppendAsync(Unit($"k{index}")))));
        }

        using var again = Open(folder);
        Assert.Equal(500, again.Reader.After(0, EntryKind.Noted).Count);
        Assert.Equal(503 - 1, again.LastSequence);
    }

    [Fact]
    public async Task AppendAsync_UniqueNameTaken_FailsOnlyThatUnit()
    {
        using var journal = Create(_runs.Folder());
        var results = await Task.WhenAll(new[] { Unit("a", "once"), Unit("b", "once"), Unit("c") }.Select(async unit =>
        {
            try
            {
                await journal.AppendAsync(unit);
                return true;
            }
            catch (AppendConflictException)
            {
                return false;
            }
        }));
        Assert.Equal(2, results.Count(done => done));
        Assert.True(results[2]);
        Assert.Equal(2, journal.Reader.After(0, EntryKind.Noted).Count);
    }

    [Fact]
    public void Open_WhileOwned_SaysSoAndNamesTheMend()
    {
        var folder = _runs.Folder();
        using var owner = Create(folder);
        var error = Assert.Throws<RunOwnedException>(() => Open(folder));
        Assert.Equal((folder.Id, $"run {folder.Id} is owned by another process"), (error.Run, error.Message));
    }

    [Fact]
    public async Task AppendAsync_NewerGeneration_LosesTheFenceAndWritesNothing()
    {
        var folder = _runs.Folder();
        using var journal = Create(folder);
        await journal.AppendAsync(Unit("before"));

        // A second owner on another machine, which the lock didn't keep out.
        using (var other = Database.OpenOrCreate(folder.Journal))
        {
            other.Execute("UPDATE run SET generation = generation + 1");
        }

        await Assert.ThrowsAsync<FenceLostException>(() => journal.AppendAsync(Unit("after")));
        await Assert.ThrowsAsync<FenceLostException>(() => journal.AppendAsync(Unit("later")));
        Assert.Equal(["before"], journal.Reader.After(0, EntryKind.Noted).Select(entry => entry.Key));
    }

    [Fact]
    public async Task Open_AnyByteOfAnEntryFlipped_NamesTheFirstBadEntry()
    {
        var folder = _runs.Folder();
        using (var journal = Create(folder))
        {
            for (var index = 0; index < 10; index++)
            {
                await journal.AppendAsync(Unit($"key{index}"));
            }
        }

        foreach (var column in (string[])
            [
                "key = 'kez4'", "data = '\"y\"'", "at = at + 1", "process = 2", "kind = 21", "input = x'00'", "info = '{}'",
                "generation = 0", "hash = zeroblob(32)",
            ])
        {
            var copy = _runs.CopyAsCrashed(folder, Guid.NewGuid().ToString("N"));
            using (var database = Database.OpenOrCreate(copy.Journal))
            {
                database.Execute($"UPDATE entries SET {column} WHERE seq = 6");
            }

            var error = Assert.Throws<JournalCorruptException>(() => Open(copy));
            Assert.Equal(6, error.Sequence);
            Assert.Contains("entry 6", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Open_EntriesCutOffBeforeTheCheckpoint_IsNoticed()
    {
        var folder = _runs.Folder();
        using (var journal = Create(folder))
        {
            await journal.AppendAsync(Unit("a"));
            await journal.AppendAsync(Unit("b"));
        }

        using (var database = Database.OpenOrCreate(folder.Journal))
        {
            database.Execute("DELETE FROM entries WHERE seq > 2; DELETE FROM checkpoints");
        }

        // The second file still says how far the journal reached.
        var error = Assert.Throws<JournalCorruptException>(() => Open(folder));
        Assert.Contains("entry 3", error.Message, StringComparison.Ordinal);
        Assert.Contains("checkpoint", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_BlobMissingOrChanged_NamesTheEntry()
    {
        var folder = _runs.Folder();
        var small = Blob.Of([1, 2, 3]);
        var large = Blob.Of(new byte[BlobRef.InlineLimit + 1]);
        using (var journal = Create(folder))
        {
            foreach (var blob in (Blob[])[small, large])
            {
                var info = System.Text.Encoding.UTF8.GetBytes($$"""{"blobs":["{{blob.Reference.Sha256}}"]}""");
                await journal.AppendAsync(
                    new AppendUnit([new Draft(1, EntryKind.StepCompleted, "k" + blob.Reference.Length, Info: info)], [blob]));
            }

            Assert.Equal(large.Content, journal.Reader.Blob(large.Reference));
        }

        var audit = JournalVerifier.Verify(folder, _runs.Signer(folder));
        Assert.Equal((3, 2), (audit.Entries, audit.Blobs));
        var file = Directory.EnumerateFiles(folder.Blobs, "*", SearchOption.AllDirectories).Single();
        File.WriteAllBytes(file, new byte[5]);
        Assert.Equal(3, Assert.Throws<JournalCorruptException>(() => JournalVerifier.Verify(folder, _runs.Signer(folder))).Sequence);
        File.Delete(file);
        Assert.Equal(3, Assert.Throws<JournalCorruptException>(() => JournalVerifier.Verify(folder, _runs.Signer(folder))).Sequence);
    }

    [Fact]
    public void Open_OtherVersionNoJournalOrNoRun_OneClearLineEach()
    {
        var folder = _runs.Folder();
        Create(folder).Dispose();
        using (var database = Database.OpenOrCreate(folder.Journal))
        {
            database.Execute("PRAGMA user_version = 99");
        }

        Assert.Contains("journal version 99", Assert.Throws<JournalVersionException>(() => Open(folder)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "holds no run", Assert.Throws<JournalMissingException>(() => Open(_runs.Folder("none"))).Message, StringComparison.Ordinal);
        var garbage = _runs.Folder("garbage");
        Directory.CreateDirectory(garbage.Path);
        File.WriteAllText(garbage.Journal, new string('x', 8192));
        Assert.Throws<JournalCorruptException>(() => Open(garbage));
    }

    [Fact]
    public async Task Open_CheckpointSignedByAnotherKey_IsRefused()
    {
        var folder = _runs.Folder();
        using (var journal = Create(folder))
        {
            await journal.AppendAsync(Unit("a"));
        }

        File.Delete(folder.Key);
        Assert.Contains(
            "isn't signed by the run's key", Assert.Throws<JournalCorruptException>(() => Open(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_LastCheckpointWasCutShort_CountsForNothing()
    {
        var folder = _runs.Folder();
        using (var journal = Create(folder))
        {
            await journal.AppendAsync(Unit("a"));
        }

        File.AppendAllText(folder.Checkpoints, "{\"run\":\"cut short}");
        Open(folder).Dispose();
    }

    [Fact]
    public async Task Checkpoint_SecondFileCantBeWritten_StopsWithoutALie()
    {
        var folder = _runs.Folder();
        using (var journal = Create(folder))
        {
            await journal.AppendAsync(new AppendUnit([new Draft(1, EntryKind.Noted, "a")]));
            File.CreateSymbolicLink(folder.Checkpoints, "/dev/full");
            journal.Checkpoint();
            var stopped = await Assert.ThrowsAsync<JournalStoppedException>(
                () => journal.AppendAsync(new AppendUnit([new Draft(1, EntryKind.Noted, "b")])));
            Assert.Contains("checkpoints.jsonl can't be written", stopped.Message, StringComparison.Ordinal);
        }

        File.Delete(folder.Checkpoints);
        using var again = Open(folder);
        Assert.Single(again.Reader.After(0, EntryKind.Noted));
    }

    [Fact]
    public async Task AppendAsync_DiskFull_StopsWithoutALieAndResumesWhenThereIsRoom()
    {
        var folder = _runs.Folder();
        var acknowledged = 0;
        using (var journal = Create(folder))
        {
            // As full as a disk gets: SQLite may not add a page.
            using (var limit = Database.OpenExisting(folder.Journal))
            {
                journal.LimitPagesForTests(limit.QueryLong("PRAGMA page_count") + 8);
            }

            var error = await Assert.ThrowsAsync<JournalStoppedException>(async () =>
            {
                for (; ; acknowledged++)
                {
                    await journal.AppendAsync(new AppendUnit([new Draft(1, EntryKind.Noted, $"k{acknowledged}", Data: new byte[2000])]));
                }
            });
            Assert.Contains("is full; free some space", error.Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<JournalStoppedException>(() => journal.AppendAsync(Unit("again")));
        }

        using var resumed = Open(folder);
        Assert.Equal(acknowledged, resumed.Reader.After(0, EntryKind.Noted).Count);
        await resumed.AppendAsync(Unit("room"));
    }
}
