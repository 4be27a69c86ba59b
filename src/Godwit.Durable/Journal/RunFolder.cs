namespace Godwit.Durable.Journal;

/// <summary>Where the parts of a run stand. A folder can be copied, archived, audited or deleted by itself.</summary>
/// <param name="Path">The folder's absolute path; its name is the run's id.</param>
public sealed record RunFolder(string Path)
{
    /// <summary>The run's id.</summary>
    public string Id => System.IO.Path.GetFileName(Path);

    /// <summary>The journal, a SQLite database.</summary>
    public string Journal => In("journal.db");

    /// <summary>Signed heads of the chain, a JSON line each, beside the copy in the journal.</summary>
    public string Checkpoints => In("checkpoints.jsonl");

    /// <summary>How far the journal has been verified; a cache, on which nothing depends.</summary>
    internal string Verified => In("verified.json");

    /// <summary>Held while the run has an owner.</summary>
    public string Lock => In("lock");

    /// <summary>The owner listens here.</summary>
    public string Socket => In("control");

    /// <summary>Blobs that are too large for the journal.</summary>
    public string Blobs => In("blobs");

    /// <summary>The run's private key, mode 0600.</summary>
    public string Key => In("run.key");

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
