using System.Text;
using System.Text.RegularExpressions;
using Godwit.Search;
using Godwit.Settings;

namespace Godwit.Playbooks.Optimise;

/// <summary>The file that holds a goal's parameters.</summary>
internal interface IParameterFile
{
    /// <summary>The parameters' values in a file; those that it doesn't hold are left out.</summary>
    /// <exception cref="FormatException">The file can't be read.</exception>
    IReadOnlyDictionary<string, string> Read(byte[]? content, SearchSpace space);

    /// <summary>The file with a point's values; a parameter that is not active in the point is taken out.</summary>
    /// <exception cref="FormatException">A value can't be written.</exception>
    byte[] Write(byte[]? content, SearchSpace space, IReadOnlyDictionary<string, string> point);
}

/// <summary>A settings file, changed in place.</summary>
/// <param name="path">From the goal's folder; its name says which form it has.</param>
internal sealed class ParameterFile(string path) : IParameterFile
{
    public IReadOnlyDictionary<string, string> Read(byte[]? content, SearchSpace space)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        if (content is null)
        {
            return values;
        }

        var file = SettingsFile.Open(path, content);
        foreach (var parameter in space.Parameters)
        {
            if (file.Read(parameter.Name) is { } value)
            {
                values[parameter.Name] = value.Text;
            }
        }

        return values;
    }

    public byte[] Write(byte[]? content, SearchSpace space, IReadOnlyDictionary<string, string> point)
    {
        var file = SettingsFile.Open(path, content);
        foreach (var parameter in space.Parameters)
        {
            if (point.TryGetValue(parameter.Name, out var value))
            {
                file.Write(parameter.Name, ValueOf(parameter, value));
            }
            else
            {
                file.Remove(parameter.Name);
            }
        }

        return file.ToBytes();
    }

    /// <summary>A parameter's value as a file holds it.</summary>
    public static SettingsValue ValueOf(Parameter parameter, string value) =>
        new(value, parameter is ChoiceParameter choice && (choice.Texts ?? choice.Values).Contains(value));
}

/// <summary>A file that is made from a template: any text in which <c>{{name}}</c> stands for a value.</summary>
/// <param name="path">The file that is made, for messages.</param>
/// <param name="template">The template's text.</param>
internal sealed partial class TemplateFile(string path, string template) : IParameterFile
{
    public IReadOnlyDictionary<string, string> Read(byte[]? content, SearchSpace space)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        if (content is null)
        {
            return values;
        }

        var pattern = new StringBuilder("^");
        var (at, groups) = (0, new List<string>());
        foreach (Match place in Place().Matches(template))
        {
            var name = place.Groups["name"].Value;
            pattern.Append(Regex.Escape(template[at..place.Index])).Append(
                groups.Contains(name) ? $@"\k<v{groups.IndexOf(name)}>" : $"(?<v{groups.Count}>.*?)");
            at = place.Index + place.Length;
            if (!groups.Contains(name))
            {
                groups.Add(name);
            }
        }

        pattern.Append(Regex.Escape(template[at..])).Append('$');
        var match = Regex.Match(
            Encoding.UTF8.GetString(content), pattern.ToString(), RegexOptions.Singleline | RegexOptions.CultureInvariant,
            TimeSpan.FromSeconds(10));
        if (!match.Success)
        {
            throw new FormatException(
                $"{path} isn't what its template gives with any values, so the base's own values aren't known; render the " +
                $"template with them, and commit the file");
        }

        foreach (var name in groups.Where(name => space.Find(name) is not null))
        {
            values[name] = match.Groups[$"v{groups.IndexOf(name)}"].Value;
        }

        return values;
    }

    public byte[] Write(byte[]? content, SearchSpace space, IReadOnlyDictionary<string, string> point) =>
        Encoding.UTF8.GetBytes(Place().Replace(template, place => point.GetValueOrDefault(place.Groups["name"].Value, "")));

    /// <summary>The names that stand in a template.</summary>
    public static IReadOnlyCollection<string> Names(string template) =>
        [.. Place().Matches(template).Select(place => place.Groups["name"].Value).Distinct()];

    [GeneratedRegex(@"\{\{ *(?<name>[\w.-]+) *\}\}")]
    private static partial Regex Place();
}
