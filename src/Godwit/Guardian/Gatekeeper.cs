using System.Collections.Concurrent;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Godwit.Guardian;

/// <summary>What the gatekeeper says, the stricter the higher.</summary>
public enum Verdict
{
    /// <summary>Go on.</summary>
    Allow,

    /// <summary>The reviewer model or a person decides.</summary>
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
    /// <summary>What the action does that the rule matched; empty where none did.</summary>
    public string Effect { get; init; } = "";

    /// <summary>All that the action does; empty for nothing beyond the tree.</summary>
    public IReadOnlyList<string> Effects { get; init; } = [];

    /// <summary>The decision as an agent is told of it.</summary>
    public string AsRefusal() => $"refused by rule '{Rule}': {Reason}{(Effect.Length > 0 ? $" ({Effect})" : "")}";
}

/// <summary>What an agent wants to do.</summary>
/// <param name="Command">The shell line that it would run; null for none.</param>
/// <param name="Reads">The paths that it reads beside.</param>
/// <param name="Writes">The paths that it writes beside.</param>
public sealed record ProposedAction(string? Command, IReadOnlyList<string> Reads, IReadOnlyList<string> Writes)
{
    /// <summary>A shell line and nothing else.</summary>
    public static ProposedAction Running(string line) => new(line, [], []);
}

/// <summary>
/// The one place that every action passes, of Godwit's own agents and of programs. What an action does is read from its parsed form,
/// rules name effects, and the strictest that matches wins. Each rule carries lines that it must and must not match, and a user's
/// file whose examples don't hold isn't loaded.
/// </summary>
public sealed class Gatekeeper
{
    private const int MostKept = 4096;

    // Longer lines are rare, and would fill the memory.
    private const int LongestKept = 2048;

    private static readonly Lazy<RuleFile> BuiltInRules = new(() => Parse("rules.yaml", Resource("rules.yaml")));
    private static readonly Lazy<List<ProgramFacts>> BuiltInPrograms =
        new(() => Deserialize<List<ProgramFacts>>("programs.yaml", Resource("programs.yaml"))!);

    private readonly IReadOnlyList<GuardianRule> _rules;
    private readonly ProgramTable _programs;
    private readonly ConcurrentDictionary<string, IReadOnlyList<ActionEffect>> _read = new(StringComparer.Ordinal);

    private Gatekeeper(IReadOnlyList<GuardianRule> rules, ProgramTable programs, string hash, bool hasNetwork = false) =>
        (_rules, _programs, Hash, HasNetwork) = (rules, programs, hash, hasNetwork);

    /// <summary>Whether a proxy decides on each request.</summary>
    public bool HasNetwork { get; }

    /// <summary>The first digits of the SHA-256 of all files that the rules were read from.</summary>
    public string Hash { get; }

    /// <summary>What reads shell lines: <c>shfmt v3.6.0</c>, or that only commands of plain words are read.</summary>
    public static string Parser => ShellParser.OfMachine.Version is { } version ? $"shfmt {version}"
        : "none: only single commands of plain words are read";

    /// <summary>Whether lines of more than one plain command can be read on this machine.</summary>
    public static bool CanReadLines => ShellParser.OfMachine.Version is not null;

    /// <summary>
    /// The same rules where a proxy decides on each request: that an action wants the network is nothing against it then.
    /// </summary>
    public Gatekeeper WithNetwork() => new(_rules, _programs, Hash, hasNetwork: true);

    /// <summary>The built-in rules, and what files add to them. A file's rule loosens another only by naming it.</summary>
    /// <param name="files">Paths of YAML files.</param>
    /// <exception cref="FormatException">A rule can't be read or one of its examples doesn't hold; all of them, a line each.</exception>
    public static Gatekeeper Load(params IEnumerable<string> files) =>
        Read([.. files.Select(file => (file, File.ReadAllText(file)))]);

