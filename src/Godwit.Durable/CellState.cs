namespace Godwit.Durable;

/// <summary>How far a process is from needing its host.</summary>
internal enum CellState
{
    /// <summary>Something runs for it.</summary>
    Active,

    /// <summary>It waits for a signal, a timer or a child.</summary>
    Waiting,

    /// <summary>It waits for a person.</summary>
    Parked,

    /// <summary>It has ended.</summary>
    Ended,
}
