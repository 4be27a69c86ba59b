using Godwit.Search;
using Godwit.Verification;

namespace Godwit.Playbooks.Optimise;

/// <summary>Makes candidates out of points. Pure.</summary>
internal sealed class CandidateMaker
{
    private readonly ParameterFile _file;
    private readonly string _path;
    private readonly byte[]? _baseFile;

    public CandidateMaker(Goal goal, byte[]? baseFile)
    {
        var spec = goal.Parameters!;
        Space = new SearchSpace(spec.Space, spec.Constraints);
        _file = new ParameterFile(spec.File);
        _path = goal.Harness.Folder.Length == 0 ? spec.File : $"{goal.Harness.Folder}/{spec.File}";
        _baseFile = baseFile;
        BasePoint = Space.Active(_file.Read(baseFile, Space));
    }

    public SearchSpace Space { get; }

    /// <summary>The base's own values; what its file doesn't hold is left out.</summary>
    public IReadOnlyDictionary<string, string> BasePoint { get; }

    public Candidate Make(IReadOnlyDictionary<string, string> point) => new([new FileChange(_path, _file.Write(_baseFile, Space, point))]);

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

        return Space.Active(values);
    }

    /// <summary>The parameters in which a point differs from the base.</summary>
    public IReadOnlyList<string> Changed(IReadOnlyDictionary<string, string> point) =>
        [.. Space.Parameters.Select(parameter => parameter.Name).Where(name => point.GetValueOrDefault(name) != BasePoint.GetValueOrDefault(name))];

    /// <summary>The point with one parameter as the base has it.</summary>
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

        return Space.Active(values);
    }
}
