namespace Godwit.Playbooks;

/// <summary>How a line wants to be seen.</summary>
public enum Tone
{
    /// <summary>As any other.</summary>
    Plain,

    /// <summary>As something to look at.</summary>
    Strong,

    /// <summary>As a success.</summary>
    Good,

    /// <summary>As a refusal or a failure.</summary>
    Bad,

    /// <summary>As something in the background.</summary>
    Dim,
}

/// <summary>A line of what a person is told: a word at its beginning, and the rest.</summary>
/// <param name="Label">The word; what is shorter than eight letters is padded to that.</param>
/// <param name="Text">The rest.</param>
/// <param name="Tone">How the word is seen.</param>
public sealed record RunLine(string Label, string Text, Tone Tone = Tone.Plain)
{
    /// <summary>The line without any colour.</summary>
    public override string ToString() => $"{Label,-8} {Text}";
}
