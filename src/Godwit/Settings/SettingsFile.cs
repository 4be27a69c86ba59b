using System.Globalization;
using System.Text;

namespace Godwit.Settings;

/// <summary>
/// A settings file whose values are read and replaced in place: comments, quotes, order, line ends and a byte order mark stay as they
/// are. A name with dots goes into maps, and by number into lists; where there is an entry of just that name, it is meant.
/// </summary>
public sealed class SettingsFile
{
    private const char Mark = '\uFEFF';
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _path;
    private readonly SettingsFormat _format;
    private readonly bool _hasMark;
    private string _text;

    private SettingsFile(string path, string text)
    {
        _path = path;
        _hasMark = text.StartsWith(Mark);
        _text = _hasMark ? text[1..] : text;
        _format = SettingsFormat.Of(path, _text);
    }

    /// <summary>Opens a file's content.</summary>
    /// <param name="path">Its name, which says which form it has.</param>
    /// <param name="content">Its bytes; null for a file that doesn't exist yet.</param>
    /// <exception cref="FormatException">It isn't UTF-8, or not of the form that its name says; the message says where.</exception>
    public static SettingsFile Open(string path, byte[]? content)
    {
        try
        {
            var file = new SettingsFile(path, content is null ? SettingsFormat.Of(path, "").Empty ?? "" : Strict.GetString(content));
            _ = file._format.Parse(file._text);
            return file;
        }
        catch (DecoderFallbackException)
        {
            throw new FormatException($"{path} isn't UTF-8, so its values can't be changed in place");
        }
        catch (FormatException error)
        {
            throw new FormatException($"{path}: {error.Message}");
        }
    }

    /// <summary>The value of a name; null where the file has none.</summary>
    /// <exception cref="FormatException">The name stands for something that isn't a value, or for several.</exception>
    public SettingsValue? Read(string name) => (Find(name, out _) as SettingsNode.Scalar)?.Value;

    /// <summary>Gives a name a value; one that the file doesn't have is added at the end of what would hold it.</summary>
    /// <exception cref="FormatException">It can't be written; the message says why and where.</exception>
    public void Write(string name, SettingsValue value)
    {
        try
        {
            var found = Find(name, out var holder);
            if (found is null)
            {
                _text = holder is { } place ? _format.Insert(_text, place.Map, place.Name, value)
                    : throw new FormatException($"there is no '{name}', nor anything that could hold it");
                return;
            }

            var old = (SettingsNode.Scalar)found;
            if (!old.CanBeReplaced)
            {
                throw new FormatException(
                    $"'{name}' at {PlaceOf(old.Start)} is empty, or is written with an anchor, a tag or as a block, which " +
                    $"can't be replaced in place; write a plain value there");
            }

            // What is there already stays as it is written.
            if (old.Value.Text != value.Text
                || (old.Value.IsText != value.IsText && _format is JsonFormat or YamlFormat or TomlFormat && !IsNumber(value)))
            {
                _text = _text[..old.Start] + _format.Encode(value, old) + _text[old.End..];
            }
        }
        catch (FormatException error) when (!error.Message.StartsWith(_path, StringComparison.Ordinal))
        {
            throw new FormatException($"{_path}: {error.Message}");
        }
    }

    /// <summary>Takes a name with its value away; nothing where the file has none.</summary>
    public void Remove(string name)
    {
        if (Find(name, out var holder) is SettingsNode.Scalar found && holder is { } place)
        {
            _text = _format.Remove(_text, place.Map, place.Map.Entries.First(entry => ReferenceEquals(entry.Value, found)));
        }
    }

    /// <summary>The file as it is now.</summary>
    public byte[] ToBytes() => Strict.GetBytes((_hasMark ? Mark.ToString() : "") + _text);

    private static bool IsNumber(SettingsValue value) =>
        double.TryParse(value.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out _) && !value.IsText;

    /// <summary>The value of a name, and the map that holds it or could; null for none.</summary>
    private SettingsNode? Find(string name, out (SettingsNode.Map Map, string Name)? holder)
    {
        holder = null;
        var found = Find(_format.Parse(_text), name, name, ref holder);
        return found is null or SettingsNode.Scalar ? found
            : throw new FormatException(
                $"{_path}: '{name}' at {PlaceOf(found.Start)} holds " +
                $"{(found is SettingsNode.Sequence ? "a list" : "other names")}, and isn't a value");
    }

    private SettingsNode? Find(SettingsNode node, string name, string whole, ref (SettingsNode.Map Map, string Name)? holder)
    {
        if (node is SettingsNode.Sequence sequence)
        {
            var dot = name.IndexOf('.', StringComparison.Ordinal);
            var number = dot < 0 ? name : name[..dot];
            if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index >= sequence.Items.Count)
            {
                throw new FormatException(
                    $"{_path}: '{whole}' goes into a list of {sequence.Items.Count} at {PlaceOf(sequence.Start)}, and " +
                    $"'{number}' is none of its places (from 0)");
            }

            return dot < 0 ? sequence.Items[index] : Find(sequence.Items[index], name[(dot + 1)..], whole, ref holder);
        }

        if (node is not SettingsNode.Map map)
        {
            throw new FormatException($"{_path}: '{whole}' goes below the value at {PlaceOf(node.Start)}, which holds nothing");
        }

        var own = map.Entries.Where(entry => entry.Name == name).ToList();
        if (own.Count > 1)
        {
            throw new FormatException(
                $"{_path}: '{whole}' is there {own.Count} times, at " +
                $"{string.Join(" and ", own.Select(entry => PlaceOf(entry.Start)))}, so which one is meant isn't clear");
        }

        if (own.Count == 1)
        {
            holder = (map, name);
            return own[0].Value;
        }

        // The longest name that is there and can hold the rest.
        for (var dot = name.LastIndexOf('.'); dot > 0; dot = name.LastIndexOf('.', dot - 1))
        {
            if (map.Entries.FirstOrDefault(entry => entry.Name == name[..dot]) is { } below)
            {
                return Find(below.Value, name[(dot + 1)..], whole, ref holder);
            }
        }

        holder = name.Contains('.', StringComparison.Ordinal) && _format is not LineFormat ? null : (map, name);
        return null;
    }

    private string PlaceOf(int at)
    {
        var before = _text.AsSpan(0, Math.Clamp(at, 0, _text.Length));
        return string.Create(CultureInfo.InvariantCulture, $"line {before.Count('\n') + 1}, column {at - before.LastIndexOf('\n')}");
    }
}
