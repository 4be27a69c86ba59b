namespace Godwit.Durable;

/// <summary>What a step does to the world, and so what a crash in the middle of it means.</summary>
public abstract record Effect
{
    private Effect()
    {
    }

    /// <summary>Nothing outside: a crash runs the step again.</summary>
    public static Effect Repeatable { get; } = new RepeatableCase();

    /// <summary>A call that costs: at least once. A crash books the open call at its worst case and asks again.</summary>
    /// <param name="worstCase">The most that one attempt can cost.</param>
    /// <param name="budget">Holds the worst case back until the result is durable; a step with a budget is attempted once. Null for
    /// none.</param>
    public static Effect Paid(Charge worstCase, IBudget? budget = null) => new PaidCase(worstCase, budget);

    /// <summary>Changes files of one workspace: a crash resets them to the last journaled tree and runs the step again.</summary>
    /// <param name="workspace">The workspace; one step at a time may change it.</param>
    public static Effect Workspace(IWorkspace workspace) => new WorkspaceCase(workspace);

    /// <summary>
    /// Changes the world: once, if the target deduplicates by the idempotency key or a probe answers for it; otherwise at
    /// most once, and a crash in between parks the step for a person.
    /// </summary>
    /// <param name="probe">Asks the target whether an attempt took effect; null where nothing can be asked.</param>
    /// <param name="targetDeduplicates">The target does nothing on a second call with the same idempotency key.</param>
    public static Effect External(Probe? probe = null, bool targetDeduplicates = false) => new ExternalCase(probe, targetDeduplicates);

    internal sealed record RepeatableCase : Effect;

    internal sealed record PaidCase(Charge WorstCase, IBudget? Budget) : Effect;

    internal sealed record WorkspaceCase(IWorkspace Target) : Effect;

    internal sealed record ExternalCase(Probe? Probe, bool TargetDeduplicates) : Effect;
}

/// <summary>A cost.</summary>
/// <param name="Dollars">In US dollars.</param>
/// <param name="Tokens">In model tokens, in and out.</param>
public sealed record Charge(decimal Dollars, long Tokens = 0)
{
    /// <summary>No cost.</summary>
    public static Charge None { get; } = new(0);

    /// <summary>The sum of two costs.</summary>
    public static Charge operator +(Charge left, Charge right) => left.Add(right);

    /// <summary>The larger of two costs, in dollars and in tokens by themselves.</summary>
    public static Charge Most(Charge left, Charge right) => new(Math.Max(left.Dollars, right.Dollars), Math.Max(left.Tokens, right.Tokens));

    /// <summary>The sum of two costs.</summary>
    public Charge Add(Charge other) => new(Dollars + other.Dollars, Tokens + other.Tokens);
}

/// <summary>Asks the target of an external step whether the attempt with an idempotency key took effect.</summary>
/// <param name="AskAsync">The question.</param>
/// <param name="Settle">How long after the end of an attempt's owner the answer may still change.</param>
public sealed record Probe(Func<string, CancellationToken, Task<ProbeAnswer>> AskAsync, TimeSpan Settle = default);

/// <summary>What a probe found.</summary>
public abstract record ProbeAnswer
{
    private ProbeAnswer()
    {
    }

    /// <summary>The effect is there; the value is the step's result.</summary>
    public sealed record Happened(object? Value) : ProbeAnswer;

    /// <summary>The effect isn't there and won't appear any more.</summary>
    public sealed record Absent : ProbeAnswer;

    /// <summary>The target can't tell; the step parks.</summary>
    public sealed record Unknown(string Reason) : ProbeAnswer;
}

/// <summary>Files that steps change, and that a resume takes back to the last journaled tree.</summary>
public interface IWorkspace
{
    /// <summary>Its name, unique in a run.</summary>
    string Id { get; }

    /// <summary>The tree before the first step.</summary>
    string BaseTree { get; }

    /// <summary>Makes the files those of a tree.</summary>
    Task ResetAsync(string tree, CancellationToken cancellation);

    /// <summary>Keeps the files as they are and names their tree; its content is durable when this returns.</summary>
    Task<string> SnapshotAsync(CancellationToken cancellation);
}
