using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Goals;
using Godwit.Playbooks.Build;
using Godwit.Playbooks.Compare;
using Godwit.Playbooks.Draft;
using Godwit.Playbooks.Gateway;
using Godwit.Playbooks.Land;
using Godwit.Playbooks.Optimise;
using Godwit.Playbooks.Review;

namespace Godwit.Playbooks;

/// <summary>The kinds of runs that a program knows.</summary>
public sealed class RunKinds
{
    private const string Usual = "optimise";

    private readonly IReadOnlyList<RunKind> _all;

    /// <summary>Godwit's own kinds, and others.</summary>
    /// <param name="others">Each with a name of its own.</param>
    public RunKinds(params IEnumerable<RunKind> others) =>
        _all = [new OptimiseKind(), new BuildKind(), new DraftKind(), new ReviewKind(), new LandKind(), new CompareKind(), new GatewayKind(), .. others];

    /// <summary>The kinds that goal files start.</summary>
    public IEnumerable<GoalKind> OfGoals => _all.OfType<GoalKind>();

    /// <summary>The keys of every goal.</summary>
    public IReadOnlyList<GoalKey> CommonKeys =>
    [
        new("goal", "text", "required", "The goal in your words; agents are told it.", "Answer more requests a second"),
        new(
            "playbook", "text", Usual, "What is done with it.", Usual, [.. OfGoals.SelectMany(kind => kind.Aliases.Prepend(kind.Name))]),
    ];

    /// <summary>What each kind reads of a goal file beside them; the first is the usual one.</summary>
    public IReadOnlyList<GoalSection> Sections => [.. OfGoals.Select(kind => new GoalSection([kind.Name, .. kind.Aliases], kind.Keys))];

    /// <summary>The kind of a goal.</summary>
    /// <param name="text">The file.</param>
    /// <param name="problems">Every mistake; the goal is null unless there is none.</param>
    /// <param name="known">Takes the path of every key that is asked for; null for nobody.</param>
    public (GoalKind Kind, Goal Goal)? Read(GoalText text, out IReadOnlyList<GoalProblem> problems, ISet<string>? known = null)
    {
        GoalKind? kind = null;
        var goal = GoalReader.Read(text, Read, out problems, known);
        return goal is null ? null : (kind!, goal);

        Goal? Read(YamlMap root)
        {
            var name = root.Text("playbook") ?? Usual;
            kind = OfGoals.FirstOrDefault(one => one.Name == name || one.Aliases.Contains(name));
            if (kind is null)
            {
                var names = string.Join(", ", OfGoals.Select(one => one.Name));
                root.Problem("playbook", $"there is no playbook '{name}'; there {(OfGoals.Count() == 1 ? "is" : "are")} {names}");
            }

            return kind?.Read(root, text.Folder);
        }
    }

    /// <summary>What can be told of a run as it stands, of whatever kind it is.</summary>
    public RunView View(JournalReader reader)
    {
        var view = Unread(reader);
        view.Update(reader);
        return view;
    }

    /// <summary>What can be told of a run, of which nothing has been read yet.</summary>
    public RunView Unread(JournalReader reader)
    {
        var name = RootProcess.Playbook(reader);
        return _all.FirstOrDefault(kind => kind.Name == name)?.View(reader) ?? new RunView(reader);
    }

    /// <summary>Takes up a run, of whatever kind it is.</summary>
    /// <exception cref="ArgumentException">It is of no kind that can be resumed.</exception>
    public Task<RunHost> ResumeAsync(RunResume resume, CancellationToken cancellation)
    {
        string name;
        using (var reader = JournalReader.Open(resume.Folder))
        {
            name = RootProcess.Playbook(reader);
        }

        return _all.FirstOrDefault(kind => kind.Name == name) switch
        {
            { } kind => kind.ResumeAsync(resume, cancellation),
            null => throw new ArgumentException(
                $"{resume.Folder.Id} is of playbook '{name}', which this program can't resume; use the one that started it"),
        };
    }
}