    /// <summary>The built-in rules, and what texts add to them.</summary>
    /// <param name="files">Names and texts.</param>
    /// <exception cref="FormatException">A rule can't be read or one of its examples doesn't hold; all of them, a line each.</exception>
    public static Gatekeeper Read(params IReadOnlyList<(string Name, string Text)> files)
    {
        var programs = BuiltInPrograms.Value.ToList();
        var rules = BuiltInRules.Value.Rules.ToList();
        var own = new List<(string File, GuardianRule Rule)>();
        var mistakes = new List<string>();
        foreach (var (name, text) in files)
        {
            var read = Parse(name, text);
            programs.AddRange(read.Programs);
            foreach (var rule in read.Rules)
            {
                if (rules.Exists(other => other.Name == rule.Name))
                {
                    mistakes.Add(
                        $"{name}: there is a rule '{rule.Name}' already; give this one a name of its own, and name the other under " +
                        $"loosens if it should count less");
                }

                mistakes.AddRange(rule.Loosens.Where(other => !rules.Exists(known => known.Name == other))
                    .Select(other => $"{name}: rule '{rule.Name}' loosens '{other}', and there is no such rule before it"));
                rules.Add(rule);
                own.Add((name, rule));
            }
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
            string.Join('\0', files.Select(file => file.Text).Prepend(Resource("programs.yaml")).Prepend(Resource("rules.yaml"))))))[..16];
        var gatekeeper = new Gatekeeper(rules, new ProgramTable(programs), hash);

        // The built-in examples are tried by the tests: they can't change after the build.
        mistakes.AddRange(own.SelectMany(pair => gatekeeper.Mistakes(pair.Rule, pair.File)));
        return mistakes.Count == 0 ? gatekeeper : throw new FormatException(string.Join('\n', mistakes));
    }

    /// <summary>Decides on an action by what it does. What can't be understood is asked about.</summary>
    /// <param name="action">The action.</param>
    /// <param name="cancellation">Ends the wait for a decision.</param>
    public Task<Decision> DecideAsync(ProposedAction action, CancellationToken cancellation) =>
        Task.Run(() => Decide(action), cancellation);

    /// <summary>The same, on the caller's thread.</summary>
    /// <param name="action">The action.</param>
    public Decision Decide(ProposedAction action) => Decide(EffectsOf(action));

    /// <summary>What an action does, in the order of its line.</summary>
    public IReadOnlyList<ActionEffect> EffectsOf(ProposedAction action)
    {
        var effects = action.Command is { } line ? EffectsOf(line) : [];
        return
        [
            .. effects,
            .. action.Reads.Select(path => Effect(EffectKind.Reads, path)),
            .. action.Writes.Select(path => Effect(EffectKind.Writes, path)),
        ];

        static ActionEffect Effect(EffectKind kind, string path)
        {
            var resolved = PathPlaces.Resolve(path, PathPlaces.Tree);
            return new ActionEffect(kind, PathPlaces.Of(resolved, kind), resolved);
        }
    }

    /// <summary>
    /// A rule that lets through from now on what a rule asks about of an action, and nothing else: its effects, with their targets. The
    /// text is an item of a file's <c>rules</c>.
    /// </summary>
    /// <param name="name">The new rule's name.</param>
    /// <param name="asking">The rule that asks.</param>
    /// <param name="action">The action, which becomes the rule's example.</param>
    /// <exception cref="FormatException">The rule doesn't ask about it, or the name is taken.</exception>
    public string RuleFor(string name, string asking, ProposedAction action)
    {
        var asked = _rules.FirstOrDefault(rule => rule.Name == asking && rule.Verdict == Verdict.Ask)
            ?? throw new FormatException($"there is no rule '{asking}' that asks");
        if (_rules.Any(rule => rule.Name == name))
        {
            throw new FormatException($"there is a rule '{name}' already; give the new one another name");
        }

        var effects = EffectsOf(action).Where(asked.Matches).ToList();
        if (effects.Count == 0 || action.Command is null
            || effects.Exists(effect => effect.Kind == EffectKind.Opaque || effect.Target.AsSpan().IndexOfAny('…', '*', '?') >= 0))
        {
            throw new FormatException($"what rule '{asking}' asks about here can't be told from the action, so no rule can let it through");
        }

        var rule = new GuardianRule
        {
            Name = name,
            Effects = [.. effects.Select(effect => effect.Kind).Distinct()],
            Places = [.. effects.Select(effect => effect.Place).Distinct()],
            Targets = [.. effects.Select(effect => effect.Target).Distinct()],
            Verdict = Verdict.Allow,
            Reason = "a person approved it for good",
            Loosens = [asking],
            Matching = [action.Command],
            NotMatching = ["true"],
        };
        return new SerializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance)
            .ConfigureDefaultValuesHandling(DefaultValuesHandling.OmitEmptyCollections)
            .Build()
            .Serialize(new List<GuardianRule> { rule });
    }

    /// <summary>The mistakes of the built-in rules' examples.</summary>
    internal IReadOnlyList<string> Mistakes() =>
    [
        .. _rules.SelectMany(rule => Mistakes(rule, "rules.yaml")),
        .. BuiltInPrograms.Value.SelectMany(program => program.Names).CountBy(name => name).Where(name => name.Value > 1)
            .Select(name => $"programs.yaml: {name.Key} stands there twice"),
    ];

    private IReadOnlyList<ActionEffect> EffectsOf(string line)
    {
        if (_read.TryGetValue(line, out var known))
        {
            return known;
        }

        IReadOnlyList<ActionEffect> effects;
        try
        {
            effects = ShellReader.Read(line, _programs, ShellParser.OfMachine);
        }
        catch (Exception unread) when (
            unread is ArgumentException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException or FormatException
            or OverflowException)
        {
            // A tree of another shape than this reader knows, of a newer shfmt: the line is asked about.
            effects = [new ActionEffect(EffectKind.Opaque, PathPlace.None, "a form that isn't known")];
        }

        // What couldn't be read may only have been slow: it is tried again.
        if (line.Length <= LongestKept && !effects.Any(effect => effect.Kind == EffectKind.Opaque && effect.Target == ShellReader.Unread))
        {
            if (_read.Count >= MostKept)
            {
                _read.Clear();
            }

            _read[line] = effects;
        }

        return effects;
    }

    private Decision Decide(IReadOnlyList<ActionEffect> effects)
    {
        var decision = new Decision(Verdict.Allow, "default", "");
        foreach (var effect in effects.Where(effect => !HasNetwork || effect.Kind != EffectKind.Network))
        {
            var matching = _rules.Where(rule => rule.Matches(effect)).ToList();
            var loosened = matching.SelectMany(rule => rule.Loosens).ToHashSet(StringComparer.Ordinal);
            if (matching.Where(rule => !loosened.Contains(rule.Name)).MaxBy(rule => rule.Verdict) is { } rule
                && rule.Verdict > decision.Verdict)
            {
                decision = new Decision(rule.Verdict, rule.Name, rule.Reason) { Effect = effect.ToString() };
            }
        }

        return decision with { Effects = [.. effects.Select(effect => effect.ToString())] };
    }

    private IEnumerable<string> Mistakes(GuardianRule rule, string file)
    {
        if (rule.Name.Length == 0 || rule.Effects.Count == 0 || rule.Matching.Count == 0 || rule.NotMatching.Count == 0)
        {
            yield return $"{file}: rule '{rule.Name}' needs a name, effects, and examples under matching and not_matching";
        }

        // Without shfmt most examples can't be read, and say nothing of the rule.
        foreach (var line in rule.Matching.Where(line => CanReadLines || ShellScript.Plain(line) is not null)
            .Where(line => !EffectsOf(line).Any(rule.Matches)))
        {
            yield return $"{file}: rule '{rule.Name}' doesn't match its example '{line}' ({Told(line)})";
        }

        foreach (var line in rule.NotMatching.Where(line => EffectsOf(line).Any(rule.Matches)))
        {
            if (CanReadLines || ShellScript.Plain(line) is not null)
            {
                yield return $"{file}: rule '{rule.Name}' matches '{line}', which it says it doesn't ({Told(line)})";
            }
        }
    }

    private string Told(string line) => EffectsOf(line) is { Count: > 0 } effects ? string.Join("; ", effects)
        : "no effect beyond the tree";

    private static RuleFile Parse(string name, string text) => Deserialize<RuleFile>(name, text) ?? new RuleFile();

    private static T? Deserialize<T>(string name, string text)
    {
        try
        {
            return new DeserializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance).Build().Deserialize<T?>(text);
        }
        catch (YamlException error)
        {
            throw new FormatException($"{name}:{error.Start.Line}:{error.Start.Column}: {Told(error)}");
        }
    }

    private static string Told(YamlException error)
    {
        var message = (error.InnerException ?? error).Message;
        return error.InnerException is ArgumentException
            ? $"{message} There are the effects {Names<EffectKind>()}; the places {Names<PathPlace>()}; and the verdicts {Names<Verdict>()}"
            : message.StartsWith("No node deserializer", StringComparison.Ordinal)
                ? "this must be a map with 'rules' and 'programs', each a list; docs/guardian.md has an example"
                : message;

        static string Names<T>()
            where T : struct, Enum => string.Join(", ", Enum.GetNames<T>());
    }

    private static string Resource(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"Godwit.Guardian.{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private sealed class RuleFile
    {
        public List<GuardianRule> Rules { get; set; } = [];

        public List<ProgramFacts> Programs { get; set; } = [];
    }
}
