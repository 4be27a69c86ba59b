using System.Text.Json.Serialization;

namespace Godwit.Playbooks.Build;

/// <summary>A small change of one line that a test of what the line does would notice.</summary>
/// <param name="File">The file, from the top of the repository.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Before">The line as it is.</param>
/// <param name="After">The line as the mutant has it.</param>
public sealed record Mutant(string File, int Line, string Before, string After);

/// <summary>What checks made of a mutant.</summary>
public enum MutantFate
{
    /// <summary>A check refused it.</summary>
    Killed,

    /// <summary>Every check passed.</summary>
    Survived,

    /// <summary>It doesn't build, and says nothing of the checks.</summary>
    NotBuilt,
}

/// <summary>A mutant and what became of it.</summary>
/// <param name="Mutant">The mutant.</param>
/// <param name="Fate">What became of it.</param>
public sealed record TriedMutant(Mutant Mutant, MutantFate Fate);

/// <summary>Asks whether any check notices when the lines are changed that a task has written.</summary>
/// <param name="Tip">The tip that the work started from.</param>
/// <param name="Commit">The work.</param>
/// <param name="Gate">The checks that passed on it.</param>
public sealed record MutantRequest(string Tip, string Commit, GateRequest Gate);

/// <summary>What checks made of mutants of changed lines.</summary>
/// <param name="Tried">Those that were tried, in order; the first that a check refuses is the last.</param>
public sealed record MutantResult(IReadOnlyList<TriedMutant> Tried)
{
    /// <summary>The most mutants that are tried.</summary>
    public const int Most = 6;

    private const int Enough = 3;

    /// <summary>Mutants that every check let pass.</summary>
    [JsonIgnore]
    public IEnumerable<Mutant> Survivors => Tried.Where(one => one.Fate == MutantFate.Survived).Select(one => one.Mutant);

    /// <summary>What was seen, in words; empty where nothing was tried that builds.</summary>
    [JsonIgnore]
    public string Words => Tried switch
    {
        [.., { Fate: MutantFate.Killed, Mutant: var killed }] => $"a change of {killed.File}:{killed.Line} is noticed",
        _ when Survivors.Any() => $"no check notices a change ({Survivors.Count()} tried)",
        _ => "",
    };

    /// <summary>Whether nothing holds the changed lines: at least three mutants built, and no check refused one.</summary>
    [JsonIgnore]
    public bool ShowsNoTest => Tried.All(one => one.Fate != MutantFate.Killed) && Survivors.Count() >= Enough;
}
