using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>A step that has to run: what was asked, and how to get from its body to bytes.</summary>
internal sealed record StepWork(
    string Key, byte[] Input, Effect Effect, StepOptions Options, string? Tree,
    Func<Attempt, CancellationToken, Task<byte[]>> RunAsync, Func<object?, byte[]> Serialize);

/// <summary>How a step's run ended.</summary>
internal abstract record StepEnd
{
    private StepEnd()
    {
    }

    /// <summary>With facts to journal.</summary>
    /// <param name="Drafts">The facts; the step's own end is the last.</param>
    /// <param name="Info">What the last of them says of the step beside its payload.</param>
    /// <param name="Blobs">Contents that they refer to.</param>
    /// <param name="Appended">Runs when they are durable.</param>
    internal sealed record Stated(
        IReadOnlyList<Draft> Drafts, EntryInfo.Step Info, IReadOnlyList<Blob> Blobs, Action? Appended = null) : StepEnd;

    /// <summary>Broken off: nothing is known of it that could be journaled as its end.</summary>
    /// <param name="Unbilled">No call was out, so it is known to have cost nothing.</param>
    internal sealed record Interrupted(bool Unbilled = false) : StepEnd;
}
