namespace Godwit.Settings;

/// <summary>A value in a settings file.</summary>
/// <param name="Text">What a reader of the file gets: text without its quotes, or the literal as it stands, such as <c>1.10</c>,
/// <c>true</c> or <c>null</c>.</param>
/// <param name="IsText">Whether it is text where the format tells text from other values.</param>
public readonly record struct SettingsValue(string Text, bool IsText);

/// <summary>A part of a settings file and where it stands: <c>text[Start..End]</c>.</summary>
internal abstract class SettingsNode(int start, int end)
{
    public int Start { get; } = start;

    public int End { get; } = end;

    /// <summary>A value.</summary>
    internal sealed class Scalar(int start, int end, SettingsValue value, char quote, bool canBeReplaced = true) : SettingsNode(start, end)
    {
        public SettingsValue Value { get; } = value;

        /// <summary>The quotes around it; 0 for none.</summary>
        public char Quote { get; } = quote;

        /// <summary>Whether it is written in a form that can be replaced: a YAML anchor or a block of lines can't.</summary>
        public bool CanBeReplaced { get; } = canBeReplaced;
    }

    /// <summary>Names with their values.</summary>
    internal sealed class Map(int start, int end, IReadOnlyList<Entry> entries) : SettingsNode(start, end)
    {
        public IReadOnlyList<Entry> Entries { get; } = entries;
    }

    /// <summary>Values by number.</summary>
    internal sealed class Sequence(int start, int end, IReadOnlyList<SettingsNode> items) : SettingsNode(start, end)
    {
        public IReadOnlyList<SettingsNode> Items { get; } = items;
    }

    /// <summary>A name with its value; <c>text[Start..End]</c> is all of it.</summary>
    internal sealed record Entry(string Name, int Start, int End, SettingsNode Value);
}
