using System.Text;
using Godwit.Search;
using Godwit.Settings;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Optimise;

/// <summary>The parameters' file as the base has it.</summary>
/// <param name="Linked">Where it really is, from the top of the repository, where its name is a link; null where it is no link.</param>
/// <param name="Content">Its content; null where there is no such file.</param>
/// <param name="Template">Its template's content; null for none.</param>
public sealed record ParameterSource(string? Linked, byte[]? Content, byte[]? Template)
{
    /// <summary>Reads it from a commit.</summary>
    /// <param name="repository">A folder of the repository.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="goal">The goal, with parameters.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="FormatException">It is a link to where a candidate may not write, or its template is missing.</exception>
    public static async Task<ParameterSource> ReadAsync(string repository, string commit, OptimiseGoal goal, CancellationToken cancellation)
    {
        var (parameters, folder) = (goal.Parameters!, goal.Harness.Folder);
        var path = At(folder, parameters.File);
        var real = await GitLinks.ResolveAsync(repository, commit, path, cancellation);
        if (real != path)
        {
            RequireEditable(goal, parameters.File, real);
        }

        var template = parameters.Template is null
            ? null
            : await FileAsync(repository, commit, At(folder, parameters.Template), cancellation)
            ?? throw new FormatException($"'parameters.template' is {parameters.Template}, and there is no such file");
        return new ParameterSource(real == path ? null : real, await FileAsync(repository, commit, real, cancellation), template);
    }

    /// <summary>Reads it from a folder that is no repository.</summary>
    /// <exception cref="FormatException">It is a link to where a candidate may not write, or its template is missing.</exception>
    public static ParameterSource Read(string folder, OptimiseGoal goal)
    {
        var path = Path.Combine(folder, goal.Parameters!.File);
        var target = File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName : null;
        if (target is not null)
        {
            RequireEditable(goal, goal.Parameters.File, Path.GetRelativePath(folder, target));
        }

        var template = goal.Parameters.Template is { } name ? Path.Combine(folder, name) : null;
        return new ParameterSource(
            target is null ? null : Path.GetRelativePath(folder, target),
            File.Exists(path) ? File.ReadAllBytes(path) : null,
            template is null
                ? null
                : File.Exists(template)
                    ? File.ReadAllBytes(template)
                    : throw new FormatException($"'parameters.template' is {goal.Parameters.Template}, and there is no such file"));
    }

    /// <summary>What is wrong with the file, and what is worth saying: each with whether it keeps the goal from being run.</summary>
    public IEnumerable<(bool IsError, string Message)> Check(OptimiseGoal goal)
    {
        var parameters = goal.Parameters!;
        var space = new SearchSpace(parameters.Space, parameters.Constraints);
        var maker = new OptimiseInput { Goal = goal, BaseCommit = "", BaseFile = Content, LinkedFile = Linked, Template = Template };
        var problems = new List<(bool, string)>();
        IReadOnlyDictionary<string, string> values;
        try
        {
            values = new CandidateMaker(maker).Values;
        }
        catch (FormatException error)
        {
            return [(true, error.Message)];
        }

        var folder = goal.Harness.Folder;
        if (Linked is not null
            && goal.Harness is { Kind: MeasurementKind.Settings, Build: not null, BuildInputs: { } inputs }
            && new Glob(inputs).Matches(Local(folder, Linked)))
        {
            problems.Add(
                (true,
                    $"{parameters.File} is a link to {Local(folder, Linked)}, which the build reads; name that file in " +
                    $"'parameters.file', and see docs/observed.md for what a build input proves"));
        }

        if (Content is null)
        {
            problems.Add((false, $"there is no {parameters.File} yet: the base runs without it, and candidates get one"));
        }

        if (Template is not null)
        {
            var names = TemplateFile.Names(Encoding.UTF8.GetString(Template));
            problems.AddRange(
                parameters.Space.Where(parameter => !names.Contains(parameter.Name))
                    .Select(
                        parameter =>
                            (true, $"{parameters.Template} has no {{{{{parameter.Name}}}}}, so '{parameter.Name}' would change nothing")));
        }

        foreach (var parameter in parameters.Space)
        {
            if (Content is not null && Template is null && parameter.When is null && !values.ContainsKey(parameter.Name))
            {
                problems.Add((true, $"{parameters.File} has no '{parameter.Name}'; write it there with the value that the base runs with"));
            }
            else if (values.TryGetValue(parameter.Name, out var value) && !parameter.Accepts(value))
            {
                problems.Add(
                    (false, $"the base's '{parameter.Name}' is {value}, which isn't among the values to try; it is the starting point all the same"));
            }
        }

        return [.. problems, .. Writes(maker, space)];
    }

    /// <summary>Values that the file's form has no way to write, and places that can't be changed.</summary>
    private static IEnumerable<(bool, string)> Writes(OptimiseInput input, SearchSpace space)
    {
        var parameters = input.Goal.Parameters!;
        if (input.Template is not null)
        {
            yield break;
        }

        foreach (var parameter in space.Parameters)
        {
            IEnumerable<string> tried = parameter is ChoiceParameter choice
                ? choice.Values
                : [parameter.FromNumber(parameter.Low), parameter.FromNumber(parameter.High)];
            foreach (var value in tried)
            {
                string? problem = null;
                try
                {
                    var file = SettingsFile.Open(parameters.File, input.BaseFile);
                    file.Write(parameter.Name, ParameterFile.ValueOf(parameter, value));
                    var read = SettingsFile.Open(parameters.File, file.ToBytes()).Read(parameter.Name);
                    problem = read?.Text == value
                        || (double.TryParse(read?.Text, out var number) && double.TryParse(value, out var wanted) && number == wanted)
                        ? null : $"{parameters.File} would hold '{read?.Text}' for '{parameter.Name}' = {value}; quote the " +
                        $"value in the file, or choose another form";
                }
                catch (FormatException error)
                {
                    problem = error.Message;
                }

                if (problem is not null)
                {
                    yield return (true, problem);
                    break;
                }
            }
        }
    }

    private static void RequireEditable(OptimiseGoal goal, string file, string real)
    {
        var folder = goal.Harness.Folder;
        var local = Local(folder, real);
        if (!new Glob(goal.Harness.Editable).Matches(local))
        {
            throw new FormatException(
                $"{file} is a link to {local}, which 'editable' doesn't allow to change; add it there, or name it in 'parameters.file'");
        }
    }

    private static string Local(string folder, string path) =>
        folder.Length == 0 ? path : path.StartsWith(folder + "/", StringComparison.Ordinal) ? path[(folder.Length + 1)..] : "../" + path;

    private static string At(string folder, string file) => folder.Length == 0 ? file : $"{folder}/{file}";

    private static async Task<byte[]?> FileAsync(string repository, string commit, string file, CancellationToken cancellation)
    {
        var known = await Git.RunAsync(repository, ["ls-tree", "--name-only", "--full-tree", commit, "--", file], cancellation);
        return known.Length == 0 ? null : await Git.RunBytesAsync(repository, ["cat-file", "blob", $"{commit}:{file}"], cancellation);
    }
}
