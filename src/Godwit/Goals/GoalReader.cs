using System.Security.Cryptography;
using System.Text;

namespace Godwit.Goals;

/// <summary>Reads goal files. Every mistake of a file is reported, each with its place.</summary>
public static class GoalReader
{
    /// <summary>Reads a goal.</summary>
    /// <param name="text">The file.</param>
    /// <param name="read">Reads all but the title; null where what the file asks for doesn't exist, which it has reported.</param>
    /// <param name="problems">Every mistake; the goal is null unless there is none.</param>
    /// <param name="known">Takes the path of every key that is asked for; null for nobody.</param>
    public static TGoal? Read<TGoal>(
        GoalText text, Func<YamlMap, TGoal?> read, out IReadOnlyList<GoalProblem> problems, ISet<string>? known = null)
        where TGoal : Goal
    {
        var found = new List<GoalProblem>();
        problems = found;
        if (YamlMap.Parse(text.Content, found, known) is not { } root)
        {
            return null;
        }

        var title = root.Text("goal", required: true);
        Goal? goal = read(root);
        if (goal is not null)
        {
            root.RefuseOthers();
        }

        found.Sort((left, right) => (left.Line, left.Column).CompareTo((right.Line, right.Column)));
        if (goal is null || title is null || found.Count > 0)
        {
            return null;
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.Content)));
        return (TGoal)(goal with { Title = title, Name = text.Name, Hash = hash });
    }
}
