using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>A step that has to run: what was asked, and how to get from its body to bytes.</summary>
internal sealed record StepWork(
    string Key, byte[] Input, Effect Effect, StepOptions Options, string? Tree,
    Func<Attempt, CancellationToken, Task<byte[]>> RunAsync, Func<object?, byte[]> Serialize);

/// <summary>How a step's run ended: facts to journal, or nothing because it was interrupted.</summary>
/// <param name="Drafts">The facts; the step's own end is the last.</param>
/// <param name="Info">What the last of them says beside its payload.</param>
/// <param name="Blobs">Contents that they refer to.</param>
/// <param name="Appended">Runs when they are durable.</param>
internal sealed record StepEnd(IReadOnlyList<Draft> Drafts, EntryInfo Info, IReadOnlyList<Blob> Blobs, Action? Appended = null)
{
    public static StepEnd Interrupted { get; } = new([], EntryInfo.Empty, []);

    /// <summary>Interrupted while no call was out: it is known to have cost nothing.</summary>
    public static StepEnd Unbilled { get; } = new([], EntryInfo.Empty, []) { CostNothing = true };

    private bool CostNothing { get; init; }
}
