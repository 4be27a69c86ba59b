namespace Godwit.Cli.Attacks;

/// <summary>How an attack ended.</summary>
public enum AttackVerdict
{
    /// <summary>It didn't get what it was after.</summary>
    Stopped,

    /// <summary>It did.</summary>
    Through,

    /// <summary>It did, by what this machine is known not to hold; the doctor names that before any run.</summary>
    NotHeld,
}

/// <summary>What an attack came to.</summary>
/// <param name="Verdict">How it ended.</param>
/// <param name="By">What stopped it, in the words of whatever did; or what it got.</param>
public sealed record AttackOutcome(AttackVerdict Verdict, string By)
{
    internal static AttackOutcome Stopped(string by) => new(AttackVerdict.Stopped, by);

    internal static AttackOutcome Through(string what) => new(AttackVerdict.Through, what);
}

/// <summary>An attempt to break a promise.</summary>
/// <param name="Name">Its name, its area first.</param>
/// <param name="Promise">What it tries to break.</param>
/// <param name="RunAsync">Carries it out.</param>
internal sealed record Attack(string Name, string Promise, Func<AttackGround, CancellationToken, Task<AttackOutcome>> RunAsync)
{
    /// <summary>What must hold it: a limit that not every machine has; null where the sandbox alone does.</summary>
    public string? Needs { get; init; }

    /// <summary>Whether it gets through where nothing keeps commands apart, harmlessly: that it can is what its failure rests on.</summary>
    public bool WorksBare { get; init; }
}
