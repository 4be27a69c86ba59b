using System.Text.Json;

namespace Godwit.Guardian;

/// <summary>What a shell knows at a place of a line.</summary>
internal sealed class ShellState
{
    private static readonly string Gap = PathPlaces.Gap.ToString();

    private static readonly Dictionary<string, string> Usual = new(StringComparer.Ordinal)
    {
        ["HOME"] = "~", ["PWD"] = PathPlaces.Tree, ["TMPDIR"] = "/tmp", ["IFS"] = " ", ["SHELL"] = "/bin/bash",
            ["HISTFILE"] = "~/.bash_history",
        ["0"] = "sh", ["!"] = "own", ["$"] = "own", ["#"] = "0", ["?"] = "0", ["GODWIT_HOME"] = "/godwit",
    };

    /// <summary>Variables and what they may hold.</summary>
    public Dictionary<string, IReadOnlyList<string>> Variables { get; private init; } = new(StringComparer.Ordinal);

    /// <summary>Functions, with the script that they stand in.</summary>
    public Dictionary<string, (JsonElement Body, ShellScript Script)> Functions { get; private init; } = new(StringComparer.Ordinal);

    /// <summary>Aliases.</summary>
    public Dictionary<string, string> Aliases { get; private init; } = new(StringComparer.Ordinal);

    /// <summary>
    /// What the line itself has written, by path; a path with a slash at its end is a folder that something was unpacked into.
    /// </summary>
    public Dictionary<string, ShellFlow> Files { get; private init; } = new(StringComparer.Ordinal);

    /// <summary>Symbolic links that the line itself has made, and where they lead.</summary>
    public Dictionary<string, string> Links { get; private init; } = new(StringComparer.Ordinal);

    /// <summary>Where relative paths start.</summary>
    public string Folder { get; set; } = PathPlaces.Tree;

    /// <summary><c>$1</c> and on.</summary>
    public IReadOnlyList<string> Arguments { get; set; } = [];

    /// <summary>More than 0 in what may not be carried out.</summary>
    public int Conditional { get; set; }

    /// <summary>The state of a subshell: what it changes is its own, but for files.</summary>
    public ShellState Copy(bool keepsFolder = false) => new()
    {
        Variables = new(Variables, StringComparer.Ordinal), Functions = new(Functions, StringComparer.Ordinal), Files = Files,
            Links = Links, Aliases = Aliases, Folder = Folder,
        Arguments = Arguments, Conditional = keepsFolder ? Conditional : 0,
    };

    /// <summary>The state of a function's or a script's body.</summary>
    public ShellState With(IReadOnlyList<string> arguments) => new()
    {
        Variables = Variables, Functions = Functions, Files = Files, Links = Links, Aliases = Aliases, Folder = Folder,
            Arguments = arguments, Conditional = Conditional,
    };

    /// <summary>Assigns; in what may not be carried out the old values stay possible.</summary>
    public void Assign(string name, IReadOnlyList<string> values) =>
        Variables[name] = Conditional > 0 && Variables.TryGetValue(name, out var before) ? ShellFlow.Capped(before.Concat(values)) : values;

    /// <summary>What a variable may hold.</summary>
    public IReadOnlyList<string> Value(string name)
    {
        if (Variables.TryGetValue(name, out var values))
        {
            return values.Count > 0 ? values : [Gap];
        }

        if (name is "@" or "*")
        {
            return [string.Join(' ', Arguments)];
        }

        if (int.TryParse(name, out var number) && number > 0)
        {
            return [number <= Arguments.Count ? Arguments[number - 1] : Gap];
        }

        return [Usual.GetValueOrDefault(name, Gap)];
    }

    /// <summary>What a file holds, as far as the line has written it.</summary>
    public ShellFlow Held(string path) => Files.TryGetValue(path, out var flow) ? flow
        : Files.FirstOrDefault(pair => pair.Key.EndsWith('/') && path.StartsWith(pair.Key, StringComparison.Ordinal)).Value
        ?? new ShellFlow([Gap], PathPlaces.Of(path, EffectKind.Reads) == PathPlace.Tree ? FlowOrigin.Tree : FlowOrigin.None);
}
