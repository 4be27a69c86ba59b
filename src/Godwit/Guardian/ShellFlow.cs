namespace Godwit.Guardian;

/// <summary>Where a text came from.</summary>
[Flags]
internal enum FlowOrigin
{
    /// <summary>The line itself, or programs that make it of what the line has.</summary>
    None = 0,

    /// <summary>A decoder, an archive with a password, a decryption.</summary>
    Decoded = 1,

    /// <summary>The network.</summary>
    Network = 2,

    /// <summary>Names of files, one a line.</summary>
    Paths = 4,

    /// <summary>A file of the tree.</summary>
    Tree = 8,
}

/// <summary>What goes through a pipe, a file or a variable.</summary>
/// <param name="Texts">What it may be; <see cref="PathPlaces.Gap"/> stands for what can't be told.</param>
/// <param name="Origin">Where it came from.</param>
internal sealed record ShellFlow(IReadOnlyList<string> Texts, FlowOrigin Origin = FlowOrigin.None)
{
    private const int MostTexts = 16;
    private static readonly string Gap = PathPlaces.Gap.ToString();

    /// <summary>Nothing.</summary>
    public static ShellFlow Empty { get; } = new([""]);

    /// <summary>Nothing can be told of it.</summary>
    public static ShellFlow Unknown { get; } = new([Gap]);

    /// <summary>Whether it was decoded or downloaded: nobody has read it.</summary>
    public bool IsUnseen => (Origin & (FlowOrigin.Decoded | FlowOrigin.Network)) != 0;

    /// <summary>Something unknown that is made of this.</summary>
    public ShellFlow Changed => new([Gap], Origin & ~(FlowOrigin.Paths | FlowOrigin.Tree));

    /// <summary>The two behind each other.</summary>
    public ShellFlow Then(ShellFlow next) => new(
        Capped(Texts.SelectMany(text => next.Texts.Select(more => text + more))),
        Origin | next.Origin);

    /// <summary>One of the two.</summary>
    public ShellFlow Or(ShellFlow other) => new(Capped(Texts.Concat(other.Texts)), Origin | other.Origin);

    /// <summary>No more of them than can be followed; past that nothing can be told.</summary>
    public static IReadOnlyList<string> Capped(IEnumerable<string> texts)
    {
        var all = texts.Distinct(StringComparer.Ordinal).Take(MostTexts + 1).ToList();
        return all.Count > MostTexts || all.Exists(text => text.Length > ShellParser.LongestLine) ? [Gap] : all;
    }
}
