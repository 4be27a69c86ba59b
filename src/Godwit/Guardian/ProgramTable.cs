using System.Text.RegularExpressions;

namespace Godwit.Guardian;

/// <summary>What a program does with a word.</summary>
internal enum WordUse
{
    /// <summary>A path where it looks like one; else text.</summary>
    Any,

    /// <summary>Text, whatever it looks like.</summary>
    Text,

    /// <summary>A path that it shows.</summary>
    Lists,

    /// <summary>A file that it reads.</summary>
    Reads,

    /// <summary>A file that it writes.</summary>
    Writes,

    /// <summary>A file that it deletes.</summary>
    Deletes,

    /// <summary>A folder that it deletes with all that is in it.</summary>
    DeletesTree,

    /// <summary>A file that it runs.</summary>
    Runs,

    /// <summary>A file that becomes part of a program.</summary>
    Builds,

    /// <summary>A host or an address that it reaches.</summary>
    Hosts,

    /// <summary>Code of its language.</summary>
    Code,

    /// <summary>A line of shell.</summary>
    Shell,
}

/// <summary>What is written down of programs: their effects, and what their words mean.</summary>
internal sealed class ProgramFacts
{
    /// <summary>Names; a version behind one is passed over: <c>python3.12</c> is <c>python3</c>.</summary>
    public List<string> Names { get; set; } = [];

    /// <summary>What it does whenever it runs.</summary>
    public List<EffectKind> Does { get; set; } = [];

    /// <summary>What its words are that aren't options.</summary>
    public WordUse Operands { get; set; }

    /// <summary>What the first of them is; null for as the others.</summary>
    public WordUse? First { get; set; }

    /// <summary>What the last of two or more is; null for as the others.</summary>
    public WordUse? Last { get; set; }

    /// <summary>Whether reaching this sandbox itself is nothing to it: servers that are being built are tried so.</summary>
    public bool Loopback { get; set; }

    /// <summary>Options that take the next word, which is text.</summary>
    public string Valued { get; set; } = "";

    /// <summary>Options that take a word, and what it is.</summary>
    public Dictionary<string, WordUse> Options { get; set; } = [];

    /// <summary>Options that make operands something else.</summary>
    public Dictionary<string, WordUse> When { get; set; } = [];

    /// <summary>Options that do something by themselves.</summary>
    public Dictionary<string, List<EffectKind>> Flags { get; set; } = [];

    /// <summary>First operands that do something: <c>push</c>.</summary>
    public Dictionary<string, List<EffectKind>> Verbs { get; set; } = [];

    /// <summary>Options with which it goes through whole folders.</summary>
    public string Recursive { get; set; } = "";

    /// <summary>It runs a command behind so many operands of its own; null for none.</summary>
    public int? Wraps { get; set; }

    /// <summary>Options with which its output is decoded text; <c>*</c> for always.</summary>
    public string Decodes { get; set; } = "";

    /// <summary>Its output is lines of its input.</summary>
    public bool Filters { get; set; }

    internal HashSet<string> ValuedOptions { get; private set; } = [];

    internal HashSet<string> RecursiveOptions { get; private set; } = [];

    internal HashSet<string> DecodingOptions { get; private set; } = [];

    internal void Freeze()
    {
        ValuedOptions = Words(Valued);
        RecursiveOptions = Words(Recursive);
        DecodingOptions = Words(Decodes);

        static HashSet<string> Words(string text) => new(text.Split(' ', StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal);
    }
}

/// <summary>All programs of which something is written down.</summary>
internal sealed partial class ProgramTable
{
    private readonly Dictionary<string, ProgramFacts> _programs = new(StringComparer.Ordinal);

    public ProgramTable(IEnumerable<ProgramFacts> programs)
    {
        foreach (var program in programs)
        {
            program.Freeze();
            foreach (var name in program.Names)
            {
                // What stands later, as in a user's file, holds.
                _programs[name] = program;
            }
        }
    }

    /// <summary>What is written down of a program; null for nothing.</summary>
    public ProgramFacts? Find(string name, out string known)
    {
        known = name;
        if (_programs.TryGetValue(name, out var exact))
        {
            return exact;
        }

        known = Version().Replace(name, "");
        return known.Length > 0 ? _programs.GetValueOrDefault(known) : null;
    }

    [GeneratedRegex(@"[-.]?\d+(?:\.\d+)*$")]
    private static partial Regex Version();
}
