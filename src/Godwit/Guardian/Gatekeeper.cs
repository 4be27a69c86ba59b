using System.Reflection;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Godwit.Guardian;

/// <summary>What the gatekeeper says, the stricter the higher.</summary>
public enum Verdict
{
    /// <summary>Go on.</summary>
    Allow,

    /// <summary>A person decides.</summary>
    Ask,

    /// <summary>Don't.</summary>
    Deny,
}

/// <summary>A decision.</summary>
/// <param name="Verdict">What it is.</param>
/// <param name="Rule">The rule that decided.</param>
/// <param name="Reason">Why, for the agent to read.</param>
public sealed record Decision(Verdict Verdict, string Rule, string Reason)
{
    /// <summary>The decision as an agent is told of it.</summary>
    public string AsRefusal() => $"refused by rule '{Rule}': {Reason}";
}

/// <summary>What an agent wants to do.</summary>
/// <param name="Command">The shell line that it would run; null for none.</param>
/// <param name="Paths">The paths that it names.</param>
public sealed record ProposedAction(string? Command, IReadOnlyList<string> Paths);

/// <summary>
/// The one place that every action passes, of Godwit's own agents and of programs. Rules name kinds of action; the strictest that
/// matches wins. Each rule carries lines that it must and must not match, and a file whose examples don't hold isn't loaded.
/// </summary>
public sealed class Gatekeeper
{
    private readonly IReadOnlyList<Rule> _rules;
    private readonly bool _hasNetwork;

    private Gatekeeper(IReadOnlyList<Rule> rules, bool hasNetwork = false) => (_rules, _hasNetwork) = (rules, hasNetwork);

    /// <summary>The same rules where a proxy decides on each request: that an action wants the network is nothing against it then.</summary>
    public Gatekeeper WithNetwork() => new(_rules, hasNetwork: true);

    /// <summary>The built-in rules, with files laid over them: a rule of the same name replaces the one before.</summary>
    /// <param name="files">Paths of YAML files.</param>
    /// <exception cref="FormatException">A rule can't be read or one of its examples doesn't hold; all of them, a line each.</exception>
    public static Gatekeeper Load(params IEnumerable<string> files)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("Godwit.Guardian.rules.yaml")!;
        using var reader = new StreamReader(stream);
        return files.Aggregate(
            Read("built-in rules.yaml", reader.ReadToEnd()), (below, file) => below.Under(Read(file, File.ReadAllText(file))));
    }

    private Gatekeeper Under(Gatekeeper above) =>
        new([.. _rules.Where(rule => !above._rules.Any(other => other.Name == rule.Name)), .. above._rules]);

    /// <summary>Reads rules and tries their examples.</summary>
    /// <exception cref="FormatException">A rule can't be read or one of its examples doesn't hold; all of them, a line each.</exception>
    public static Gatekeeper Read(string file, string text)
    {
        try
        {
            var rules = new DeserializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance)
                .Build()
                .Deserialize<List<Rule>?>(text)
                ?? [];
            var mistakes = rules.SelectMany(rule => rule.Mistakes(file)).ToList();
            return mistakes.Count == 0 ? new Gatekeeper(rules) : throw new FormatException(string.Join('\n', mistakes));
        }
        catch (YamlException error)
        {
            throw new FormatException($"{file}:{error.Start.Line}:{error.Start.Column}: {(error.InnerException ?? error).Message}");
        }
    }

    /// <summary>Decides on an action by what it does. What can't be understood is refused.</summary>
    /// <param name="action">The action.</param>
    /// <param name="cancellation">Ends the wait for a decision.</param>
    public Task<Decision> DecideAsync(ProposedAction action, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        try
        {
            return Task.FromResult(Decide(action));
        }
        catch (Exception unread) when (unread is ArgumentException or InvalidOperationException or IndexOutOfRangeException)
        {
            return Task.FromResult(new Decision(Verdict.Deny, "unreadable", "the line can't be read; write it in another way"));
        }
    }

    private Decision Decide(ProposedAction action)
    {
        var kinds = action.Paths.Aggregate(
            action.Command is { } command ? ActionClassifier.OfCommand(command) : ActionKind.Workspace,
            (all, path) => all | ActionClassifier.OfPath(path));
        kinds = _hasNetwork ? kinds & ~ActionKind.Network : kinds;
        var strictest = _rules.Where(rule => rule.Matches(kinds)).MaxBy(rule => rule.Verdict);
        return strictest is null
            ? new Decision(Verdict.Allow, "default", "")
            : new Decision(strictest.Verdict, strictest.Name, strictest.Reason);
    }

    /// <summary>A rule as the file has it.</summary>
    private sealed class Rule
    {
        public string Name { get; set; } = "";

        public List<ActionKind> Kinds { get; set; } = [];

        public Verdict Verdict { get; set; }

        public string Reason { get; set; } = "";

        public List<string> Matching { get; set; } = [];

        public List<string> NotMatching { get; set; } = [];

        public bool Matches(ActionKind kinds) =>
            Kinds.Any(kind => kind == ActionKind.Workspace ? kinds == ActionKind.Workspace : kinds.HasFlag(kind));

        public IEnumerable<string> Mistakes(string file)
        {
            if (Name.Length == 0 || Kinds.Count == 0 || Matching.Count == 0 || NotMatching.Count == 0)
            {
                yield return $"{file}: rule '{Name}' needs a name, kinds, and examples under matching and not_matching";
            }

            foreach (var line in Matching.Where(line => !Matches(ActionClassifier.OfCommand(line))))
            {
                yield return $"{file}: rule '{Name}' doesn't match its example '{line}' ({ActionClassifier.OfCommand(line)})";
            }

            foreach (var line in NotMatching.Where(line => Matches(ActionClassifier.OfCommand(line))))
            {
                yield return $"{file}: rule '{Name}' matches '{line}', which it says it doesn't ({ActionClassifier.OfCommand(line)})";
            }
        }
    }
}
