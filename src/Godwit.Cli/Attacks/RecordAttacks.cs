using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Identity;
using Godwit.Verification;

namespace Godwit.Cli.Attacks;

/// <summary>What somebody tries who can write a run's folder: to make a journal or evidence say something else.</summary>
internal static class RecordAttacks
{
    private const string Journal = "what a journal says is what was written, or it is noticed";
    private const string Evidence = "evidence is what the verifier has signed, or it is refused";

    /// <summary>All of them.</summary>
    public static IEnumerable<Attack> All =>
    [
        Tampers("journal/entry-changed", "UPDATE entries SET data = replace(data, 'two', 'six') WHERE key = 'note/2'"),
        Tampers("journal/entry-removed", "DELETE FROM entries WHERE key = 'note/2'"),
        Tampers("journal/entries-swapped", "UPDATE entries SET key = CASE key WHEN 'note/1' THEN 'note/2' ELSE 'note/1' END WHERE key IN ('note/1', 'note/2')"),
        Tampers("journal/time-changed", "UPDATE entries SET at = at + 1 WHERE key = 'note/2'"),
        Tampers("journal/owner-changed", "UPDATE entries SET process = 7 WHERE key = 'note/2'"),
        Tampers("journal/end-cut-off", "DELETE FROM entries WHERE seq > (SELECT max(seq) - 2 FROM entries)"),
        new Attack("journal/another-runs", Journal, async (ground, cancellation) =>
        {
            var (one, _) = await RunAsync(ground);
            var (two, signer) = await RunAsync(ground);
            using var key = signer;
            File.Copy(one.Journal, two.Journal, overwrite: true);
            return Judge(() => JournalVerifier.Verify(two, key));
        }),
        new Attack("journal/forged-whole", Journal, async (ground, cancellation) =>
        {
            // Whoever has another key can write a chain that holds; the run's own key hasn't signed it.
            var (folder, signer) = await RunAsync(ground);
            using var key = signer;
            var (forged, other) = await RunAsync(ground);
            other.Dispose();
            File.Copy(forged.Journal, folder.Journal, overwrite: true);
            File.Copy(forged.Checkpoints, folder.Checkpoints, overwrite: true);
            return Judge(() => JournalVerifier.Verify(folder, key));
        }),
        new Attack("evidence/byte-changed", Evidence, (_, _) =>
        {
            using var key = SigningKey.Generate();
            var file = Dsse.Sign(new AttackStatement("2 times faster", key.Public.Base64), key);
            for (var at = 0; at < file.Length; at++)
            {
                var changed = (byte[])file.Clone();
                changed[at] ^= 0x01;
                if (Opens(changed, key.Public))
                {
                    return Task.FromResult(AttackOutcome.Through($"byte {at} was changed, and it was taken"));
                }
            }

            return Task.FromResult(AttackOutcome.Stopped($"each of {file.Length} changes was refused"));
        }),
        new Attack("evidence/strangers-key", Evidence, (_, _) =>
        {
            using var own = SigningKey.Generate();
            using var stranger = SigningKey.Generate();
            var file = Dsse.Sign(new AttackStatement("2 times faster", stranger.Public.Base64), stranger);
            return Task.FromResult(Opens(file, own.Public) ? AttackOutcome.Through("it was taken") : AttackOutcome.Stopped("nobody here trusts the key"));
        }),
        new Attack("evidence/anothers-name", Evidence, (_, _) =>
        {
            using var own = SigningKey.Generate();
            using var stranger = SigningKey.Generate();
            var file = Dsse.Sign(new AttackStatement("2 times faster", own.Public.Base64), stranger);
            return Task.FromResult(Opens(file, own.Public)
                ? AttackOutcome.Through("it was taken") : AttackOutcome.Stopped("its signature isn't of the key it names"));
        }),
    ];

    private static Attack Tampers(string name, string sql) => new(name, Journal, async (ground, cancellation) =>
    {
        var (folder, signer) = await RunAsync(ground);
        using var key = signer;
        using (var database = Database.OpenExisting(folder.Journal))
        {
            database.Execute(sql);
        }

        return Judge(() => JournalVerifier.Verify(folder, key));
    });

    private static AttackOutcome Judge(Action verify)
    {
        try
        {
            verify();
            return AttackOutcome.Through("it verifies");
        }
        catch (JournalException noticed)
        {
            return AttackOutcome.Stopped(noticed.Message.Split(';')[0]);
        }
    }

    private static bool Opens(byte[] file, PublicKey trusted)
    {
        try
        {
            Dsse.Open<AttackStatement>(file, _ => true, read => read.Key, key => key.KeyId == trusted.KeyId ? "verifier" : null);
            return true;
        }
        catch (EvidenceException)
        {
            return false;
        }
    }

    /// <summary>A run that has ended, with its key.</summary>
    private static async Task<(RunFolder Folder, RunSigner Signer)> RunAsync(AttackGround ground)
    {
        var folder = new RunFolder(ground.NewFolder());
        var signer = RunSigner.Of(folder);
        var playbook = new Notes();
        await using var run = await DurableRun.CreateAsync(folder, signer, new PlaybookCatalogue(playbook), playbook, 3, 1);
        await run.RunAsync();
        return (folder, signer);
    }

    private sealed record AttackStatement(string Claim, string Key);

    private sealed record Notes() : Playbook<int, int>("notes")
    {
        public override async Task<int> RunAsync(IDurableContext context, int count)
        {
            for (var number = 1; number <= count; number++)
            {
                await context.NoteAsync($"note/{number}", number == 2 ? "two" : "another");
            }

            return count;
        }
    }
}
