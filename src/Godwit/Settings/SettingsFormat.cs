namespace Godwit.Settings;

/// <summary>A form of settings files: where values stand in a text, and how a value is written.</summary>
internal abstract class SettingsFormat
{
    /// <summary>The names of all forms, for messages.</summary>
    public const string Known =
        "JSON, with comments or without (.json, .jsonc), TOML (.toml), YAML (.yaml, .yml), INI (.ini, .cfg, .cnf), dotenv " +
        "(.env), .properties, .args, and lines of 'name value' or 'name = value' (.conf, .txt or any other ending)";

    /// <summary>The form of a file.</summary>
    /// <param name="path">Its name says which.</param>
    /// <param name="text">Its text, which tells an INI file among those that end in .conf.</param>
    public static SettingsFormat Of(string path, string text) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".json" or ".jsonc" => new JsonFormat(),
        ".toml" => new TomlFormat(),
        ".yaml" or ".yml" => new YamlFormat(),
        ".ini" or ".cfg" or ".cnf" => new IniFormat(),
        ".properties" => new PropertiesFormat(),
        ".env" => new DotenvFormat(),
        ".args" => new ArgumentsFormat(),
        _ when Path.GetFileName(path).StartsWith(".env", StringComparison.Ordinal) => new DotenvFormat(),
        _ when IniFormat.HasSections(text) => new IniFormat(),
        _ => new TextFormat(),
    };

    /// <summary>The text as a tree.</summary>
    /// <exception cref="FormatException">It isn't of this form; the message says where.</exception>
    public abstract SettingsNode Parse(string text);

    /// <summary>A value as it is written in place of another, or anew.</summary>
    /// <param name="value">The value.</param>
    /// <param name="old">What stands there; null for a new entry.</param>
    /// <exception cref="FormatException">The form has no way to write it.</exception>
    public abstract string Encode(SettingsValue value, SettingsNode.Scalar? old);

    /// <summary>A new entry at the end of a map.</summary>
    /// <exception cref="FormatException">There is no place for it.</exception>
    public abstract string Insert(string text, SettingsNode.Map map, string name, SettingsValue value);

    /// <summary>The text without an entry.</summary>
    public virtual string Remove(string text, SettingsNode.Map map, SettingsNode.Entry entry) => RemoveLine(text, entry);

    /// <summary>The text of a file that doesn't exist yet; null where the form needs one to start from.</summary>
    public virtual string? Empty => "";

    /// <summary>Takes an entry's whole line away.</summary>
    protected static string RemoveLine(string text, SettingsNode.Entry entry)
    {
        var start = text.LastIndexOf('\n', Math.Max(entry.Start - 1, 0)) + 1;
        var end = text.IndexOf('\n', entry.End);
        return text[..(entry.Start == 0 ? 0 : start)] + (end < 0 ? "" : text[(end + 1)..]);
    }

    /// <summary>Adds a line at the end of the text, with the line ends that the text has.</summary>
    protected static string AppendLine(string text, string line)
    {
        var end = text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        return text.Length == 0 || text.EndsWith('\n') ? text + line + end : text + end + line + end;
    }

    /// <summary>Refuses what is no finite number where the form has no word for it.</summary>
    protected static void RequireFinite(SettingsValue value, string form)
    {
        if (!value.IsText && value.Text.TrimStart('+', '-', '.').ToLowerInvariant() is "inf" or "nan" or "infinity")
        {
            throw new FormatException($"{form} has no way to write {value.Text}");
        }
    }

    /// <summary>Line and column of a place, from 1.</summary>
    protected static string Place(string text, int at)
    {
        var before = text.AsSpan(0, Math.Clamp(at, 0, text.Length));
        return $"line {before.Count('\n') + 1}, column {at - before.LastIndexOf('\n')}";
    }
}
