namespace Godwit.Durable.Journal;

/// <summary>Walks a journal from its first entry and checks that each is what was written.</summary>
internal static class JournalScan
{
    /// <summary>Verifies sequence, generation and hash of every entry, and that the chain passes through the checkpoint.</summary>
    /// <exception cref="JournalCorruptException">Names the first bad entry.</exception>
    public static ChainHead Verify(JournalReader reader, Checkpoint? checkpoint, EntryVisitor? visit) =>
        Verify(reader, checkpoint, visit, new ChainHead(0, ChainHash.Genesis(reader.Run)));

    /// <summary>As above, from an entry on that is known to be what was written.</summary>
    public static ChainHead Verify(JournalReader reader, Checkpoint? checkpoint, EntryVisitor? visit, ChainHead from)
    {
        var chain = new ChainHash();
        chain.Restart(from.Hash);
        var last = from.Sequence;
        var generation = 0;
        try
        {
            reader.Scan(from.Sequence, row =>
            {
                if (row.Sequence != last + 1)
                {
                    throw Bad(last + 1, "is missing");
                }

                if (row.Generation < generation)
                {
                    throw Bad(row.Sequence, "was written by an owner that had been replaced");
                }

                var hash = chain.Advance(
                    row.Sequence, row.Generation, row.AtMilliseconds, row.Process, row.Kind, row.KeyUtf8, row.Input, row.Info, row.Data);
                if (!hash.SequenceEqual(row.Hash))
                {
                    throw Bad(row.Sequence, "isn't what was written (its hash differs)");
                }

                if (row.Sequence == checkpoint?.Sequence && Convert.ToHexStringLower(hash) != checkpoint.Hash)
                {
                    throw Bad(row.Sequence, "isn't what the signed checkpoint says");
                }

                last = row.Sequence;
                generation = row.Generation;
                visit?.Invoke(row);
            });
        }
        catch (DatabaseException error)
        {
            throw Bad(last + 1, $"can't be read ({error.Message})");
        }

        if (checkpoint is not null && checkpoint.Sequence > last)
        {
            throw Bad(last + 1, $"is missing: a signed checkpoint says that the journal reached entry {checkpoint.Sequence}");
        }

        return new ChainHead(last, chain.Head.ToArray());

        JournalCorruptException Bad(long sequence, string what) =>
            new($"entry {sequence} of run {reader.Run} {what}; restore the run's folder from a copy", sequence);
    }
}
