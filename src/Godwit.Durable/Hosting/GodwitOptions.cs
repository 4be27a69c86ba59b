namespace Godwit.Durable.Hosting;

/// <summary>Where an application's runs are kept, and how they are hosted.</summary>
public sealed class GodwitOptions
{
    /// <summary>The folder that holds a folder for each run; null until <see cref="UseSqlite"/> names one.</summary>
    public string? Folder { get; private set; }

    /// <summary>How each run is hosted. Its clock is the application's <see cref="TimeProvider"/>, where one is registered.</summary>
    public DurableOptions Durable { get; set; } = new();

    /// <summary>Keeps each run in a folder of its own, with its journal in a SQLite database.</summary>
    /// <param name="folder">Holds the runs' folders; made when it doesn't exist. One process owns a run at a time, so no two
    /// applications share it.</param>
    public GodwitOptions UseSqlite(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        Folder = Path.GetFullPath(folder);
        return this;
    }
}
