using Godwit.Search;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>
/// Makes candidates out of points. A point names parameters with their values, and files that an agent has edited with the
/// object that is their new content. Pure.
/// </summary>
internal sealed class CandidateMaker
{
    /// <summary>Stands for the content of a file that is gone.</summary>
    public const string Gone = "gone";

    private const string Object = "object:";
    private readonly IParameterFile? _file;
    private readonly string _path = "";
    private readonly byte[]? _baseFile;

    public CandidateMaker(OptimiseInput input)
    {
        var (goal, baseFile) = (input.Goal, input.BaseFile);
        Space = new SearchSpace(goal.Parameters?.Space ?? [], goal.Parameters?.Constraints);
        BasePoint = new Dictionary<string, string>();
        _baseFile = baseFile;
        if (goal.Parameters is { } spec)
        {
            _file = goal.Harness.Kind == MeasurementKind.BeforeObservation ? new FirstParameterFile(spec.File)
                : input.Template is { } template
                    ? new TemplateFile(spec.File, System.Text.Encoding.UTF8.GetString(template))
                    : new ParameterFile(spec.File);
            _path = OptimiseHost.ParameterFileOf(input)!;
            Values = _file.Read(baseFile, Space);
            BasePoint = Space.Active(Values);
        }
    }

    public SearchSpace Space { get; }

    /// <summary>What the base's file holds, parameters whose condition isn't met included.</summary>
    public IReadOnlyDictionary<string, string> Values { get; } = new Dictionary<string, string>();

    /// <summary>The base's own values; what its file doesn't hold is left out.</summary>
    public IReadOnlyDictionary<string, string> BasePoint { get; }

    /// <summary>Whether a name of a point is a file and no parameter.</summary>
    public bool IsFile(string name) => Space.Find(name) is null;

    /// <summary>What stands in a point for a file's new content.</summary>
    public static string ContentOf(string? objectName) => objectName is null ? Gone : Object + objectName;

    /// <summary>The object that a file's content is; null for a file that is gone.</summary>
    public static string? ObjectOf(string content) => content == Gone ? null : content[Object.Length..];

    /// <summary>Whether a value in a point is a file's content and no parameter's value.</summary>
    public static bool IsContent(string value) => value == Gone || value.StartsWith(Object, StringComparison.Ordinal);

    public Candidate Make(IReadOnlyDictionary<string, string> point)
    {
        var files = point.Where(pair => IsFile(pair.Key))
            .Select(
                pair => pair.Value == Gone ? new FileChange(pair.Key, null) : new FileChange(pair.Key, null, pair.Value[Object.Length..]));
        return new Candidate(
            _file is null
                ? [.. files]
                : [new FileChange(_path, _file.Write(_baseFile, Space, point)), .. files.Where(file => file.Path != _path)]);
    }

    /// <summary>The base with a settings file that nobody can read: whoever reads it has to fail.</summary>
    public Candidate Unreadable() => new([new FileChange(_path, "{ unreadable on purpose\n\0"u8.ToArray())]);

    /// <summary>A point that names only some parameters, completed by the base's values.</summary>
    public IReadOnlyDictionary<string, string> Complete(IReadOnlyDictionary<string, string> partial)
    {
        var values = new Dictionary<string, string>(BasePoint, StringComparer.Ordinal);
        foreach (var (name, value) in partial)
        {
            values[name] = value;
        }

        return Active(values);
    }

    /// <summary>The parameters and files in which a point differs from the base.</summary>
    public IReadOnlyList<string> Changed(IReadOnlyDictionary<string, string> point) =>
    [
        .. Space.Parameters.Select(parameter => parameter.Name)
            .Where(name => point.GetValueOrDefault(name) != BasePoint.GetValueOrDefault(name)),
        .. point.Keys.Where(IsFile).Order(StringComparer.Ordinal),
    ];

    /// <summary>The point with one parameter or file as the base has it.</summary>
    public IReadOnlyDictionary<string, string> Without(IReadOnlyDictionary<string, string> point, string name)
    {
        var values = new Dictionary<string, string>(point, StringComparer.Ordinal);
        if (BasePoint.TryGetValue(name, out var value))
        {
            values[name] = value;
        }
        else
        {
            values.Remove(name);
        }

        return Active(values);
    }

    private IReadOnlyDictionary<string, string> Active(Dictionary<string, string> values)
    {
        var active = new Dictionary<string, string>(Space.Active(values), StringComparer.Ordinal);
        foreach (var (name, value) in values.Where(pair => IsFile(pair.Key)))
        {
            active[name] = value;
        }

        return active;
    }
}
